import type { Milliseconds } from '@insights/shared'
import type { Queue } from 'bullmq'
import { jobOptions, PLAN_JOB, PLAN_SCHEDULE_ID, type QueueTiming } from './jobs.js'
import type { QueueLog } from './port.js'
import { callWithinLimit } from './queue-errors.js'

/** The schedule is looked at on every beat, but not more rarely than this. */
const MAX_CHECK_PAUSE_MS = 10_000

export interface PlannerScheduleDeps {
  queue: Queue
  timing: QueueTiming
  log: QueueLog
}

/**
 * Keeps the planner's schedule in the queue: a backend can lose it, and a worker that dies at the wrong moment, or a
 * clock that is set back, can stop it.
 */
export class PlannerSchedule {
  readonly #deps: PlannerScheduleDeps
  #everyMs: Milliseconds = 0
  #timer: NodeJS.Timeout | undefined
  #checking: Promise<void> = Promise.resolve()
  #isFailing = false
  #isStopped = false

  constructor (deps: PlannerScheduleDeps) {
    this.#deps = deps
  }

  /** Sets the pace. Resolves after the first try, whatever became of it. */
  async keep (everyMs: Milliseconds): Promise<void> {
    this.#everyMs = everyMs
    this.#enqueueCheck(async () => { await this.#upsert() })
    await this.#checking
  }

  async stop (): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#checking
  }

  /** Checks never overlap: two at once would each see that the schedule is missing. */
  #enqueueCheck (check: () => Promise<void>): void {
    clearTimeout(this.#timer)
    this.#checking = this.#checking.then(async () => { await this.#attempt(check) })
  }

  async #attempt (check: () => Promise<void>): Promise<void> {
    if (this.#isStopped) return
    try {
      await callWithinLimit(this.#deps.timing.callLimitMs, check)
      if (this.#isFailing) this.#deps.log.info({}, 'The planner is scheduled again')
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) this.#deps.log.warn({ err: error }, 'The planner could not be scheduled; trying again')
      this.#isFailing = true
    }
    this.#armTimer()
  }

  #armTimer (): void {
    if (this.#isStopped) return
    clearTimeout(this.#timer)
    const pauseMs = Math.min(this.#everyMs, MAX_CHECK_PAUSE_MS)
    this.#timer = setTimeout(() => { this.#enqueueCheck(async () => { await this.#heal() }) }, pauseMs)
    this.#timer.unref()
  }

  async #heal (): Promise<void> {
    const schedule = await this.#deps.queue.getJobScheduler(PLAN_SCHEDULE_ID)
    const { next = 0, every = this.#everyMs } = schedule ?? {}
    const now = Date.now()
    const isTooFarAhead = next > now + 2 * every
    // A schedule that a clock set back has left far ahead would keep that moment if it were only written anew.
    if (isTooFarAhead) await this.#deps.queue.removeJobScheduler(PLAN_SCHEDULE_ID)
    if (isTooFarAhead || next < now - every - this.#recoveryMs()) await this.#upsert()
  }

  /** How late a beat may be because the worker that held the one before died. */
  #recoveryMs (): Milliseconds {
    const { lockMs, stalledCheckMs } = this.#deps.timing
    return lockMs + 2 * stalledCheckMs
  }

  async #upsert (): Promise<void> {
    const { queue, timing } = this.#deps
    await queue.upsertJobScheduler(
      PLAN_SCHEDULE_ID, { every: this.#everyMs }, { name: PLAN_JOB.name, data: {}, opts: jobOptions(PLAN_JOB, timing) })
  }
}
