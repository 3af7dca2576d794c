import {
  AppError, MAX_IDS_PER_REFRESH_JOB, PlanJobSchema, RefreshJobSchema, type Milliseconds, type RefreshJob
} from '@insights/shared'
import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { DeduplicationOptions, JobsOptions } from 'bullmq'

/** The queues, in the order in which they are listed. */
export const QUEUE_NAMES = ['refresh', 'maintenance'] as const
export type QueueName = typeof QUEUE_NAMES[number]

/** One kind of job: where it lies, what it is called, what it carries, and how it is repeated and kept. */
export interface JobKind {
  queue: QueueName
  name: string
  schema: TSchema
  /** Starts by a failing handler, the first included. */
  attempts: number
  /** Ages in seconds. */
  keepCompleted: { age: number, count: number }
  keepFailed: { age: number, count: number }
}

const HOUR = 3600
const DAY = 24 * HOUR

export const REFRESH_JOB: JobKind = {
  queue: 'refresh',
  name: 'refresh',
  schema: RefreshJobSchema,
  attempts: 5,
  keepCompleted: { age: HOUR, count: 1000 },
  keepFailed: { age: 7 * DAY, count: 1000 }
}

/** A failed plan is not repeated: the next beat is its repetition. */
export const PLAN_JOB: JobKind = {
  queue: 'maintenance',
  name: 'plan',
  schema: PlanJobSchema,
  attempts: 1,
  keepCompleted: { age: HOUR, count: 100 },
  keepFailed: { age: DAY, count: 200 }
}

/** The job kind that each queue carries. */
export const JOB_OF_QUEUE: Record<QueueName, JobKind> = { refresh: REFRESH_JOB, maintenance: PLAN_JOB }

/** Name of the one schedule that makes plan jobs. */
export const PLAN_SCHEDULE_ID = 'plan'

/** BullMQ runs jobs without a priority (on-demand ones) before all that have one, whatever the number. */
export const BATCH_PRIORITY = 10

/** A job whose worker died is put back this many times; the next time it is given up. */
export const MAX_STALLED_COUNT = 2

/**
 * BullMQ's stalled limit does not hold for scheduled jobs: one that kills its worker would be started without end.
 * Its limit on starts does hold.
 */
export const MAX_PLAN_STARTS = 3

export const DEFAULT_REFRESH_CONCURRENCY = 10

/** The waits and limits of the queues, in milliseconds. */
export interface QueueTiming {
  /** A worker that has not renewed its lock for so long has lost its job. Renewed every half of it. */
  lockMs: Milliseconds
  /** How often a worker looks for lost jobs. One is found on the second look: lock + 2 looks = 25 s at the worst. */
  stalledCheckMs: Milliseconds
  /** How often an idle worker looks without having been woken. A safety net: a new job wakes it. */
  idlePollMs: Milliseconds
  /** Pause before the second attempt; doubled for each further one, and up to half of it taken off by chance. */
  retryPauseMs: Milliseconds
  /** A plan that runs longer is given up. */
  planLimitMs: Milliseconds
  /** Time to add one job or to answer a question. */
  callLimitMs: Milliseconds
  /** Time to add a batch, which is large. */
  batchLimitMs: Milliseconds
}

export const DEFAULT_TIMING: QueueTiming = {
  lockMs: 15_000,
  stalledCheckMs: 5_000,
  idlePollMs: 5_000,
  retryPauseMs: 2_000,
  planLimitMs: 30_000,
  callLimitMs: 1_000,
  batchLimitMs: 5_000
}

/** Options with which BullMQ is to keep and repeat a job of this kind. */
export function jobOptions (kind: JobKind, timing: QueueTiming): JobsOptions {
  return {
    attempts: kind.attempts,
    backoff: { type: 'exponential', delay: timing.retryPauseMs, jitter: 0.5 },
    removeOnComplete: kind.keepCompleted,
    removeOnFail: kind.keepFailed
  }
}

/**
 * The rule of job ids: BullMQ numbers the jobs, and what must not be there twice is deduplicated under a name of its
 * own. A job id of our choice would make an insight's next job vanish for as long as its last one is kept.
 */
export function onDemandDeduplication (id: number): DeduplicationOptions {
  return { id: `insight-${id}`, keepLastIfActive: true }
}

/** The ids, each once and in order, cut into the data of as few jobs as possible. */
export function toRefreshJobs (ids: readonly number[]): RefreshJob[] {
  const unique = [...new Set(ids)]
  const jobs: RefreshJob[] = []
  for (let start = 0; start < unique.length; start += MAX_IDS_PER_REFRESH_JOB) {
    jobs.push({ ids: unique.slice(start, start + MAX_IDS_PER_REFRESH_JOB) })
  }
  return jobs
}

export function isValidData (kind: JobKind, data: unknown): boolean {
  return Value.Check(kind.schema, data)
}

/** @throws AppError `INS_JOB_INVALID` */
export function assertValidData (kind: JobKind, data: unknown): void {
  if (isValidData(kind, data)) return
  throw new AppError('INS_JOB_INVALID', `A ${kind.name} job can not have such data; ids are whole numbers from 1 on`)
}
