import { readAmount, readChoice, readCount, readFlag, readRecord } from './check.js'

interface Setting<T> {
  initial: T
  read: (value: unknown, pointer: string) => T
}

/** So generous that no tour and no test meets a limit it did not ask for. */
const UNLIMITED = 1_000_000_000

const limit = (): Setting<number> => ({ initial: UNLIMITED, read: readAmount })
const count = (initial: number): Setting<number> => ({ initial, read: readCount })
const size = (initial: number): Setting<number> => ({ initial, read: (value, pointer) => readCount(value, pointer, 1) })
const flag = (initial: boolean): Setting<boolean> => ({ initial, read: readFlag })
const choice = <const T extends string | number>(...choices: [T, ...T[]]): Setting<T> => ({
  initial: choices[0],
  read: (value, pointer) => readChoice(value, pointer, choices)
})

const graphToken = () => choice(
  'valid', 'expired', 'invalid', 'app_removed', 'checkpoint', 'password_changed', 'role_lost'
)

/** Every setting with its default and its check. What each one does is told in the README of this package. */
const SETTINGS = {
  youtube: {
    generalUnitsPerDay: limit(),
    statsUnitsPerDay: limit(),
    callsPerMinute: limit(),
    statsExhaustedStatus: choice(429, 403),
    batchGetStats: choice('enabled', 'status_404', 'status_501'),
    apiEnabled: flag(true),
    maxIds: size(50),
    summary: flag(true),
    idField: choice('id', 'videoId')
  },
  soundcloud: {
    callsPerDay: limit(),
    callsPerMinute: limit(),
    burstReply: choice('json', 'cdn_html'),
    tokenGrantsPer12Hours: limit(),
    tokenGrantsPerHour: limit(),
    tokenLimitReply: choice('reset_time', 'terse'),
    tokenLifetimeSeconds: size(3599),
    spentRefreshTokenStatus: choice(400, 401),
    hiddenAs: choice('alternating', 'null', 'absent', 'zero'),
    malformedUrn: choice('refused', 'ignored'),
    maxPageSize: size(200),
    junkRateHeaders: flag(false)
  },
  x: {
    callsPer15Minutes: limit(),
    creditDollars: limit(),
    spendCapDollars: limit(),
    chargeMissing: flag(false),
    app: choice('enrolled', 'client_forbidden', 'unsupported_authentication'),
    legacyStatus: choice(404, 410)
  },
  graph: {
    callsPerHour: limit(),
    callsPerMinute: limit(),
    oneApp: flag(true),
    throttleLevel: choice('call', 'parts'),
    throttleStatus: choice(400, 403, 429),
    tokenErrorLevel: choice('call', 'parts'),
    tokenErrorStatus: choice(400, 401),
    aliasStatus: choice(404, 400),
    businessUsagePercent: count(0)
  },
  facebook: {
    token: graphToken(),
    tokenExpiresAt: count(0),
    permission: choice('granted', 'refused', 'vague', 'not_found'),
    proofRequired: flag(false)
  },
  instagram: {
    token: graphToken(),
    tokenExpiresAt: count(0),
    permission: choice('granted', 'refused', 'code_200'),
    proofRequired: flag(false)
  }
} as const

type Schema = typeof SETTINGS
type ValueOf<S> = S extends Setting<infer T> ? T : never

/** The switches of a sandbox, by platform; `graph` holds what Facebook and Instagram share. */
export type SettingValues = { [Area in keyof Schema]: { [Name in keyof Schema[Area]]: ValueOf<Schema[Area][Name]> } }

/** Some of the switches; what is left out stays as it is. */
export type SettingChanges = { [Area in keyof SettingValues]?: Partial<SettingValues[Area]> }

/** The limits that the platforms publish (November 2026), to switch real quota rules on: `settings.set(PUBLISHED_LIMITS)`. */
export const PUBLISHED_LIMITS = {
  youtube: { generalUnitsPerDay: 10_000, statsUnitsPerDay: 10_000 },
  soundcloud: { tokenGrantsPer12Hours: 50, tokenGrantsPerHour: 30 },
  x: { callsPer15Minutes: 300 },
  // 200 calls per rolling hour and daily user of the app; a backend's app has one.
  graph: { callsPerHour: 200 }
} as const satisfies SettingChanges

/** The switches of an open sandbox. */
export interface Settings {
  /** The values in force: read it again rather than keep it. */
  readonly values: SettingValues
  /**
   * Changes what is named and leaves the rest.
   * @throws INS_REQUEST_INVALID naming the field; nothing has changed then.
   */
  set: (changes: SettingChanges) => void
  /** Back to what the sandbox was opened with. */
  clear: () => void
}

export function createSettings (changes: SettingChanges = {}): Settings {
  const opened = merge(defaults(), changes)
  let values = opened
  return {
    get values () {
      return values
    },
    set: changes => {
      values = merge(values, changes)
    },
    clear: () => {
      values = opened
    }
  }
}

type Table = Record<string, Record<string, unknown>>

function defaults (): SettingValues {
  return mapAreas(setting => setting.initial)
}

function merge (values: SettingValues, changes: unknown): SettingValues {
  const areas = readRecord(changes, '', Object.keys(SETTINGS))
  for (const [area, given] of Object.entries(areas)) {
    readRecord(given, `/${area}`, Object.keys(SETTINGS[area as keyof Schema]))
  }
  return mapAreas((setting, area, name) => {
    const given = (areas as Table)[area]?.[name]
    return given === undefined ? (values as Table)[area]?.[name] : setting.read(given, `/${area}/${name}`)
  })
}

function mapAreas (valueOf: (setting: Setting<unknown>, area: string, name: string) => unknown): SettingValues {
  const areas = Object.entries(SETTINGS).map(([area, settings]) => {
    const named = Object.entries(settings).map(([name, setting]) => [name, valueOf(setting, area, name)])
    return [area, Object.fromEntries(named)]
  })
  return Object.fromEntries(areas)
}
