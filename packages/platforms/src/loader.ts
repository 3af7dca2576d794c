/** Joins the lookups of one platform, whoever makes them, into few and full calls. */
import { performance } from 'node:perf_hooks'
import type { Milliseconds, Platform } from '@insights/shared'
import type { Urgency } from './budget.js'
import { createClaims } from './claims.js'
import { createLookup, oldestAge, take, type Lookup } from './lookup.js'
import type { Pool } from './pool.js'
import type { CountOutcome, FetchOptions } from './port.js'
import { createRemainders } from './remainders.js'
import type { SharedAnswers } from './shared-answers.js'

export interface LookupOptions {
  /** Whether somebody waits for the answer; `planned`. */
  urgency?: Urgency
  /** How old an answer may be that was fetched for somebody else; 0 = from now on. */
  maxAgeMs?: Milliseconds
}

/**
 * Looks counts up one by one and asks for them together.
 *
 * - Lookups within a few milliseconds, of any caller, go into one call; several calls run at the same time, a few of
 *   them, and the rest waits its turn in the order of asking.
 * - While calls are under way, planned lookups gather until they fill one, or for half a second, and just after one for
 *   a quarter: calls are full whatever the pattern in which lookups arrive.
 * - Lookups on demand overtake the planned ones that wait, and have a place of their own among the calls. What such a
 *   call has left over is filled with planned ones, where a call costs the same however many ids it has.
 * - Ids that are the same after normalising are asked for once while an answer is awaited, and share the outcome. A
 *   lookup on demand that joins a planned one makes it urgent, and is asked for again when the planned one was refused.
 * - With shared answers that holds for all processes together: what another one asks is waited for, ten seconds at most
 *   and on demand two, and what was fetched not longer ago than a lookup allows is answered from there. Calls are full
 *   all the same: what needs not be asked makes room for what waits.
 * - With a pool, planned lookups of a backlog that do not fill a call wait for two seconds, five at most, for those of
 *   other processes to fill one with; one process then asks for all of them.
 * - This process keeps nothing: without shared answers the next lookup asks again.
 * - An id that the platform can not have is answered at once.
 */
export interface CountLoader {
  readonly platform: Platform
  /** `id` as the host sent it. Never rejects for trouble with the platform, which is an outcome. */
  load: (id: string, options?: LookupOptions) => Promise<CountOutcome>
}

export interface LoaderOptions {
  platform: Platform
  maxBatchSize: number
  normaliseId: (id: string) => string | null
  /** One outcome per id, in order. Gets 1 to `maxBatchSize` different ids in normal form. */
  fetchCounts: (ids: readonly string[], options: FetchOptions) => Promise<CountOutcome[]>
  /** How long a lookup waits for others. */
  windowMs: Milliseconds
  /** How long planned lookups gather while calls are under way; 500 ms. */
  gatherMs?: Milliseconds
  /** Whether a call costs the same however many ids it has, so that free places may be filled; `false`. */
  fillsCalls?: boolean
  /** What other processes ask and know; without it this one asks alone. */
  answers?: SharedAnswers
  /** What no process has enough of to fill a call; needs `answers`. */
  pool?: Pool
  /** How long planned lookups wait for another process; 10 s. */
  heldPatienceMs?: Milliseconds
}

/** Planned calls at a time. Four keep a slow platform busy, and stay below what any of the five calls a burst. */
const MAX_PLANNED_CALLS = 4

/** Calls at a time with those on demand: one that somebody waits for does not wait for a backlog. */
const MAX_CALLS = 5

const DEFAULT_GATHER_MS: Milliseconds = 500

/** So soon after a call the next job of a backlog may come and fill what is left of the last one. */
const LULL_MS: Milliseconds = 250

/** So long after a call the backlog that it was of may go on, here or in other processes. */
const BACKLOG_MS: Milliseconds = 5_000

const DEFAULT_HELD_PATIENCE_MS: Milliseconds = 10_000

/** Lookups of one urgency that are not sent yet, in the order of asking. */
interface Queue {
  /** Those of which nothing more is known. */
  waiting: Map<string, Lookup>
  /** Those that are for this process to ask. */
  ready: Map<string, Lookup>
  /** How many are between the two. */
  claiming: number
}

export function createLoader (options: LoaderOptions): CountLoader {
  const { platform, maxBatchSize, normaliseId, fetchCounts, windowMs, gatherMs = DEFAULT_GATHER_MS, fillsCalls = false, answers, pool } = options
  /** Everything that has no answer yet, by key. */
  const open = new Map<string, Lookup>()
  const queues: Record<Urgency, Queue> = { on_demand: createQueue(), planned: createQueue() }
  const underWay: Record<Urgency, number> = { on_demand: 0, planned: 0 }
  const onFree = (lookup: Lookup): void => { queues[lookup.urgency].ready.set(lookup.key, lookup) }
  const ofOthers = {
    patienceMs: options.heldPatienceMs ?? DEFAULT_HELD_PATIENCE_MS,
    onKnown: (lookup: Lookup, outcome: CountOutcome) => { end([lookup], () => { lookup.resolve(outcome) }) },
    onMoved: () => { look({ onlyFull: false }) }
  }
  const claims = answers === undefined ? null : createClaims({ ...ofOthers, answers, onFree })
  const remainders = answers === undefined || pool === undefined
    ? null
    : createRemainders({
      ...ofOthers,
      answers,
      pool,
      onReturned: lookup => { queues[lookup.urgency].waiting.set(lookup.key, lookup) },
      onForeign: addForeign
    })
  let timer: NodeJS.Timeout | undefined
  let lastPlannedEnd = -Infinity
  const lastSend: Record<Urgency, Milliseconds> = { on_demand: -Infinity, planned: -Infinity }

  return { platform, load }

  async function load (id: string, { urgency = 'planned', maxAgeMs = 0 }: LookupOptions = {}): Promise<CountOutcome> {
    const key = normaliseId(id)
    if (key === null) return { kind: 'invalid_id' }
    const known = open.get(key)
    if (known === undefined) return await add(createLookup(key, urgency, maxAgeMs)).answer
    if (!known.isSent) sharpen(known, urgency, maxAgeMs)
    const isAsUrgent = urgency === 'planned' || known.urgency === 'on_demand'
    const wish = { maxAgeMs, since: performance.now() }
    const outcome = await known.answer
    const isGood = (isAsUrgent || !wasRefused(outcome)) && ageOf(outcome) <= oldestAge(wish)
    return isGood ? outcome : await load(id, { urgency, maxAgeMs })
  }

  function add (lookup: Lookup): Lookup {
    open.set(lookup.key, lookup)
    queues[lookup.urgency].waiting.set(lookup.key, lookup)
    look({ onlyFull: true })
    return lookup
  }

  /** Asks what another process waits for, which finds the answer among the shared ones. */
  function addForeign (key: string, isRipe: boolean): void {
    if (open.has(key)) return
    // How old an answer may be is for those who wait to say.
    const lookup = createLookup(key, 'planned', Infinity)
    lookup.isRipe = isRipe
    lookup.answer.catch(() => {}) // here nobody listens
    open.set(key, lookup)
    queues.planned.waiting.set(key, lookup)
  }

  /** The lookup now has to satisfy one more, which may be in a hurry. */
  function sharpen (lookup: Lookup, urgency: Urgency, maxAgeMs: Milliseconds): void {
    lookup.maxAgeMs = Math.min(lookup.maxAgeMs, maxAgeMs)
    if (urgency === 'planned' || lookup.urgency === 'on_demand') return
    lookup.urgency = urgency
    for (const stage of ['waiting', 'ready'] as const) {
      if (queues.planned[stage].delete(lookup.key)) queues.on_demand[stage].set(lookup.key, lookup)
    }
    if (remainders?.withdraw(lookup) === true) queues.on_demand.waiting.set(lookup.key, lookup)
    look({ onlyFull: true })
  }

  /**
   * Sends what can be sent now, and looks again when the next batch has waited long enough. While lookups are being
   * made only full batches go: more may follow at once, however long the first ones have taken.
   */
  function look ({ onlyFull }: { onlyFull: boolean }): void {
    clearTimeout(timer)
    timer = undefined
    const waits = [sendWhatIsDue('on_demand', onlyFull), sendWhatIsDue('planned', onlyFull)].filter(wait => wait !== null)
    if (waits.length > 0) timer = setTimeout(look, Math.ceil(Math.max(0, Math.min(...waits))), { onlyFull: false })
  }

  /** How long until the next batch is due; `null` = none waits, or the end of a claim or a call has to be awaited. */
  function sendWhatIsDue (urgency: Urgency, onlyFull: boolean): Milliseconds | null {
    const { waiting, ready } = queues[urgency]
    for (;;) {
      const since = Math.min(...[waiting, ready].map(sinceWhen))
      if (since === Infinity || !hasPlace(urgency)) return null
      // What a full batch has left over may fill the next one, however long it has waited by then.
      const waitMs = patienceOf(urgency) - (performance.now() - Math.max(since, lastSend[urgency]))
      if ((onlyFull || waitMs > 0) && waiting.size + ready.size < maxBatchSize) return waitMs
      if (prepare(urgency) === 'later' || (urgency === 'planned' && putAside())) return null
      send(urgency)
    }
  }

  function hasPlace (urgency: Urgency): boolean {
    const taken = underWay.on_demand + underWay.planned
    if (urgency === 'on_demand') return taken < MAX_CALLS
    // The next free place is theirs who wait on demand, also while they still wait for one another.
    const { waiting, ready, claiming } = queues.on_demand
    return underWay.planned < MAX_PLANNED_CALLS && taken + (waiting.size + ready.size + claiming > 0 ? 1 : 0) < MAX_CALLS
  }

  function patienceOf (urgency: Urgency): Milliseconds {
    if (urgency === 'on_demand') return windowMs
    if (underWay.planned > 0) return Math.max(windowMs, gatherMs)
    return sinceLastPlanned() < LULL_MS ? Math.max(windowMs, Math.min(LULL_MS, gatherMs)) : windowMs
  }

  function sinceLastPlanned (): Milliseconds {
    return performance.now() - lastPlannedEnd
  }

  /** Leaves what does not fill a call to the pool, unless nothing speaks for a backlog or it has waited there. */
  function putAside (): boolean {
    const { ready } = queues.planned
    const isBacklog = underWay.planned > 0 || sinceLastPlanned() < BACKLOG_MS
    const isRipe = [...ready.values()].some(lookup => lookup.isRipe)
    if (remainders === null || ready.size >= maxBatchSize || !isBacklog || isRipe) return false
    remainders.add(take(ready, maxBatchSize))
    return true
  }

  /** Makes a batch ready, as far as lookups wait; `later` when it has to be found out first which of them to ask. */
  function prepare (urgency: Urgency): 'now' | 'later' {
    const queue = queues[urgency]
    if (queue.claiming > 0) return 'later'
    const missing = maxBatchSize - queue.ready.size
    const taken = take(queue.waiting, missing)
    if (taken.length === 0) return 'now'
    const isFilled = fillsCalls && urgency === 'on_demand' && queues.planned.claiming === 0
    const fillers = isFilled ? take(queues.planned.waiting, missing - taken.length - queues.planned.ready.size) : []
    if (claims === null) {
      for (const lookup of [...taken, ...fillers]) onFree(lookup)
      return 'now'
    }
    queue.claiming += taken.length
    queues.planned.claiming += fillers.length
    const decided = (): void => {
      queue.claiming -= taken.length
      queues.planned.claiming -= fillers.length
      look({ onlyFull: false })
    }
    claims.decide([...taken, ...fillers]).then(decided, decided)
    return 'later'
  }

  function send (urgency: Urgency): void {
    const batch = take(queues[urgency].ready, maxBatchSize)
    if (fillsCalls && urgency === 'on_demand') batch.push(...take(queues.planned.ready, maxBatchSize - batch.length))
    for (const lookup of batch) lookup.isSent = true
    underWay[urgency]++
    lastSend[urgency] = performance.now()
    const done = (): void => {
      underWay[urgency]--
      if (urgency === 'planned') lastPlannedEnd = performance.now()
      look({ onlyFull: false })
    }
    ask(batch, urgency).then(done, done)
  }

  async function ask (batch: readonly Lookup[], urgency: Urgency): Promise<void> {
    try {
      const outcomes = await fetchCounts(batch.map(({ key }) => key), { urgency })
      tellOthers(batch, outcomes)
      end(batch, (lookup, index) => { lookup.resolve(outcomes[index] as CountOutcome) })
    } catch (error) {
      tellOthers(batch, [])
      end(batch, lookup => { lookup.reject(error) })
    }
  }

  function tellOthers (batch: readonly Lookup[], outcomes: readonly CountOutcome[]): void {
    answers?.keep(batch.map(({ key, isClaimed }, index) => ({ id: key, isClaimed, outcome: outcomes[index] ?? null })))
  }

  function end (batch: readonly Lookup[], tell: (lookup: Lookup, index: number) => void): void {
    for (const [index, lookup] of batch.entries()) {
      open.delete(lookup.key)
      tell(lookup, index)
    }
  }
}

function createQueue (): Queue {
  return { waiting: new Map(), ready: new Map(), claiming: 0 }
}

function sinceWhen (lookups: ReadonlyMap<string, Lookup>): Milliseconds {
  const [first] = lookups.values()
  return first?.since ?? Infinity
}

/** Whether it was held back, which what is on demand need not be. */
function wasRefused (outcome: CountOutcome): boolean {
  return outcome.kind === 'failed' && (outcome.failure.reason === 'quota' || outcome.failure.reason === 'throttled')
}

function ageOf (outcome: CountOutcome): Milliseconds {
  return 'ageMs' in outcome ? outcome.ageMs ?? 0 : 0
}
