import type { PGlite } from '@electric-sql/pglite'
import type { QueueBackend } from './backend.js'
import { BullmqQueues } from './bullmq-queues.js'
import { DEFAULT_TIMING, type QueueTiming } from './jobs.js'
import type { JobQueues, QueueLog } from './port.js'

/** What carries the jobs. */
export type BackendChoice =
  /** A database of this process. It is borrowed: whoever opened it closes it, after the queues. */
  | { kind: 'embedded', db: PGlite }
  /** `url`: `redis:` or, with TLS, `rediss:`, with user, password and database number if any. `prefix` of all keys, by
   *  default `{insights}`; one of your own needs braces too for a cluster. */
  | { kind: 'redis', url: string, prefix?: string }

export interface OpenQueuesOptions {
  backend: BackendChoice
  log: QueueLog
  /** Waits and limits other than `DEFAULT_TIMING`, for tests. */
  timing?: Partial<QueueTiming>
}

/**
 * Opens the queues on Redis or on the embedded database. On the embedded one it first brings BullMQ's tables up to
 * date. It resolves while Redis is away, within a second; calls then fail fast until Redis is there.
 */
export async function openQueues (options: OpenQueuesOptions): Promise<JobQueues> {
  const backend = await openBackend(options)
  return new BullmqQueues({ backend, log: options.log, timing: { ...DEFAULT_TIMING, ...options.timing } })
}

/** A driver is loaded only when it is chosen. */
async function openBackend ({ backend, log }: OpenQueuesOptions): Promise<QueueBackend> {
  if (backend.kind === 'embedded') {
    const { openEmbeddedBackend } = await import('./embedded-backend.js')
    return await openEmbeddedBackend(backend.db)
  }
  const { openRedisBackend } = await import('./redis-backend.js')
  return await openRedisBackend({ ...backend, log })
}
