/** Decides whether a call may be sent, and takes what it needs: pure but for the state, which it changes. */
import type { Milliseconds, Platform } from '@insights/shared'
import { FULL_REPEAT_CREDIT, laneOf, type AccountState, type Parking } from './account-state.js'
import { addTo, freeAt, roomIn, type Bucket, type Urgency } from './budget.js'
import type { CallFailure } from './port.js'

/** Where the calls of a platform are counted, and how fast they may be. */
export interface PlatformRules {
  /** As people call it. */
  name: string
  buckets: readonly Bucket[]
  /** Least time between two calls; 0 = none. */
  paceMs: Milliseconds
}

export interface Application {
  platform: Platform
  /** Which credentials it would be sent with. */
  credential: string
  /** Units by bucket. */
  charge: Readonly<Record<string, number>>
  /** The bucket of which less than asked for is welcome, if any. */
  divisible?: string
  urgency: Urgency
  /** Which call of `fetchCounts` it is part of. */
  call: string
  isRepeat: boolean
  /** The longest that it may wait for its turn. */
  maxWaitMs: Milliseconds
  /** For what must go through while the platform is parked or failing: a token. */
  ignoresHolds: boolean
  /**
   * A person tries whether things are well again, so refused credentials and failures hold it back no longer. A
   * throttle or a quota does: the platform would take another call amiss. `false`.
   */
  isTrial?: boolean
}

/** What of it decides whether a hold concerns it. */
export type Standing = Pick<Application, 'platform' | 'credential' | 'charge' | 'call' | 'isTrial'>

export type Decision =
  /** `granted`: the units of the divisible bucket, at least 1. `sendAt`: not before. */
  | { kind: 'go', granted: number, sendAt: Milliseconds }
  | { kind: 'no', failure: CallFailure }

/** Repeats are at most so many hundredths of first tries, beside a few at the beginning. */
const REPEAT_SHARE = 20

/** A probe that has not come back is given up after this: longer than the longest deadline of a call. */
const PROBE_LEASE_MS: Milliseconds = 90_000

/** When the platform reports this much of its own limit as used, calls are spread evenly; see `spacingOf`. */
export const SLOW_DOWN_PERCENT = 80

/** A report is forgotten after this. */
const REPORT_LIFE_MS: Milliseconds = 3_600_000

/** What a rolling hour is taken for where no limit is set. */
const ASSUMED_CALLS_PER_HOUR = 150

export function admit (state: AccountState, rules: PlatformRules, application: Application, now: Milliseconds): Decision {
  const { platform, isRepeat, ignoresHolds } = application
  const failure = (ignoresHolds ? null : heldBy(state, rules, application, now)) ??
    (isRepeat ? repeatRefused(state, rules, application) : null)
  if (failure !== null) return { kind: 'no', failure }

  const granted = grant(state, rules, application, now)
  if (typeof granted !== 'number') return { kind: 'no', failure: granted }
  const sendAt = ignoresHolds ? now : Math.max(now, state.nextSendAt)
  if (sendAt - now > application.maxWaitMs) return { kind: 'no', failure: tooFast(rules, sendAt) }

  const charge = chargeOf(application, granted)
  for (const bucket of rules.buckets) {
    const units = charge[bucket.name]
    if (units === undefined) continue
    state.usage[bucket.name] = addTo(bucket, state.usage[bucket.name] ?? [], units, application.urgency, now)
  }
  if (!ignoresHolds) {
    state.nextSendAt = sendAt + Math.max(rules.paceMs, spacingOf(state, rules, charge, now))
    takeProbes(state, application, now)
  }
  const lane = laneOf(state, platform)
  lane.repeatCredit = Math.min(FULL_REPEAT_CREDIT, lane.repeatCredit + (isRepeat ? -100 : REPEAT_SHARE))
  return { kind: 'go', granted, sendAt }
}

/**
 * Whether a call that was let through and has waited for its turn may still be sent: what was refused meanwhile holds it
 * back as well. `null` = it may. What it has taken stays taken.
 */
export function confirm (
  state: AccountState, rules: PlatformRules, application: Standing, now: Milliseconds
): CallFailure | null {
  const failure = heldBy(state, rules, application, now)
  if (failure === null) takeProbes(state, application, now)
  return failure
}

/** Units by bucket when only `granted` of the divisible one were given. */
function chargeOf ({ charge, divisible }: Application, granted: number): Readonly<Record<string, number>> {
  return divisible === undefined ? charge : { ...charge, [divisible]: granted }
}

function heldBy (
  state: AccountState, rules: PlatformRules, { platform, charge, call, credential, isTrial = false }: Standing, now: Milliseconds
): CallFailure | null {
  for (const scope of ['account', platform, ...Object.keys(charge)]) {
    const parking = state.parked[scope]
    const concerns = parking !== undefined && (parking.reason !== 'auth' || (parking.credential === credential && !isTrial))
    const until = concerns ? heldUntil(parking, call, now) : null
    if (concerns && until !== null) return parkedFailure(parking, until)
  }
  const lane = laneOf(state, platform)
  const until = lane.openUntil === null || isTrial ? null : heldUntil({ until: lane.openUntil, probe: lane.probe }, call, now)
  if (until === null) return null
  const detail = `${rules.name} keeps failing and is not asked for a while.`
  return { reason: 'transient', code: 'INS_PLATFORM_FAILING', detail, retryAt: until }
}

/** Until when nothing but the probe of another call may pass; `null` = this call may. */
function heldUntil ({ until, probe }: Pick<Parking, 'until' | 'probe'>, call: string, now: Milliseconds): Milliseconds | null {
  if (probe?.call === call) return null
  if (now < until) return until
  return probe !== null && now < probe.until ? probe.until : null
}

/** The failure that ids get while this parking lasts. */
export function parkedFailure ({ reason, detail }: Parking, until: Milliseconds): CallFailure {
  const codes = { throttled: 'INS_PLATFORM_THROTTLED', quota: 'INS_PLATFORM_QUOTA', auth: 'INS_PLATFORM_AUTH' } as const
  return { reason, code: codes[reason], detail, retryAt: until }
}

/** This call becomes the probe of everything whose time is over. */
function takeProbes (state: AccountState, { platform, charge, call }: Standing, now: Milliseconds): void {
  const probe = { call, until: now + PROBE_LEASE_MS }
  for (const scope of ['account', platform, ...Object.keys(charge)]) {
    const parking = state.parked[scope]
    if (parking !== undefined && parking.probe?.call !== call) parking.probe = probe
  }
  const lane = laneOf(state, platform)
  if (lane.openUntil !== null && lane.probe?.call !== call) lane.probe = probe
}

function repeatRefused (state: AccountState, rules: PlatformRules, { platform, charge }: Application): CallFailure | null {
  const lane = laneOf(state, platform)
  const isProbe = lane.openUntil !== null || ['account', platform, ...Object.keys(charge)].some(scope => state.parked[scope] !== undefined)
  if (!isProbe && lane.repeatCredit >= 100) return null
  const detail = `${rules.name} has failed, and no repeat is made now.`
  return { reason: 'transient', code: 'INS_PLATFORM_FAILING', detail, retryAt: null }
}

/** How many units of the divisible bucket there are, or why there are none. */
function grant (state: AccountState, rules: PlatformRules, application: Application, now: Milliseconds): number | CallFailure {
  const { charge, divisible, urgency } = application
  let granted = divisible === undefined ? 1 : charge[divisible] ?? 1
  for (const bucket of rules.buckets) {
    const units = charge[bucket.name]
    if (units === undefined) continue
    const usage = state.usage[bucket.name] ?? []
    const room = roomIn(bucket, usage, urgency, now)
    if (room >= units) continue
    if (bucket.name !== divisible || room < 1) return usedUp(rules, bucket, urgency, freeAt(bucket, usage, units, urgency, now))
    granted = Math.min(granted, room)
  }
  return granted
}

function usedUp ({ name }: PlatformRules, bucket: Bucket, urgency: Urgency, retryAt: Milliseconds): CallFailure {
  const share = urgency === 'planned' && bucket.reservedShare > 0 ? 'what planned refreshes may use of ' : ''
  const period = bucket.period.kind === 'day' ? 'this day' : 'the last while'
  const detail = `The service has used ${share}its own limit of ${bucket.unit} at ${name} for ${period}.`
  return { reason: 'quota', code: 'INS_PLATFORM_QUOTA', detail, retryAt }
}

function tooFast ({ name }: PlatformRules, sendAt: Milliseconds): CallFailure {
  return { reason: 'throttled', code: 'INS_PLATFORM_THROTTLED', detail: `The service spreads its calls of ${name} over time.`, retryAt: sendAt }
}

/**
 * The time that these units have to themselves while the platform says that its own limit is nearly used: that of an
 * even spread over the hour at 80 %, four times as long at 95 %.
 */
function spacingOf (state: AccountState, rules: PlatformRules, charge: Readonly<Record<string, number>>, now: Milliseconds): Milliseconds {
  const { reported } = state
  if (reported === null || reported.percent < SLOW_DOWN_PERCENT || now - reported.at > REPORT_LIFE_MS) return 0
  const bucket = rules.buckets.find(bucket => charge[bucket.name] !== undefined)
  const lengthMs = bucket?.period.kind === 'rolling' ? bucket.period.lengthMs : REPORT_LIFE_MS
  const factor = 1 + Math.min(3, (reported.percent - SLOW_DOWN_PERCENT) / 5)
  const units = bucket === undefined ? 1 : charge[bucket.name] ?? 1
  return factor * units * lengthMs / (bucket?.limit ?? ASSUMED_CALLS_PER_HOUR)
}
