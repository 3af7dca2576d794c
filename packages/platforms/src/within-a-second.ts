import { setTimeout as delay } from 'node:timers/promises'
import type { Milliseconds } from '@insights/shared'

const STEP_MS: Milliseconds = 100
const STEPS = 10

/**
 * What `work` gives; `null` when it rejects, or has given nothing after a second. The second is counted in steps, so
 * that a process which stands still for longer counts that as one: the answer may be there by then.
 */
export async function withinASecond<T> (work: Promise<T>): Promise<T | null> {
  const limit = new AbortController()
  try {
    return await Promise.race([work.catch(() => null), waitInSteps(limit.signal)])
  } finally {
    limit.abort()
  }
}

async function waitInSteps (signal: AbortSignal): Promise<null> {
  for (let step = 0; step < STEPS && !signal.aborted; step++) await delay(STEP_MS, undefined, { signal }).catch(() => {})
  return null
}
