/** Lookups that do not fill a call: they wait in the pool of all processes, until there are enough or for a while. */
import { performance } from 'node:perf_hooks'
import type { Milliseconds } from '@insights/shared'
import { oldestAge, type Lookup } from './lookup.js'
import type { Pool, Visit } from './pool.js'
import type { CountOutcome } from './port.js'
import type { SharedAnswers, Standing } from './shared-answers.js'

/**
 * Nobody holds what is in the pool: a lookup on demand, of any process, claims its id and asks. Who takes ids out of
 * the pool claims them before it asks, and whoever has put them in sees the answers among the shared ones.
 */
export interface Remainders {
  /** Takes lookups that are for this process to ask, and lets them go. */
  add: (lookups: readonly Lookup[]) => void
  /** Gives one back that is needed at once; `false` when it is not here. */
  withdraw: (lookup: Lookup) => boolean
}

export interface RemaindersOptions {
  pool: Pool
  answers: SharedAnswers
  /** How long a process is waited for that has taken something out and is too busy to ask it, or has died. */
  patienceMs: Milliseconds
  /** This process is to ask after all: alone, or with those of others. */
  onReturned: (lookup: Lookup) => void
  /** This process is to ask an id of another one. */
  onForeign: (id: string, isRipe: boolean) => void
  onKnown: (lookup: Lookup, outcome: CountOutcome) => void
  /** After any of these. */
  onMoved: () => void
}

interface Pooled {
  lookup: Lookup
  since: Milliseconds
  /** Whether another process asks, when it was last looked. */
  isHeld: boolean
  /** Whether another one has just ceased to ask, without an answer. */
  isReleased: boolean
}

const LOOK_EVERY_MS: Milliseconds = 100

/** When nobody has put anything in for so long, what is there is asked. */
const QUIET_MS: Milliseconds = 2_000

/** Others may come without end, each with a little. */
const MAX_POOLED_MS: Milliseconds = 5_000

export function createRemainders (options: RemaindersOptions): Remainders {
  const { pool, answers, patienceMs, onReturned, onForeign, onKnown, onMoved } = options
  const pooled = new Map<string, Pooled>()
  let version = 0
  let quietSince: Milliseconds = 0
  let timer: NodeJS.Timeout | undefined
  /** One step after the other: each decides by what the one before has left. */
  let last: Promise<void> = Promise.resolve()

  return {
    add: lookups => {
      const since = performance.now()
      answers.keep(lookups.map(({ key, isClaimed }) => ({ id: key, isClaimed, outcome: null })))
      for (const lookup of lookups) {
        lookup.isClaimed = false
        pooled.set(lookup.key, { lookup, since, isHeld: false, isReleased: false })
      }
      then(async () => { apply(await pool.visit(lookups.map(({ key }) => key))) })
    },
    withdraw: ({ key }) => pooled.delete(key)
  }

  function then (step: () => Promise<void>): void {
    last = last.then(step).finally(() => {
      if (pooled.size > 0) timer ??= setTimeout(() => { timer = undefined; then(look) }, LOOK_EVERY_MS)
      onMoved()
    }).catch(() => {})
  }

  async function look (): Promise<void> {
    const waiting = [...pooled.values()]
    if (waiting.length === 0) return
    const standings = await answers.look(waiting.map(({ lookup }) => lookup.key), Math.min(...waiting.map(({ lookup }) => oldestAge(lookup))))
    for (const [index, each] of waiting.entries()) settle(each, standings[index] ?? { kind: 'unknown' })
    const now = performance.now()
    const isQuiet = now - quietSince > QUIET_MS
    const takesAll = waiting.some(({ since }) => now - since > MAX_POOLED_MS)
    const released = waiting.filter(({ isReleased }) => isReleased)
    if (!isQuiet && !takesAll && released.length === 0) return
    apply(await pool.visit([], { takesAll, ...(isQuiet && { unchangedSince: version }) }), released)
  }

  function settle (each: Pooled, standing: Standing): void {
    const { lookup, since } = each
    if (pooled.get(lookup.key) !== each) return
    each.isReleased = each.isHeld && standing.kind === 'free'
    each.isHeld = standing.kind === 'held'
    if (standing.kind === 'known') {
      pooled.delete(lookup.key)
      onKnown(lookup, standing.outcome)
    } else if (standing.kind === 'unknown' || (standing.kind === 'free' && performance.now() - since > patienceMs)) {
      giveBack(lookup, true)
    }
  }

  /** `released`: whoever asked has put them into the pool again, or has got no answer. */
  function apply (visit: Visit | null, released: readonly Pooled[] = []): void {
    if (visit === null) {
      for (const { lookup } of pooled.values()) giveBack(lookup, true)
      return
    }
    if (visit.version !== version) quietSince = performance.now()
    version = visit.version
    for (const id of visit.taken) {
      const own = pooled.get(id)
      if (own === undefined) onForeign(id, !visit.isFull)
      else giveBack(own.lookup, !visit.isFull)
    }
    for (const each of released) {
      const { lookup } = each
      if (pooled.get(lookup.key) === each && !visit.left.has(lookup.key)) giveBack(lookup, true)
    }
  }

  function giveBack (lookup: Lookup, isRipe: boolean): void {
    pooled.delete(lookup.key)
    lookup.isRipe = isRipe
    onReturned(lookup)
  }
}
