/** Which lookups are for this process to ask, which have their answer already, and which another process asks. */
import { performance } from 'node:perf_hooks'
import type { Milliseconds } from '@insights/shared'
import type { Urgency } from './budget.js'
import { oldestAge, type Lookup } from './lookup.js'
import type { CountOutcome } from './port.js'
import type { SharedAnswers, Standing } from './shared-answers.js'

export interface Claims {
  /**
   * Gives each lookup to `onFree` or `onKnown`, at once or when the other process that has it is done or given up.
   * Resolves when that is decided for those that no other process has.
   */
  decide: (lookups: readonly Lookup[]) => Promise<void>
}

export interface ClaimsOptions {
  answers: SharedAnswers
  /** How long planned lookups wait for another process. */
  patienceMs: Milliseconds
  /** It is to be asked here. */
  onFree: (lookup: Lookup) => void
  onKnown: (lookup: Lookup, outcome: CountOutcome) => void
  /** After lookups that were held have moved. */
  onMoved: () => void
}

/** While another process asks, it is looked so often whether it has its answer. */
const LOOK_EVERY_MS: Milliseconds = 50

/** Somebody waits for these: a process that died with a claim holds them up no longer than this. */
const URGENT_PATIENCE_MS: Milliseconds = 2_000

export function createClaims ({ answers, patienceMs, onFree, onKnown, onMoved }: ClaimsOptions): Claims {
  /** What other processes ask, and since when it is waited for. */
  const held = new Map<Lookup, Milliseconds>()
  let timer: NodeJS.Timeout | undefined
  let isLooking = false

  return { decide }

  async function decide (lookups: readonly Lookup[]): Promise<void> {
    const urgencies: Urgency[] = ['on_demand', 'planned']
    await Promise.all(urgencies.map(async each => { await claim(lookups.filter(({ urgency }) => urgency === each)) }))
  }

  async function claim (lookups: readonly Lookup[]): Promise<void> {
    if (lookups.length === 0) return
    const standings = await answers.claim(lookups.map(({ key }) => key), Math.min(...lookups.map(oldestAge)))
    for (const [index, lookup] of lookups.entries()) apply(lookup, standings[index] ?? { kind: 'unknown' })
  }

  function apply (lookup: Lookup, standing: Standing): void {
    if (standing.kind === 'held') {
      hold(lookup)
      return
    }
    held.delete(lookup)
    if (standing.kind === 'known') onKnown(lookup, standing.outcome)
    else free(lookup, standing.kind === 'claimed')
  }

  function free (lookup: Lookup, isClaimed: boolean): void {
    held.delete(lookup)
    lookup.isClaimed = isClaimed
    onFree(lookup)
  }

  function hold (lookup: Lookup): void {
    if (!held.has(lookup)) held.set(lookup, performance.now())
    if (!isLooking) lookLater()
  }

  function lookLater (): void {
    timer ??= setTimeout(() => { lookAgain().catch(() => {}) }, LOOK_EVERY_MS)
  }

  /** One look at a time: two would find each other's claims. */
  async function lookAgain (): Promise<void> {
    timer = undefined
    isLooking = true
    const now = performance.now()
    for (const [lookup, since] of held) {
      if (now - since > (lookup.urgency === 'planned' ? patienceMs : URGENT_PATIENCE_MS)) free(lookup, false)
    }
    await decide([...held.keys()])
    isLooking = false
    if (held.size > 0) lookLater()
    onMoved()
  }
}
