import { PLATFORMS, type Clock, type Platform } from '@insights/shared'
import { readChoice, readCount, readRecord, readText } from './check.js'
import { countAt } from './counts.js'

/**
 * The states that an id can be in, per platform. `ok` is first and the default.
 *
 * - `hidden`: it exists and its count is not shown. Instagram: a personal account, which it reports as missing.
 * - `missing`: deleted or never there.
 * - youtube `private`; facebook `unpublished`; instagram `personal`, `age_gated`: answered like a missing one.
 * - soundcloud `blocked`, `preview`: the track's access; `unlisted`: missing from batches, answered alone.
 * - x `suspended`; `protected`: answered like `ok`; `renamed`: found by numeric id and no longer by this handle.
 * - facebook `restricted`: a permission is missing for this page alone (code 10).
 */
export const ENTITY_STATES = {
  youtube: ['ok', 'hidden', 'missing', 'private', 'no_statistics'],
  soundcloud: ['ok', 'hidden', 'missing', 'private', 'blocked', 'preview', 'unlisted'],
  x: ['ok', 'missing', 'suspended', 'protected', 'renamed'],
  facebook: ['ok', 'hidden', 'missing', 'unpublished', 'restricted'],
  instagram: ['ok', 'hidden', 'missing', 'personal', 'age_gated']
} as const satisfies Record<Platform, readonly string[]>

/** Any platform's states; each platform takes its own only, see `ENTITY_STATES`. */
export type EntityState = typeof ENTITY_STATES[Platform][number]

/** What was set for an id. `count`: stands still, 0 to 2^53 - 1; `null` = not set, it follows id and clock. */
export interface Entity {
  state: EntityState
  count: number | null
}

/**
 * The videos, tracks, accounts and pages of a sandbox. Every well-formed id exists unless something else was set.
 * X and Instagram handles are the same in any case; SoundCloud tracks may be named by number or by URN.
 */
export interface Entities {
  /**
   * Sets state, count or both; what is left out goes back to its default. A state alone may be given as text.
   * @throws INS_REQUEST_INVALID naming the field, when the platform has no such state or the count can not be one.
   */
  set: (platform: Platform, id: string, entity: EntityState | Partial<Entity>) => void
  /** What was set, or `{ state: 'ok', count: null }`. */
  get: (platform: Platform, id: string) => Entity
  /** The count that the platform would answer now, whether or not its state shows it. */
  countOf: (platform: Platform, id: string) => number
  /** Forgets one id, all of a platform, or everything. */
  clear: (platform?: Platform, id?: string) => void
}

export function createEntities (clock: Clock): Entities {
  const known = new Map<string, Entity>()
  const get = (platform: Platform, id: string) => known.get(keyOf(platform, id)) ?? { state: 'ok', count: null }
  return {
    set: (platform, id, entity) => {
      known.set(keyOf(platform, readText(id, '/id')), readEntity(platform, entity))
    },
    get: (platform, id) => ({ ...get(platform, id) }),
    countOf: (platform, id) => get(platform, id).count ?? countAt(platform, canonicalId(platform, id), clock.now()),
    clear: (platform, id) => {
      const prefix = platform === undefined ? '' : keyOf(platform, id ?? '')
      for (const key of known.keys()) {
        if (id === undefined ? key.startsWith(prefix) : key === prefix) known.delete(key)
      }
    }
  }
}

function readEntity (platform: Platform, value: unknown): Entity {
  readChoice(platform, '/platform', PLATFORMS)
  const given = readRecord(typeof value === 'string' ? { state: value } : value, '', ['state', 'count'])
  const { state = 'ok', count = null } = given
  return {
    state: readChoice<EntityState>(state, '/state', ENTITY_STATES[platform]),
    count: count === null ? null : readCount(count, '/count')
  }
}

/** The one form of an id under which its state is kept and its count computed. */
export function canonicalId (platform: Platform, id: string): string {
  if (platform === 'x' || platform === 'instagram') return id.toLowerCase()
  return platform === 'soundcloud' ? id.replace(/^soundcloud:tracks:/, '') : id
}

function keyOf (platform: Platform, id: string): string {
  return `${platform}:${canonicalId(platform, id)}`
}
