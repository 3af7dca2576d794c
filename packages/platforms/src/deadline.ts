import { performance } from 'node:perf_hooks'
import type { Milliseconds } from '@insights/shared'

/** The time that one `fetchCounts` may still take, retries included. */
export interface Deadline {
  /** Never negative; 0 = over. */
  remainingMs: () => Milliseconds
}

/** Measured on the steady clock, so that setting the time of day neither cuts a call short nor prolongs it. */
export function startDeadline (limitMs: Milliseconds): Deadline {
  const end = performance.now() + limitMs
  return { remainingMs: () => Math.max(0, end - performance.now()) }
}
