import { performance } from 'node:perf_hooks'
import type { Milliseconds } from '@insights/shared'
import type { Urgency } from './budget.js'
import type { CountOutcome } from './port.js'

/** What is asked of a loader about one id, by all who ask it at the same time. */
export interface Lookup {
  readonly key: string
  urgency: Urgency
  /** How old an answer may be that was kept before the lookup began. */
  maxAgeMs: Milliseconds
  /** When it began, by `performance.now`. */
  readonly since: Milliseconds
  readonly answer: Promise<CountOutcome>
  resolve: (outcome: CountOutcome) => void
  reject: (error: unknown) => void
  /** Whether no other process asks meanwhile. */
  isClaimed: boolean
  /** Whether it has waited for others to fill a call with, and goes in one that is not full. */
  isRipe: boolean
  isSent: boolean
}

export function createLookup (key: string, urgency: Urgency, maxAgeMs: Milliseconds): Lookup {
  let resolve: Lookup['resolve'] = () => {}
  let reject: Lookup['reject'] = () => {}
  const answer = new Promise<CountOutcome>((_resolve, _reject) => { [resolve, reject] = [_resolve, _reject] })
  return { key, urgency, maxAgeMs, since: performance.now(), answer, resolve, reject, isClaimed: false, isRipe: false, isSent: false }
}

/** How old the answer may be now: one that was kept after the lookup began is none too old. */
export function oldestAge ({ maxAgeMs, since }: Pick<Lookup, 'maxAgeMs' | 'since'>): Milliseconds {
  return maxAgeMs + performance.now() - since
}

/** Takes the first `count` out of the map. */
export function take (lookups: Map<string, Lookup>, count: number): Lookup[] {
  const taken: Lookup[] = []
  for (const lookup of lookups.values()) {
    if (taken.length >= count) break
    taken.push(lookup)
  }
  for (const { key } of taken) lookups.delete(key)
  return taken
}
