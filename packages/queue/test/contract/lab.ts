import type { Worker, WorkerOptions } from 'bullmq'
import type { Test } from 'tap'
import type { QueueName, QueueTiming } from '../../src/jobs.js'
import type { JobHandlers, JobQueues, Processing, ProcessingOptions } from '../../src/port.js'
import { createRecordingLog, type RecordingLog } from '../recording-log.js'

/** What an adapter's test gives to the contract suite: an empty backend that lives until the test ends. */
export interface QueueBackendForTests {
  /** Opens queues on it, as one more process would. */
  open: (log: RecordingLog, timing: Partial<QueueTiming>) => Promise<JobQueues>
  /** A worker of BullMQ's own that runs nothing by itself. */
  createIdleWorker: (queue: QueueName, options: Partial<WorkerOptions>) => Worker
}

/** Lets a test open what it needs; everything is closed when it ends. */
export interface Lab extends QueueBackendForTests {
  log: RecordingLog
  openQueues: (timing?: Partial<QueueTiming>) => Promise<JobQueues>
  process: (queues: JobQueues, handlers: Partial<JobHandlers>, options?: ProcessingOptions) => Promise<Processing>
  /** Takes the next job as a worker that dies at once would: its lock is never renewed. Gives the job's id. */
  takeAndDie: (queue: QueueName) => Promise<string | undefined>
  /** Looks for stalled jobs as a live worker would. */
  checkStalled: (queue: QueueName) => Promise<void>
}

const SHORT_LOCK_MS = 30

export function createLab (t: Test, backend: QueueBackendForTests): Lab {
  const log = createRecordingLog()
  const createIdleWorker: Lab['createIdleWorker'] = (queue, options) => {
    const worker = backend.createIdleWorker(queue, { autorun: false, ...options })
    worker.on('error', () => {})
    t.teardown(async () => { await worker.close() })
    return worker
  }
  return {
    log,
    open: backend.open,
    createIdleWorker,
    openQueues: async timing => {
      const queues = await backend.open(log, timing ?? {})
      t.teardown(async () => { await queues.close() })
      return queues
    },
    process: async (queues, handlers, options) => {
      const processing = await queues.startProcessing({ refresh: nothing, plan: nothing, ...handlers }, options)
      t.teardown(async () => { await processing.close() })
      return processing
    },
    takeAndDie: async queue => {
      const job = await createIdleWorker(queue, { lockDuration: SHORT_LOCK_MS }).getNextJob('dead', { block: false })
      return job?.id
    },
    checkStalled: async queue => {
      const worker = createIdleWorker(queue, { maxStalledCount: 2, stalledInterval: 1 })
      await worker.getBackend().moveStalledJobsToWait()
    }
  }
}

async function nothing (): Promise<void> {}
