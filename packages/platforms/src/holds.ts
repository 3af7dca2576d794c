/** What becomes of an account's state when a call has ended: parking, the circuit, and their end. */
import type { Milliseconds, Platform } from '@insights/shared'
import { SLOW_DOWN_PERCENT } from './admission.js'
import { laneOf, type AccountState } from './account-state.js'
import { endOfSpentDay } from './budget.js'
import type { CallFailure } from './port.js'

/** So many failed tries in a row, of all workers, open the circuit. */
const FAILURES_UNTIL_OPEN = 5

/** An open circuit is tried again after 30 s, doubling to 5 min. */
const FIRST_OPEN_MS: Milliseconds = 30_000
const LONGEST_OPEN_MS: Milliseconds = 300_000

const MINUTE: Milliseconds = 60_000

/** The waits after a refusal that names no time: the first, and the longest that it doubles to. */
const AUTH_WAITS: Waits = [15 * MINUTE, 6 * 60 * MINUTE]
const THROTTLE_WAITS: Readonly<Record<Platform, Waits>> = {
  youtube: [5_000, MINUTE],
  soundcloud: [MINUTE, 15 * MINUTE],
  x: [MINUTE, 15 * MINUTE],
  facebook: [10 * MINUTE, 60 * MINUTE],
  instagram: [10 * MINUTE, 60 * MINUTE]
}
type Waits = readonly [first: Milliseconds, longest: Milliseconds]

/** From this much of its own limit on, as the platform reports it, nothing more is sent for an hour or until less is reported. */
const STOP_PERCENT = 95
const STOP_MS: Milliseconds = 60 * MINUTE
const STOP_DETAIL = 'reports that its limit is nearly used.'

/** One try has ended: `isAlive` when the platform answered, whatever it said. */
export function noteTry (state: AccountState, platform: Platform, call: string, isAlive: boolean, now: Milliseconds): void {
  const lane = laneOf(state, platform)
  const isProbe = lane.probe?.call === call
  // A try from before the circuit opened says nothing new.
  if (lane.openUntil !== null && !isProbe) return
  if (isAlive) Object.assign(lane, { failures: 0, openings: 0, openUntil: null, probe: null })
  else {
    lane.failures++
    if (isProbe || lane.failures >= FAILURES_UNTIL_OPEN) {
      const openMs = Math.min(FIRST_OPEN_MS * 2 ** lane.openings, LONGEST_OPEN_MS)
      Object.assign(lane, { openings: lane.openings + 1, openUntil: now + openMs, probe: null })
    }
  }
}

/** The call that was refused. */
export interface Refused {
  platform: Platform
  /** Which credentials it was sent with. */
  credential: string
  failure: CallFailure
  /** When it was let through. */
  startedAt: Milliseconds
}

/** Holds everything of `scope` back. */
export function park (
  state: AccountState, scope: string, { platform, credential, failure, startedAt }: Refused, now: Milliseconds
): void {
  const known = state.parked[scope]
  const { reason } = failure
  if (reason !== 'throttled' && reason !== 'quota' && reason !== 'auth') return
  // Calls that were under way together are refused together, which is one refusal.
  const isNew = known === undefined || startedAt > known.since
  const strikes = isNew ? (known?.strikes ?? 0) + 1 : known.strikes
  const until = Math.max(failure.retryAt ?? defaultUntil(platform, reason, strikes, now), now + 1_000)
  state.parked[scope] = {
    since: isNew ? now : known.since,
    until: isNew ? until : Math.max(until, known.until),
    strikes,
    reason,
    detail: failure.detail,
    credential,
    probe: null
  }
}

/** A call of these scopes has succeeded: what held them back before it began is over. */
export function release (
  state: AccountState, scopes: readonly string[], startedAt: Milliseconds
): void {
  for (const scope of scopes) {
    const parking = state.parked[scope]
    if (parking !== undefined && parking.since < startedAt) delete state.parked[scope]
  }
}

/** The platform has said how much of its own limit the account has used. */
export function noteReport (
  state: AccountState, name: string, percent: number, call: Omit<Refused, 'failure'>, now: Milliseconds
): void {
  state.reported = { percent, at: now }
  if (percent < SLOW_DOWN_PERCENT) state.nextSendAt = Math.min(state.nextSendAt, now)
  const detail = `${name} ${STOP_DETAIL}`
  if (percent >= STOP_PERCENT) {
    park(state, 'account', { ...call, failure: { reason: 'throttled', code: 'INS_PLATFORM_THROTTLED', detail, retryAt: now + STOP_MS } }, now)
    // Another platform of the app may report of another limit.
  } else if (state.parked.account?.detail === detail) delete state.parked.account
}

function defaultUntil (platform: Platform, reason: 'throttled' | 'quota' | 'auth', strikes: number, now: Milliseconds): Milliseconds {
  if (reason === 'quota') return endOfSpentDay(platform === 'youtube' ? 'pacific' : 'utc', now)
  const [first, longest] = reason === 'auth' ? AUTH_WAITS : THROTTLE_WAITS[platform]
  return now + Math.min(first * 2 ** Math.min(strikes - 1, 20), longest)
}
