import { SANDBOX_CREDENTIALS } from './credentials.js'
import { numericIdOf } from './counts.js'
import { jsonAnswer, listOf, type Answer, type Call, type Damage, type StandIn, type World } from './exchange.js'
import { createXBilling } from './x-billing.js'
import { missingUser, parameterError, suspendedUser, X_ERRORS, xError, type XError } from './x-errors.js'

const SINGLE_PATH = /^\/2\/users\/by\/username\/([^/]*)$/
const WINDOW_MS = 15 * 60_000
const MAX_VALUES = 100

interface Lookup {
  parameter: 'usernames' | 'username' | 'ids'
  values: string[]
  pattern: RegExp
}

/** X API v2 user lookup. Cost is dollars: one cent per user returned, once per user and UTC day. */
export function createX (world: World): StandIn {
  const { clock, entities, settings } = world
  const billing = createXBilling(world)
  /** Which handle a numeric id belongs to, for the ids that were given out. */
  const handles = new Map<string, string>()
  let window = { resetAt: 0, calls: 0 }

  function answer (call: Call, damage: Damage): Answer {
    const isWithin = countCall()
    const found = isWithin ? lookUp(call, damage) : xError('tooManyRequests')
    return withRateHeaders(found)
  }

  /** The window opens with its first call and ends 15 minutes later. */
  function countCall (): boolean {
    const now = clock.now()
    if (now >= window.resetAt || now < window.resetAt - WINDOW_MS) window = { resetAt: now + WINDOW_MS, calls: 0 }
    window.calls += 1
    return window.calls <= settings.values.x.callsPer15Minutes
  }

  function withRateHeaders (answer: Answer, remaining?: number): Answer {
    const limit = settings.values.x.callsPer15Minutes
    const headers = {
      ...answer.headers,
      'x-rate-limit-limit': String(limit),
      'x-rate-limit-remaining': String(remaining ?? Math.max(0, limit - window.calls)),
      'x-rate-limit-reset': String(Math.ceil(window.resetAt / 1000))
    }
    return { ...answer, headers }
  }

  function lookUp (call: Call, damage: Damage): Answer {
    if (call.headers.authorization !== `Bearer ${SANDBOX_CREDENTIALS.x.bearerToken}`) return xError('unauthorized')
    const { app, legacyStatus } = settings.values.x
    if (app === 'client_forbidden') return xError('clientForbidden')
    if (app === 'unsupported_authentication') return xError('unsupportedAuthentication')
    if (call.path.startsWith('/1.1/')) return { ...xError('notFound'), status: legacyStatus }
    const lookup = lookupOf(call)
    if (lookup === null || call.method !== 'GET') return xError('notFound')
    return faultOf(lookup) ?? billing.refusal() ?? users(call, lookup, damage)
  }

  function users (call: Call, { parameter, values }: Lookup, damage: Damage): Answer {
    const asked = distinct(values).filter(value => !damage.leftOut.has(value))
    const found = asked.filter(value => stateOf(parameter, value) === 'found')
    const errors = asked.filter(value => !found.includes(value)).map(value =>
      stateOf(parameter, value) === 'suspended' ? suspendedUser(value, parameter) : missingUser(value, parameter))
    const data = found.map(value => user(parameter, value, call))
    const charged = settings.values.x.chargeMissing ? asked : found
    const body = {
      ...data.length > 0 && { data: parameter === 'username' ? data[0] : data },
      ...errors.length > 0 && { errors }
    }
    return jsonAnswer(200, body, { cost: billing.charge(charged.map(value => handleOf(parameter, value))) })
  }

  function stateOf (parameter: Lookup['parameter'], value: string): 'found' | 'suspended' | 'missing' {
    const { state } = entities.get('x', handleOf(parameter, value))
    if (state === 'suspended') return 'suspended'
    const isGone = state === 'missing' || (state === 'renamed' && parameter !== 'ids')
    return isGone ? 'missing' : 'found'
  }

  /** The handle of the account, in lower case. An id that was never given out belongs to an account of its own. */
  function handleOf (parameter: Lookup['parameter'], value: string): string {
    if (parameter !== 'ids') return value.toLowerCase()
    return handles.get(value) ?? `user${value.slice(-11)}`
  }

  function user (parameter: Lookup['parameter'], value: string, call: Call): object {
    const handle = handleOf(parameter, value)
    const id = parameter === 'ids' ? value : numericIdOf(`x:${handle}`)
    handles.set(id, handle)
    const hasMetrics = listOf(call.query.get('user.fields')).includes('public_metrics')
    const username = canonicalCase(entities.get('x', handle).state === 'renamed' ? `new_${handle}`.slice(0, 15) : handle)
    return { id, name: `${username} (sandbox)`, username, ...hasMetrics && { public_metrics: metrics(handle) } }
  }

  function metrics (handle: string): object {
    const followers = entities.countOf('x', handle)
    return {
      followers_count: followers,
      following_count: Math.floor(followers / 7),
      tweet_count: Math.floor(followers / 3),
      listed_count: Math.floor(followers / 200)
    }
  }

  return {
    platform: 'x',
    idsOf: call => lookupOf(call)?.values ?? [],
    answer,
    errorNames: [...Object.keys(X_ERRORS), 'spendCapReached', 'tooManyRequestsNoHeaders', 'tooManyRequestsRemaining'],
    error: name => {
      if (name === 'tooManyRequestsNoHeaders') return xError('tooManyRequests')
      countCall()
      if (name === 'tooManyRequestsRemaining') return withRateHeaders(xError('tooManyRequests'), 42)
      if (name === 'spendCapReached') return withRateHeaders(billing.spendCap())
      return withRateHeaders(xError(name as XError), name === 'tooManyRequests' ? 0 : undefined)
    },
    reset: () => {
      billing.clear()
      handles.clear()
      window = { resetAt: 0, calls: 0 }
    }
  }
}

function lookupOf (call: Call): Lookup | null {
  const pattern = /^[A-Za-z0-9_]{1,15}$/
  const single = SINGLE_PATH.exec(call.path)?.[1]
  if (single !== undefined) return { parameter: 'username', values: [single], pattern }
  if (call.path === '/2/users/by') return { parameter: 'usernames', values: listOf(call.query.get('usernames')), pattern }
  if (call.path === '/2/users') return { parameter: 'ids', values: listOf(call.query.get('ids')), pattern: /^\d{1,19}$/ }
  return null
}

function faultOf ({ parameter, values, pattern }: Lookup): Answer | null {
  const named = `The \`${parameter}\` query parameter`
  if (values.length === 0) return parameterError(parameter, [], `${named} can not be empty`)
  if (values.length > MAX_VALUES) {
    const range = `is not between 1 and ${MAX_VALUES}`
    const message = `The number of values in the \`${parameter}\` query parameter list [${values.length}] ${range}`
    return parameterError(parameter, values, message)
  }
  const bad = values.find(value => !pattern.test(value))
  if (bad === undefined) return null
  return parameterError(parameter, [bad], `${named} value [${bad}] does not match ${pattern.source}`)
}

/** Each account once, whatever the case. */
function distinct (values: readonly string[]): string[] {
  const byHandle = new Map<string, string>()
  for (const value of values) if (!byHandle.has(value.toLowerCase())) byHandle.set(value.toLowerCase(), value)
  return [...byHandle.values()]
}

/** X answers in the case that the account chose, which is seldom the case asked for. */
function canonicalCase (handle: string): string {
  return handle.charAt(0).toUpperCase() + handle.slice(1)
}
