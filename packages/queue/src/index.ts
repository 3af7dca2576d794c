export { openQueues, type BackendChoice, type OpenQueuesOptions } from './open.js'
export { QUEUE_NAMES, DEFAULT_TIMING, type QueueName, type QueueTiming } from './jobs.js'
export { runInTransaction } from './pglite-transaction.js'
export type {
  EnqueueOptions, JobContext, JobHandlers, JobQueues, JobStateCounts, Processing, ProcessingOptions, QueueLog,
  RefreshJobCounts
} from './port.js'
