import { MAX_IDS_PER_REFRESH_JOB, type Log, type Milliseconds } from '@insights/shared'
import type { Metrics } from '@insights/metrics'
import type { JobQueues } from '@insights/queue'
import type { InsightStore } from '@insights/storage'
import { REFRESH_LEASE_MS } from './refresh.js'

export interface PlanDeps {
  store: InsightStore
  queues: Pick<JobQueues, 'countRefreshJobs' | 'enqueueRefreshBatch'>
  log: Log
  /** Counts the batches that could not be enqueued. */
  metrics?: Pick<Metrics, 'countEnqueueFailure'>
  /** How long a planned insight may wait in the queue before it is planned again. */
  leaseMs?: Milliseconds
}

/**
 * The most refresh jobs that may wait. What is beyond stays in the store, where it is neither lost with a queue nor
 * planned twice, and where the order can still change.
 */
export const MAX_WAITING_JOBS = 50

/** Fewer have only come due meanwhile. When more are missing, another planner has claimed them, and more may be due. */
const MANY_DUE = MAX_IDS_PER_REFRESH_JOB / 4

/**
 * Claims the insights that are due and enqueues them in batches, as many as the queue has room for. This is how
 * scheduled refreshes start and how everything heals: a crash between the write and the enqueueing, a flushed queue, a
 * lost job. Safe in several processes at once.
 *
 * @returns how many insights were enqueued.
 * @throws AppError `INS_STORE_UNAVAILABLE`, `INS_QUEUE_UNAVAILABLE`: what was claimed is due again after the lease.
 */
export async function planDueRefreshes (deps: PlanDeps): Promise<number> {
  const { waiting } = await deps.queues.countRefreshJobs()
  let planned = 0
  for (let room = MAX_WAITING_JOBS - waiting; room > 0; room--) {
    const leaseMs = deps.leaseMs ?? REFRESH_LEASE_MS
    const ids = await deps.store.claimDue({ limit: MAX_IDS_PER_REFRESH_JOB, leaseMs })
    if (ids.length > 0) await enqueue(deps, ids)
    planned += ids.length
    if (ids.length < MANY_DUE) break
  }
  if (planned > 0) deps.log.debug({ planned }, 'planned refreshes')
  return planned
}

async function enqueue ({ queues, metrics }: PlanDeps, ids: readonly number[]): Promise<void> {
  try {
    await queues.enqueueRefreshBatch(ids)
  } catch (error) {
    metrics?.countEnqueueFailure()
    throw error
  }
}
