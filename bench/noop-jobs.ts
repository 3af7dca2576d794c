import { createPostgresBackend, Queue, Worker, type BackendFactory, type RedisQueueBackend } from 'bullmq'
import type { JobQueues } from '@insights/queue'

/** BullMQ's classes are typed for Redis, whatever the backend. */
const factory = createPostgresBackend as unknown as BackendFactory<RedisQueueBackend>

/**
 * Jobs per second that BullMQ itself gets through when they do nothing: its own queue and worker, with its own default
 * options, on the backend that `queues` use. The jobs are there before the worker starts.
 */
export async function measureNoopJobs ({ queues }: JobQueues, { jobs, concurrency }: { jobs: number, concurrency: number }): Promise<number> {
  const connection = queues[0]?.opts.connection
  if (connection === undefined) throw new Error('The queues show no connection to share')
  const queue = new Queue('noop', { connection, skipVersionCheck: true }, factory)
  await queue.addBulk(Array.from({ length: jobs }, (_, n) => ({ name: 'noop', data: { n } })))
  const startedAt = performance.now()
  const worker = new Worker('noop', async () => {}, { connection, concurrency }, factory)
  await new Promise<void>((resolve, reject) => {
    let completed = 0
    worker.on('completed', () => { if (++completed === jobs) resolve() })
    worker.on('failed', (_job, error) => { reject(error) })
    worker.on('error', reject)
  })
  const seconds = (performance.now() - startedAt) / 1000
  await worker.close()
  await queue.close()
  return jobs / seconds
}
