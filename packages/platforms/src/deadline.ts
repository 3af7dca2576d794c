import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { Milliseconds } from '@insights/shared'
import type { Urgency } from './budget.js'

/** The time that one `fetchCounts` may still take, retries included. */
export interface Deadline {
  /** Never negative; 0 = over. */
  remainingMs: () => Milliseconds
}

/** One `fetchCounts`, with all its requests. */
export interface Call extends Deadline {
  readonly id: string
  readonly urgency: Urgency
}

/** Measured on the steady clock, so that setting the time of day neither cuts a call short nor prolongs it. */
export function startCall (limitMs: Milliseconds, urgency: Urgency): Call {
  const end = performance.now() + limitMs
  return { id: randomUUID(), urgency, remainingMs: () => Math.max(0, end - performance.now()) }
}
