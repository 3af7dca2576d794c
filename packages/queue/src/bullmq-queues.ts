import type { Milliseconds } from '@insights/shared'
import { Queue, type JobsOptions, type JobType } from 'bullmq'
import type { QueueBackend } from './backend.js'
import {
  assertValidData, BATCH_PRIORITY, jobOptions, onDemandDeduplication, QUEUE_NAMES, REFRESH_JOB, toRefreshJobs,
  type QueueName, type QueueTiming
} from './jobs.js'
import { PlannerSchedule } from './planner-schedule.js'
import type {
  EnqueueOptions, JobHandlers, JobQueues, JobStateCounts, Processing, ProcessingOptions, QueueLog, RefreshJobCounts
} from './port.js'
import { startProcessing } from './processing.js'
import { unavailable, callWithinLimit, withoutDetails } from './queue-errors.js'

/** `paused` is missing in BullMQ's types: its PostgreSQL backend counts the waiting jobs of a paused queue so. */
const COUNTED_STATES = ['waiting', 'paused', 'prioritized', 'delayed', 'active', 'failed'] as JobType[]

export interface BullmqQueuesDeps {
  backend: QueueBackend
  timing: QueueTiming
  log: QueueLog
}

/** `JobQueues` on BullMQ, whatever the backend. Owns the backend: `close` closes it. */
export class BullmqQueues implements JobQueues {
  readonly queues: readonly Queue[]
  readonly #deps: BullmqQueuesDeps
  readonly #refresh: Queue
  readonly #planner: PlannerSchedule
  readonly #onDemand: JobsOptions
  #closing: Promise<void> | undefined

  constructor (deps: BullmqQueuesDeps) {
    this.#deps = deps
    const byName = Object.fromEntries(QUEUE_NAMES.map(name => [name, openQueue(name, deps)])) as Record<QueueName, Queue>
    this.queues = QUEUE_NAMES.map(name => byName[name])
    this.#refresh = byName.refresh
    this.#planner = new PlannerSchedule({ queue: byName.maintenance, timing: deps.timing, log: deps.log })
    this.#onDemand = jobOptions(REFRESH_JOB, deps.timing)
  }

  async enqueueRefresh (id: number, { traceId }: EnqueueOptions = {}): Promise<void> {
    const data = { ids: [id], ...(traceId !== undefined && { trace_id: traceId }) }
    assertValidData(REFRESH_JOB, data)
    await this.#call(this.#deps.timing.callLimitMs, async () => await this.#refresh.add(
      REFRESH_JOB.name, data, { ...this.#onDemand, deduplication: onDemandDeduplication(id) }))
  }

  async enqueueRefreshBatch (ids: readonly number[]): Promise<void> {
    const jobs = toRefreshJobs(ids)
    for (const data of jobs) assertValidData(REFRESH_JOB, data)
    if (jobs.length === 0) return
    const opts = { ...this.#onDemand, priority: BATCH_PRIORITY }
    await this.#call(this.#deps.timing.batchLimitMs, async () => await this.#refresh.addBulk(
      jobs.map(data => ({ name: REFRESH_JOB.name, data, opts }))))
  }

  async dropRefresh (id: number): Promise<void> {
    assertValidData(REFRESH_JOB, { ids: [id] })
    await this.#call(this.#deps.timing.callLimitMs, async () => {
      const jobId = await this.#refresh.getDeduplicationJobId(onDemandDeduplication(id).id)
      if (jobId !== null) await this.#refresh.remove(jobId)
    })
  }

  async schedulePlanner (everyMs: Milliseconds): Promise<void> {
    if (!Number.isSafeInteger(everyMs) || everyMs < 1) throw new RangeError('everyMs must be a whole number of at least 1')
    this.#assertOpen()
    await this.#planner.keep(everyMs)
  }

  async startProcessing (handlers: JobHandlers, options?: ProcessingOptions): Promise<Processing> {
    this.#assertOpen()
    return startProcessing(this.#deps, handlers, options)
  }

  async countRefreshJobs (): Promise<RefreshJobCounts> {
    const { waiting, delayed, active, failed } = await this.#count(this.#refresh)
    return { waiting: waiting + delayed, delayed, active, failed }
  }

  async countJobs (): Promise<Record<QueueName, JobStateCounts>> {
    const counts = await Promise.all(this.queues.map(async queue => [queue.name, await this.#count(queue)] as const))
    return Object.fromEntries(counts) as Record<QueueName, JobStateCounts>
  }

  async ping (timeoutMs: Milliseconds = this.#deps.timing.callLimitMs): Promise<void> {
    await this.#call(timeoutMs, this.#deps.backend.ping)
  }

  async close (): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close (): Promise<void> {
    const { backend, timing } = this.#deps
    await this.#planner.stop()
    await Promise.all(this.queues.map(async queue => { await queue.close() }))
    await backend.close(timing.callLimitMs)
  }

  async #count (queue: Queue): Promise<JobStateCounts> {
    const counts = await this.#call(
      this.#deps.timing.callLimitMs, async () => await queue.getJobCounts(...COUNTED_STATES))
    const { waiting = 0, paused = 0, prioritized = 0, delayed = 0, active = 0, failed = 0 } = counts
    return { waiting: waiting + paused + prioritized, delayed, active, failed }
  }

  async #call<T> (limitMs: Milliseconds, call: () => Promise<T>): Promise<T> {
    this.#assertOpen()
    return await callWithinLimit(limitMs, call)
  }

  #assertOpen (): void {
    if (this.#closing !== undefined) throw unavailable('The queues are closed')
  }
}

function openQueue (name: QueueName, { backend, log }: BullmqQueuesDeps): Queue {
  const queue = new Queue(name, backend.forQueues, backend.factory)
  queue.on('error', error => {
    if (!backend.isLogged(error)) log.error({ queue: name, err: withoutDetails(error) }, 'The queue had an error')
  })
  return queue
}
