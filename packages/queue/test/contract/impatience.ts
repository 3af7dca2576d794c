import { isAppError } from '@insights/shared'
import type { JobQueues } from '../../src/port.js'

/** Limits for queues whose backend is not going to answer. */
export const IMPATIENT = { callLimitMs: 100, batchLimitMs: 200 }

/** Makes every call that asks the backend, and throws unless each ends as unavailable. */
export async function everyCallIsRejected (queues: JobQueues): Promise<void> {
  const calls = [
    queues.enqueueRefresh(7), queues.enqueueRefreshBatch([7]), queues.dropRefresh(7), queues.countRefreshJobs(), queues.countJobs(), queues.ping()
  ]
  for (const result of await Promise.allSettled(calls)) {
    const isRight = result.status === 'rejected' && isAppError(result.reason, 'INS_QUEUE_UNAVAILABLE')
    if (!isRight) throw new Error('A call did not end as unavailable', { cause: result })
  }
}
