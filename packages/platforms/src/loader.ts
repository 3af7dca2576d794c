/** Joins the lookups of one platform, whoever makes them, into few and full calls. */
import type { Milliseconds, Platform } from '@insights/shared'
import type { Urgency } from './budget.js'
import type { CountOutcome, FetchOptions } from './port.js'

export interface LookupOptions {
  /** Whether somebody waits for the answer; `planned`. */
  urgency?: Urgency
}

/**
 * Looks counts up one by one and asks for them together.
 *
 * - Lookups within a few milliseconds, of any caller, go into one call; several calls run at the same time, a few of
 *   them, and the rest waits its turn in the order of asking.
 * - While calls are under way, planned lookups gather until they fill one, or for half a second: calls are full
 *   whatever the pattern in which lookups arrive.
 * - Lookups on demand overtake the planned ones that wait, and have a place of their own among the calls. What such a
 *   call has left over is filled with planned ones, where a call costs the same however many ids it has.
 * - Ids that are the same after normalising are asked for once while an answer is awaited, and share the outcome. A
 *   lookup on demand that joins a planned one makes it urgent, and is asked for again when the planned one was refused.
 * - Nothing is kept afterwards: the next lookup asks again.
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
}

/** Planned calls at a time. Four keep a slow platform busy, and stay below what any of the five calls a burst. */
const MAX_PLANNED_CALLS = 4

/** Calls at a time with those on demand: one that somebody waits for does not wait for a backlog. */
const MAX_CALLS = 5

const DEFAULT_GATHER_MS: Milliseconds = 500

interface Lookup {
  key: string
  urgency: Urgency
  since: Milliseconds
  answer: Promise<CountOutcome>
  resolve: (outcome: CountOutcome) => void
  reject: (error: unknown) => void
}

export function createLoader (options: LoaderOptions): CountLoader {
  const { platform, maxBatchSize, normaliseId, fetchCounts, windowMs, gatherMs = DEFAULT_GATHER_MS, fillsCalls = false } = options
  /** Everything that has no answer yet, by key. */
  const open = new Map<string, Lookup>()
  /** What waits to be sent, in the order of asking. */
  const waiting: Record<Urgency, Map<string, Lookup>> = { on_demand: new Map(), planned: new Map() }
  const underWay: Record<Urgency, number> = { on_demand: 0, planned: 0 }
  let timer: NodeJS.Timeout | undefined

  return { platform, load }

  async function load (id: string, { urgency = 'planned' }: LookupOptions = {}): Promise<CountOutcome> {
    const key = normaliseId(id)
    if (key === null) return { kind: 'invalid_id' }
    const known = open.get(key)
    if (known === undefined || urgency === 'planned' || known.urgency === 'on_demand') return await (known ?? add(key, urgency)).answer
    if (waiting.planned.has(key)) {
      hurry(known)
      return await known.answer
    }
    const outcome = await known.answer
    return wasRefused(outcome) ? await load(id, { urgency }) : outcome
  }

  function add (key: string, urgency: Urgency): Lookup {
    const { promise, resolve, reject } = createAnswer()
    const lookup = { key, urgency, since: performance.now(), answer: promise, resolve, reject }
    open.set(key, lookup)
    waiting[urgency].set(key, lookup)
    look({ onlyFull: true })
    return lookup
  }

  function hurry (lookup: Lookup): void {
    waiting.planned.delete(lookup.key)
    lookup.urgency = 'on_demand'
    waiting.on_demand.set(lookup.key, lookup)
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

  /** How long until the next batch is due; `null` = none waits, or the end of a call has to be awaited. */
  function sendWhatIsDue (urgency: Urgency, onlyFull: boolean): Milliseconds | null {
    for (;;) {
      const [first] = waiting[urgency].values()
      if (first === undefined || !hasPlace(urgency)) return null
      const waitMs = patienceOf(urgency) - (performance.now() - first.since)
      if ((onlyFull || waitMs > 0) && waiting[urgency].size < maxBatchSize) return waitMs
      send(urgency)
    }
  }

  function hasPlace (urgency: Urgency): boolean {
    const taken = underWay.on_demand + underWay.planned
    if (urgency === 'on_demand') return taken < MAX_CALLS
    // The next free place is theirs who wait on demand, also while they still wait for one another.
    return underWay.planned < MAX_PLANNED_CALLS && taken + (waiting.on_demand.size > 0 ? 1 : 0) < MAX_CALLS
  }

  function patienceOf (urgency: Urgency): Milliseconds {
    return urgency === 'planned' && underWay.planned > 0 ? Math.max(gatherMs, windowMs) : windowMs
  }

  function send (urgency: Urgency): void {
    const batch = take(waiting[urgency], maxBatchSize)
    if (fillsCalls && urgency === 'on_demand') batch.push(...take(waiting.planned, maxBatchSize - batch.length))
    underWay[urgency]++
    const done = (): void => {
      underWay[urgency]--
      look({ onlyFull: false })
    }
    ask(batch, urgency).then(done, done)
  }

  async function ask (batch: readonly Lookup[], urgency: Urgency): Promise<void> {
    try {
      const outcomes = await fetchCounts(batch.map(({ key }) => key), { urgency })
      end(batch, (lookup, index) => { lookup.resolve(outcomes[index] as CountOutcome) })
    } catch (error) {
      end(batch, lookup => { lookup.reject(error) })
    }
  }

  function end (batch: readonly Lookup[], tell: (lookup: Lookup, index: number) => void): void {
    for (const [index, lookup] of batch.entries()) {
      open.delete(lookup.key)
      tell(lookup, index)
    }
  }
}

/** Takes the first `count` out of the map. */
function take (lookups: Map<string, Lookup>, count: number): Lookup[] {
  const taken: Lookup[] = []
  for (const lookup of lookups.values()) {
    if (taken.length >= count) break
    taken.push(lookup)
  }
  for (const { key } of taken) lookups.delete(key)
  return taken
}

/** Whether it was held back, which what is on demand need not be. */
function wasRefused (outcome: CountOutcome): boolean {
  return outcome.kind === 'failed' && (outcome.failure.reason === 'quota' || outcome.failure.reason === 'throttled')
}

function createAnswer (): { promise: Promise<CountOutcome>, resolve: Lookup['resolve'], reject: Lookup['reject'] } {
  let resolve: Lookup['resolve'] = () => {}
  let reject: Lookup['reject'] = () => {}
  const promise = new Promise<CountOutcome>((_resolve, _reject) => { [resolve, reject] = [_resolve, _reject] })
  return { promise, resolve, reject }
}
