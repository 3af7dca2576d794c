/** Keeps the limits of the platforms for all workers together: what may be sent, when, and who finds out whether a
 *  platform is well again. */
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { PLATFORMS, type Clock, type Milliseconds, type Platform, type SharedState } from '@insights/shared'
import { laneOf, type AccountState } from './account-state.js'
import { admit, confirm, type PlatformRules, type Standing } from './admission.js'
import type { Call } from './deadline.js'
import { CallError, timedOut, transient } from './failure.js'
import type { Gate, Pass, Reservation } from './gate.js'
import { noteReport, noteTry, park, release } from './holds.js'
import type { CallFailure, CountOutcome } from './port.js'
import { createStateKeeper, createSyncedClock, type StateKeeper } from './state-keeper.js'

export interface GovernorOptions {
  /** Where the workers keep their state together. Borrowed. */
  shared: SharedState
  rules: Readonly<Record<Platform, PlatformRules>>
  /** The account that each platform's calls are counted for; those of one account share everything. */
  accounts: Readonly<Record<Platform, string>>
  /** A text for each platform that changes with its credentials, and does not tell them. */
  credentials?: Readonly<Partial<Record<Platform, string>>>
  /** The clock of `shared` where that is one of this process; without it the time of the server is followed. */
  clock?: Clock
  /** Makes all calls trials. */
  trial?: Trial
}

/** A person tries credentials out: what was refused before, or has failed, does not hold that back. */
export interface Trial {
  /** Told of the units, by bucket, that each try takes. */
  onCharge: (platform: Platform, charge: Readonly<Record<string, number>>) => void
}

export interface Governor {
  gateOf: (platform: Platform) => Gate
  /** The time of the shared state. */
  readonly clock: Clock
  readonly rules: Readonly<Record<Platform, PlatformRules>>
  /** Rejects when the shared state can not be read. */
  readState: (platform: Platform) => Promise<{ state: AccountState, now: Milliseconds }>
}

/** What was reserved must be sent within this, or be reserved anew: it was counted in the period of its reservation. */
const RESERVATION_LIFE_MS: Milliseconds = 10_000

/** No call was made, and it is no fault of the platform: its ids are asked for again soon after the state is back. */
export const LEDGER_RETRY_MS: Milliseconds = 5_000

/** A state that works is told in a few milliseconds. */
const TELL_LIMIT_MS: Milliseconds = 500

/** A call that succeeds says so at most this often while there is nothing else to say. */
const SUCCESS_EVERY_MS: Milliseconds = 10_000

export function createGovernor (options: GovernorOptions): Governor {
  const { shared, rules, accounts } = options
  const synced = createSyncedClock({ now: () => Date.now() })
  const clock = options.clock ?? synced
  const keepers = new Map<string, StateKeeper>()
  const keeperOf = (platform: Platform): StateKeeper => {
    const account = accounts[platform]
    const known = keepers.get(account)
    if (known !== undefined) return known
    const keeper = createStateKeeper(shared, account, (_state, now) => { synced.sync(now) })
    keepers.set(account, keeper)
    return keeper
  }
  const gates = Object.fromEntries(PLATFORMS.map(platform => [
    platform, createGate({
      platform, rules: rules[platform], credential: options.credentials?.[platform] ?? '', keeper: keeperOf(platform), clock, trial: options.trial
    })
  ])) as Record<Platform, Gate>
  return {
    gateOf: platform => gates[platform],
    clock,
    rules,
    readState: async platform => await keeperOf(platform).read()
  }
}

interface GateOptions {
  platform: Platform
  credential: string
  rules: PlatformRules
  keeper: StateKeeper
  clock: Clock
  trial: Trial | undefined
}

function createGate ({ platform, rules, credential, keeper, clock, trial }: GateOptions): Gate {
  /** When each call was first let through, and the buckets that it has used. */
  const calls = new WeakMap<Call, { startedAt: Milliseconds, buckets: Set<string> }>()
  /** Failures that were made or dealt with here: they tell nothing new. */
  const settled = new WeakSet<CallFailure>()

  return { reserve, settle, parkBucket, report, now: () => clock.now() }

  async function reserve (reservation: Reservation, call: Call): Promise<Pass> {
    let taken = await take(reservation, reservation.charge, call, false)
    const { granted } = taken
    // The request is made for what was granted: from here on it is all of that or nothing.
    const { divisible: _divided, ...whole } = reservation
    return {
      granted,
      beforeTry: async tried => {
        const isOver = performance.now() - taken.at > RESERVATION_LIFE_MS
        if (tried > 1 || isOver) taken = await take(whole, cut(reservation, granted), call, tried > 1)
      },
      afterTry: async isAlive => {
        if (reservation.ignoresHolds === true) return
        if (isAlive && isCalm()) return
        await quietly((state, now) => { noteTry(state, platform, call.id, isAlive, now) })
      }
    }
  }

  /** Takes the units and waits for the turn. What it waits for too long is lost, and counted. */
  async function take (
    { divisible, isFurther = false, ignoresHolds = false }: Reservation, charge: Reservation['charge'], call: Call, isRepeat: boolean
  ): Promise<{ granted: number, at: number }> {
    const isFirst = !isRepeat && !isFurther
    if (call.remainingMs() === 0) throw refusal(timedOut(rules.name).failure, isFirst)
    const startedAt = performance.now()
    const application = {
      platform, credential, charge, urgency: call.urgency, call: call.id, isRepeat, ignoresHolds, isTrial: trial !== undefined, ...(divisible !== undefined && { divisible })
    }
    const { decision, now } = await decide((state, now) => {
      // The other half is for the answer: a call that gets its turn at its end is cut off, and has cost its units.
      return { decision: admit(state, rules, { ...application, maxWaitMs: call.remainingMs() / 2 }, now), now }
    }, call, isFirst)
    if (decision.kind === 'no') throw refusal(decision.failure, isFirst)
    remember(call, charge, now)
    trial?.onCharge(platform, divisible === undefined ? charge : { ...charge, [divisible]: decision.granted })
    const waitMs = decision.sendAt - now
    if (waitMs > 0) await waitForTurn(waitMs, application, call, isFirst)
    return { granted: decision.granted, at: startedAt + waitMs }
  }

  /** The platform may say stop while calls wait, and they are not sent then. Those that need not wait save the look. */
  async function waitForTurn (waitMs: Milliseconds, application: Standing, call: Call, isFirst: boolean): Promise<void> {
    await delay(waitMs)
    const failure = await decide((state, now) => confirm(state, rules, application, now), call, isFirst)
    if (failure !== null) throw refusal(failure, isFirst)
  }

  async function decide<T> (change: (state: AccountState, now: Milliseconds) => T, call: Call, isFirst: boolean): Promise<T> {
    try {
      return await before(call, timedOut(rules.name), keeper.update(change))
    } catch (error) {
      if (error instanceof CallError) throw refusal(error.failure, isFirst)
      throw refusal(transient('INS_PLATFORM_LEDGER',
        `The service can not count its calls of ${rules.name} at the moment, and makes none.`, clock.now() + LEDGER_RETRY_MS).failure, isFirst)
    }
  }

  /** `isFirst`: nothing has been sent for these ids. */
  function refusal (failure: CallFailure, isFirst: boolean): CallError {
    const refused: CallFailure = isFirst ? { ...failure, isHeldBack: true } : failure
    settled.add(refused)
    return new CallError(refused)
  }

  function remember (call: Call, charge: Reservation['charge'], now: Milliseconds): void {
    const known = calls.get(call) ?? { startedAt: now, buckets: new Set() }
    for (const bucket of Object.keys(charge)) known.buckets.add(bucket)
    calls.set(call, known)
  }

  async function settle (call: Call, outcomes: CountOutcome[]): Promise<CountOutcome[]> {
    const entry = calls.get(call)
    if (entry === undefined) return outcomes
    const news = outcomes.filter(outcome => outcome.kind !== 'failed' || !settled.has(outcome.failure))
    const refused = refusalIn(news)
    if (refused !== null) return await holdBack(refused, entry.startedAt, outcomes)
    if (news.some(provesCredentials)) await noteSuccess(entry)
    return outcomes
  }

  async function holdBack (refused: CallFailure, startedAt: Milliseconds, outcomes: CountOutcome[]): Promise<CountOutcome[]> {
    const scope = scopeOf(refused)
    await quietly((state, now) => { park(state, scope, { platform, credential, failure: refused, startedAt }, now) })
    const until = keeper.known().parked[scope]?.until ?? null
    return outcomes.map(outcome => {
      if (outcome.kind !== 'failed' || outcome.failure.reason !== refused.reason) return outcome
      return { kind: 'failed', failure: { ...outcome.failure, retryAt: outcome.failure.retryAt ?? until } }
    })
  }

  async function noteSuccess ({ startedAt, buckets }: { startedAt: Milliseconds, buckets: ReadonlySet<string> }): Promise<void> {
    const lastSuccessAt = keeper.known().lanes[platform]?.lastSuccessAt ?? -Infinity
    if (isCalm() && clock.now() - lastSuccessAt < SUCCESS_EVERY_MS) return
    await quietly((state, now) => {
      release(state, ['account', platform, ...buckets], startedAt)
      laneOf(state, platform).lastSuccessAt = now
    })
  }

  /** A throttle or a spent quota of a shared account concerns all who share it, refused credentials only this platform. */
  function scopeOf ({ reason }: CallFailure): string {
    return reason === 'auth' ? platform : 'account'
  }

  async function parkBucket (bucket: string, failure: CallFailure, call: Call): Promise<void> {
    settled.add(failure)
    await quietly((state, now) => { park(state, bucket, { platform, credential, failure, startedAt: calls.get(call)?.startedAt ?? now }, now) })
  }

  async function report (percent: number, call: Call): Promise<void> {
    await quietly((state, now) => { noteReport(state, rules.name, percent, { platform, credential, startedAt: calls.get(call)?.startedAt ?? now }, now) })
  }

  /** Whether, as far as this process knows, nothing is held back and nothing has failed. */
  function isCalm (): boolean {
    const { parked, lanes } = keeper.known()
    const lane = lanes[platform]
    return Object.keys(parked).length === 0 && (lane === undefined || (lane.failures === 0 && lane.openUntil === null))
  }

  /** What can not be told is found out again by the next call, and an answer that is there does not wait for it. */
  async function quietly (change: (state: AccountState, now: Milliseconds) => void): Promise<void> {
    await Promise.race([keeper.update(change).catch(() => {}), delay(TELL_LIMIT_MS, undefined, { ref: false })])
  }
}

function provesCredentials (outcome: CountOutcome): boolean {
  return outcome.kind !== 'failed' || outcome.failure.isOfIdAlone === true
}

/** The failure of these outcomes that holds other calls back: a throttle or quota of any id, credentials only of all. */
function refusalIn (outcomes: readonly CountOutcome[]): CallFailure | null {
  const failures = outcomes.flatMap(outcome => outcome.kind === 'failed' ? [outcome.failure] : [])
  const held = failures.filter(({ reason }) => reason === 'throttled' || reason === 'quota')
  const [longest] = held.sort((a, b) => (b.retryAt ?? 0) - (a.retryAt ?? 0))
  if (longest !== undefined) return longest
  const [first] = failures
  const isAuth = first !== undefined && !outcomes.some(provesCredentials) && failures.every(({ reason }) => reason === 'auth')
  return isAuth ? first : null
}

function cut ({ charge, divisible }: Reservation, granted: number): Reservation['charge'] {
  return divisible === undefined ? charge : { ...charge, [divisible]: granted }
}

/** The outcome of `work`, or the error when the call has no time left. */
async function before<T> (call: Call, error: CallError, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(error) }, call.remainingMs())
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}
