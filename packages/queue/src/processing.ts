import { AppError, type RefreshJob } from '@insights/shared'
import { UnrecoverableError, Worker, type Job, type WorkerOptions } from 'bullmq'
import type { QueueBackend } from './backend.js'
import {
  BATCH_PRIORITY, DEFAULT_REFRESH_CONCURRENCY, isValidData, JOB_OF_QUEUE, MAX_PLAN_STARTS, MAX_STALLED_COUNT, REFRESH_JOB,
  type QueueName, type QueueTiming
} from './jobs.js'
import type { JobHandlers, Processing, ProcessingOptions, QueueLog } from './port.js'
import { toJobError, withoutDetails } from './queue-errors.js'
import { withTimeLimit } from './time-limit.js'

/** Pause after a call that failed with the connection. BullMQ's 15 s would hold up both coming back and closing. */
const CONNECTION_RETRY_MS = 1_000

export interface ProcessingDeps {
  backend: QueueBackend
  timing: QueueTiming
  log: QueueLog
}

/** Starts a worker for each queue. */
export function startProcessing (
  deps: ProcessingDeps, handlers: JobHandlers, options: ProcessingOptions = {}
): Processing {
  const { refreshConcurrency = DEFAULT_REFRESH_CONCURRENCY } = options
  const workers = [
    startWorker(deps, 'refresh', { concurrency: refreshConcurrency }, async job => {
      await handlers.refresh(job.data as RefreshJob, {
        jobId: job.id ?? '', attempt: job.attemptsStarted, isOnDemand: job.opts.priority !== BATCH_PRIORITY
      })
    }),
    startWorker(deps, 'maintenance', { concurrency: 1, maxStartedAttempts: MAX_PLAN_STARTS }, async () => {
      await planWithinLimit(handlers, deps.timing)
    })
  ]
  return { close: async () => { await Promise.all(workers.map(async worker => { await worker.close() })) } }
}

function startWorker (
  deps: ProcessingDeps, queue: QueueName, options: Partial<WorkerOptions>, handle: (job: Job) => Promise<void>
): Processing {
  const { connection, prefix, beforeClose, afterClose } = deps.backend.openForWorker()
  const reach = prefix === undefined ? { connection } : { connection, prefix }
  const workerOptions = { ...options, ...commonOptions(deps.timing), ...reach }
  const run = async (job: Job): Promise<void> => { await runJob(queue, job, handle) }
  const worker = new Worker(queue, run, workerOptions, deps.backend.factory)
  let isClosing = false
  reportTrouble(worker, deps, error => isClosing && deps.backend.isEnd(error))
  return {
    close: async () => {
      isClosing = true
      // First of all no more jobs: on a connection that ends while it looks for them, for example because Redis refuses
      // the password, a worker's loop would spin without a pause and let nothing else of the process run.
      await worker.pause(true)
      await beforeClose()
      await worker.close()
      await afterClose()
    }
  }
}

function commonOptions (timing: QueueTiming): Partial<WorkerOptions> {
  return {
    lockDuration: timing.lockMs,
    stalledInterval: timing.stalledCheckMs,
    maxStalledCount: MAX_STALLED_COUNT,
    drainDelay: timing.idlePollMs / 1000,
    runRetryDelay: CONNECTION_RETRY_MS
  }
}

/** Checks what was found, since jobs also come from other releases and hands, and hides what a job must not keep. */
async function runJob (queue: QueueName, job: Job, handle: (job: Job) => Promise<void>): Promise<void> {
  const kind = JOB_OF_QUEUE[queue]
  if (job.name !== kind.name || !isValidData(kind, job.data)) {
    throw new UnrecoverableError('INS_JOB_INVALID: The name or the data of the job are not known here')
  }
  try {
    await handle(job)
  } catch (error) {
    throw toJobError(error)
  }
}

async function planWithinLimit (handlers: JobHandlers, { planLimitMs }: QueueTiming): Promise<void> {
  const error = new AppError('INS_INTERNAL', `The planner did not end within ${planLimitMs} ms`)
  await withTimeLimit(planLimitMs, error, handlers.plan)
}

function reportTrouble (worker: Worker, { backend, log }: ProcessingDeps, isExpected: (error: Error) => boolean): void {
  const queue = worker.name
  worker.on('error', error => {
    if (!backend.isLogged(error) && !isExpected(error)) log.error({ queue, err: withoutDetails(error) }, 'The worker had an error')
  })
  worker.on('failed', (job, error) => {
    const details = {
      queue, job_id: job?.id, attempt: job?.attemptsStarted, ...subjectOf(job), err: withoutDetails(error.cause ?? error)
    }
    if (job?.finishedOn === undefined) log.warn(details, 'The job failed and will be tried again')
    else log.error(details, 'The job failed and is given up')
  })
  worker.on('stalled', jobId => {
    log.warn({ queue, job_id: jobId }, 'The job lost its worker and was put back')
  })
  worker.on('lockRenewalFailed', jobIds => {
    log.warn({ queue, job_ids: jobIds }, 'The jobs lost their lock and may run twice')
  })
}

/** Whom the job is about. Data of a form that nobody knows may hold anything and stay out of the log. */
function subjectOf (job: Job | undefined): { insight_ids?: number[], trace_id?: string } {
  if (job === undefined || !isValidData(REFRESH_JOB, job.data)) return {}
  const { ids, trace_id: traceId } = job.data as RefreshJob
  return { insight_ids: ids, ...(traceId !== undefined && { trace_id: traceId }) }
}
