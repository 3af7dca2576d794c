/** Joins the lookups of one platform, whoever makes them, into few and full calls. */
import DataLoader from 'dataloader'
import type { Milliseconds, Platform } from '@insights/shared'
import { createLimiter } from './limiter.js'
import type { CountOutcome } from './port.js'

/**
 * Looks counts up one by one and asks for them together.
 *
 * - Lookups within a few milliseconds, of any caller, go into one call; several full calls run at the same time, a
 *   few of them, and the rest waits its turn.
 * - Ids that are the same after normalising are asked for once while an answer is awaited, and share the outcome.
 * - Nothing is kept afterwards: the next lookup asks again.
 * - An id that the platform can not have is answered at once.
 */
export interface CountLoader {
  readonly platform: Platform
  /** `id` as the host sent it. Never rejects for trouble with the platform, which is an outcome. */
  load: (id: string) => Promise<CountOutcome>
}

export interface LoaderOptions {
  platform: Platform
  maxBatchSize: number
  normaliseId: (id: string) => string | null
  /** One outcome per id, in order. Gets 1 to `maxBatchSize` different ids in normal form. */
  fetchCounts: (ids: readonly string[]) => Promise<CountOutcome[]>
  /** How long a lookup waits for others. */
  windowMs: Milliseconds
}

/** Calls to one platform at a time. Four keep a slow platform busy, and stay below what any of the five calls a burst. */
const MAX_CONCURRENT_CALLS = 4

export function createLoader (options: LoaderOptions): CountLoader {
  const { platform, maxBatchSize, normaliseId, fetchCounts, windowMs } = options
  const limited = createLimiter(MAX_CONCURRENT_CALLS)
  const inFlight = new Map<string, Promise<CountOutcome>>()

  // DataLoader's own cache answers a repeated key only when the batch that is open at that moment has ended, which
  // may be another, slower one. So it is off, and repeats are joined here.
  const batches = new DataLoader<string, CountOutcome>(ids => limited(() => fetchCounts(ids)), {
    cache: false,
    maxBatchSize,
    batchScheduleFn: dispatch => { setTimeout(dispatch, windowMs) },
    name: platform
  })

  return { platform, load }

  async function load (id: string): Promise<CountOutcome> {
    const key = normaliseId(id)
    if (key === null) return { kind: 'invalid_id' }
    const known = inFlight.get(key)
    if (known !== undefined) return known
    const answer = batches.load(key).finally(() => inFlight.delete(key))
    inFlight.set(key, answer)
    return answer
  }
}
