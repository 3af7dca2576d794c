import { isAppError, PLATFORMS, toTimestamp, type Platform } from '@insights/shared'
import type { CallLog } from './call-log.js'
import { readChoice, readCount, readFlag, readRecord, refuse } from './check.js'
import { SANDBOX_CREDENTIALS } from './credentials.js'
import { jsonAnswer, type Answer, type World } from './exchange.js'
import type { Fault, Faults } from './faults.js'
import type { SandboxBaseUrls } from './base-urls.js'
import type { SettingChanges } from './settings.js'

interface Deps extends World {
  faults: Faults
  calls: CallLog
  reset: () => void
  baseUrlsOf: (url: string) => SandboxBaseUrls
}

export interface ControlCall {
  method: string
  path: string
  query: URLSearchParams
  body: string
  /** `http://HOST:PORT` as the caller reached the sandbox. */
  host: string
}

/** The sandbox's own endpoints, below `/_sandbox`; also answers for every path where no platform is. */
export interface Control {
  answer: (call: ControlCall) => Answer
}

/** Value of the answer to each `METHOD /path`; `undefined` = 204. */
type Routes = Record<string, (call: ControlCall) => unknown>

const ENTITY_PATH = /^\/_sandbox\/entities\/([^/]+)\/(.+)$/

export function createControl (deps: Deps): Control {
  const { clock, entities, settings, faults, calls } = deps

  const routes: Routes = {
    'GET /': call => overview(call),
    'GET /_sandbox': call => overview(call),
    'GET /_sandbox/calls': call => ({ calls: calls.list(platformOf(call)), totals: totals() }),
    'DELETE /_sandbox/calls': () => calls.clear(),
    'GET /_sandbox/faults': () => ({ faults: faults.list(), error_names: errorNames() }),
    'POST /_sandbox/faults': call => {
      faults.add(bodyOf(call) as Fault)
      return { faults: faults.list() }
    },
    'DELETE /_sandbox/faults': call => faults.clear(platformOf(call)),
    'DELETE /_sandbox/entities': call => entities.clear(platformOf(call)),
    'GET /_sandbox/settings': () => settings.values,
    'PATCH /_sandbox/settings': call => {
      settings.set(bodyOf(call) as SettingChanges)
      return settings.values
    },
    'DELETE /_sandbox/settings': () => settings.clear(),
    'GET /_sandbox/clock': () => shownClock(),
    'PUT /_sandbox/clock': call => {
      setClock(bodyOf(call))
      return shownClock()
    },
    'POST /_sandbox/reset': () => deps.reset()
  }
  const entityRoutes: Record<string, (platform: Platform, id: string, call: ControlCall) => unknown> = {
    GET: (platform, id) => shownEntity(platform, id),
    PUT: (platform, id, call) => {
      entities.set(platform, id, bodyOf(call) as object)
      return shownEntity(platform, id)
    },
    DELETE: (platform, id) => entities.clear(platform, id)
  }

  function overview ({ host }: ControlCall): object {
    return {
      name: 'Insights platform sandbox',
      base_urls: deps.baseUrlsOf(host),
      credentials: SANDBOX_CREDENTIALS,
      clock: shownClock(),
      totals: totals()
    }
  }

  const shownClock = () => ({ now: clock.now(), time: toTimestamp(clock.now()), frozen: clock.isFrozen })
  const shownEntity = (platform: Platform, id: string) =>
    ({ ...entities.get(platform, id), answered_count: entities.countOf(platform, id) })
  const totals = () => Object.fromEntries(PLATFORMS.map(platform => [platform, calls.totals(platform)]))
  const errorNames = () => Object.fromEntries(PLATFORMS.map(platform => [platform, faults.errorNames(platform)]))

  function setClock (body: unknown): void {
    const given = readRecord(body, '', ['now', 'advance', 'frozen'])
    const frozen = given.frozen === undefined ? clock.isFrozen : readFlag(given.frozen, '/frozen')
    if (given.now !== undefined && given.advance !== undefined) refuse('/advance', 'value', 'goes not with /now')
    const instant = given.now === undefined ? null : instantOf(given.now)
    const step = given.advance === undefined ? null : readStep(given.advance)
    const wasFrozen = clock.isFrozen
    try {
      // Frozen first: a running clock would move on between the two.
      if (frozen) clock.freeze()
      if (instant !== null) clock.set(instant)
      if (step !== null) clock.advance(step)
    } catch (error) {
      // No date can hold the instant: then nothing has changed.
      if (!wasFrozen) clock.run()
      throw error
    }
    if (!frozen) clock.run()
  }

  function dispatch (call: ControlCall): Answer {
    const path = call.path.replace(/(?<=.)\/$/, '')
    const [, platform, id] = ENTITY_PATH.exec(path) ?? []
    const entityRoute = id === undefined ? undefined : entityRoutes[call.method]
    if (entityRoute !== undefined && id !== undefined) {
      return valueAnswer(entityRoute(readChoice<Platform>(platform, '/platform', PLATFORMS), id, call))
    }
    const route = routes[`${call.method} ${path}`]
    return route === undefined ? problem(404, `There is no ${call.method} ${path} here. Start at /_sandbox.`) : valueAnswer(route(call))
  }

  return {
    answer: call => {
      try {
        return dispatch(call)
      } catch (error) {
        if (!isAppError(error, 'INS_REQUEST_INVALID')) throw error
        return problem(400, error.message, error.faults)
      }
    }
  }
}

function platformOf (call: ControlCall): Platform | undefined {
  const platform = call.query.get('platform')
  return platform === null ? undefined : readChoice<Platform>(platform, '/platform', PLATFORMS)
}

function bodyOf (call: ControlCall): unknown {
  try {
    return JSON.parse(call.body)
  } catch {
    // What is wrong with the text does not matter: the remedy is the same.
    return refuse('', 'type', 'the body must be JSON')
  }
}

/** Milliseconds since the Unix epoch, or text in ISO 8601. */
function instantOf (value: unknown): number {
  const instant = typeof value === 'string' ? Date.parse(value) : readCount(value, '/now')
  if (Number.isNaN(instant)) refuse('/now', 'format', 'must be milliseconds since 1970 or a time in ISO 8601')
  return instant
}

function readStep (value: unknown): number {
  if (!Number.isSafeInteger(value)) refuse('/advance', 'type', 'must be whole milliseconds')
  return value as number
}

function valueAnswer (value: unknown): Answer {
  return value === undefined ? { status: 204, headers: {}, text: '', cost: 0 } : jsonAnswer(200, value)
}

function problem (status: number, detail: string, errors: readonly object[] = []): Answer {
  const title = status === 400 ? 'The request is not valid' : 'There is no such resource'
  const headers = { 'content-type': 'application/problem+json' }
  return jsonAnswer(status, { type: 'about:blank', title, status, detail, ...errors.length > 0 && { errors } }, { headers })
}
