import type { Milliseconds, RefreshJob } from '@insights/shared'
import type { Queue } from 'bullmq'
import type { QueueName } from './jobs.js'

/** Where the queues report what no caller is there to hear. A pino logger is one. */
export interface QueueLog {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
  error: (details: object, message: string) => void
}

/** What a handler may know of the job besides its data. */
export interface JobContext {
  /** The queue's own id of the job, for logs. */
  jobId: string
  /** How often the job has been started, this time included, and the times that ended with a dead worker too. */
  attempt: number
  /** Whether it was added by `enqueueRefresh`, for a client; otherwise the planner made it. */
  isOnDemand: boolean
}

/** What the jobs do. A handler that rejects makes its job fail. */
export interface JobHandlers {
  refresh: (job: RefreshJob, context: JobContext) => Promise<void>
  plan: () => Promise<void>
}

export interface ProcessingOptions {
  /** Most refresh jobs that run at the same time in this process; at least 1, default 10. */
  refreshConcurrency?: number
}

/** The processing of jobs in this process. */
export interface Processing {
  /** Takes no more jobs, and resolves when the active ones have ended. Waits for as long as they take. */
  close: () => Promise<void>
}

/** How many refresh jobs there are. Finished ones are not counted. */
export interface RefreshJobCounts {
  /** Those that have yet to run: ready, behind others of higher priority, or delayed. */
  waiting: number
  /** Those of `waiting` that wait for their next attempt. */
  delayed: number
  active: number
  /** Those that were given up, as long as they are kept. */
  failed: number
}

/** How many jobs of a queue are in each state; each is in one of them. Completed ones are not counted. */
export type JobStateCounts = {
  /** Ready, or behind others of higher priority. */
  waiting: number
  /** To run at a later time: the next attempt of a failed one, the next beat of the planner. */
  delayed: number
  active: number
  /** Given up, as long as they are kept. */
  failed: number
}

export interface EnqueueOptions {
  /** The trace (W3C Trace Context) that the wish belongs to, 32 hexadecimal digits; the job's log lines name it. */
  traceId?: string
}

/**
 * The queues of the service. They carry work and are no record of it: the store is the truth, and the planner brings
 * back what a queue has lost. What every backend promises (the contract suite has a test for each sentence):
 *
 * Adding
 * - `enqueueRefresh` adds a job for one insight. While one waits nothing is added; while one is active exactly one
 *   more runs after it, however often it was asked for and also when the active one fails. Other insights and batches
 *   are not affected, and an insight whose job has ended can be asked for again at once.
 * - `enqueueRefreshBatch` adds jobs of at most `MAX_IDS_PER_REFRESH_JOB` ids, each id once, in the order given. They
 *   run after every job of `enqueueRefresh` that waits. No ids, no jobs.
 * - `dropRefresh` takes the job that waits for this insight alone out of the queue, also one that waits for its next
 *   attempt. An active one is left to end, and so are batches; what is not there is no fault. Afterwards the insight
 *   can be asked for as before.
 * - All reject with `INS_JOB_INVALID` when an id is not an integer from 1 to 2^53 - 1, and then do nothing.
 * - All reject with `INS_QUEUE_UNAVAILABLE` when the backend does not answer in time (1 s, a batch 5 s); it may have
 *   happened all the same.
 * - A job of `enqueueRefresh` carries the trace id of the wish; of several wishes that it serves, that of one.
 * - Jobs that were added are there for every process on the same backend, and outlive the one that added them.
 *
 * Running
 * - An idle worker starts on a new job at once, not at its next look.
 * - Each job runs at least once; it runs again when its worker died (found after the lock time and two stalled
 *   checks). A job whose worker died three times is given up.
 * - A refresh that rejects is tried five times in all, after pauses that double each time and vary; then it is given
 *   up and kept as failed. An `AppError` that is not retryable is given up at once.
 * - A job that is found with data or a name that can not be used is given up and logged, and the others go on. Fields
 *   that are not known are let pass.
 * - The job keeps the code and message of an `AppError`, and nothing of any other error, which may hold anything. The
 *   log gets both in full.
 * - At most `refreshConcurrency` refreshes and one plan run at the same time in a process.
 * - A plan that has not ended in 30 s is given up and logged, and the next one runs. One whose worker died three times
 *   is given up too.
 *
 * Planning
 * - From `schedulePlanner` until `close`, the planner runs every `everyMs`, and the first time at once. Asking again,
 *   also from other processes, changes the pace and makes no second schedule. A schedule that was lost, or that lies
 *   too far ahead because a clock was set back, is made again. It never rejects for the backend's sake: it logs and
 *   goes on trying.
 *
 * Closing
 * - After `close` every call rejects with `INS_QUEUE_UNAVAILABLE`. A backend that was lent is left open.
 *
 * Not promised: the order of jobs; that a job runs only once; that one insight is never in two jobs.
 */
export interface JobQueues {
  enqueueRefresh: (id: number, options?: EnqueueOptions) => Promise<void>
  enqueueRefreshBatch: (ids: readonly number[]) => Promise<void>
  dropRefresh: (id: number) => Promise<void>
  /** `everyMs`: a whole number of milliseconds, at least 1. */
  schedulePlanner: (everyMs: Milliseconds) => Promise<void>
  /** Starts one worker per queue. Resolves also while the backend is away; the workers begin when it is there. */
  startProcessing: (handlers: JobHandlers, options?: ProcessingOptions) => Promise<Processing>
  countRefreshJobs: () => Promise<RefreshJobCounts>
  /** Of every queue; rejects with `INS_QUEUE_UNAVAILABLE`. */
  countJobs: () => Promise<Record<QueueName, JobStateCounts>>
  /** Resolves when the backend answers; rejects with `INS_QUEUE_UNAVAILABLE` when not within `timeoutMs` (default 1000). */
  ping: (timeoutMs?: Milliseconds) => Promise<void>
  /** BullMQ's own queues, `refresh` and `maintenance`, for a dashboard. */
  readonly queues: readonly Queue[]
  /** Closes the queues, not the processing that was started with them: close that first. Idempotent. */
  close: () => Promise<void>
}
