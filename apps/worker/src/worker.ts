import type { CountLoaders } from '@insights/platforms'
import type { JobQueues } from '@insights/queue'
import type { Log, Milliseconds } from '@insights/shared'
import type { InsightStore } from '@insights/storage'
import { planDueRefreshes } from './plan.js'
import { refreshInsights } from './refresh.js'
import type { RefreshPolicy } from './refresh-policy.js'

export interface WorkerDeps {
  store: InsightStore
  queues: JobQueues
  platforms: CountLoaders
  policy: RefreshPolicy
  log: Log
  /** Uniform in [0, 1); default `Math.random`. */
  random?: () => number
}

export interface WorkerSettings {
  /** From one look for due insights to the next. */
  plannerIntervalMs: Milliseconds
  /** How many refresh jobs this process works on at once, ≥ 1. */
  concurrency: number
}

export interface RunningWorker {
  /** Takes no more jobs, finishes the active ones, then resolves. */
  close: () => Promise<void>
}

/** Starts working on both queues: refreshes, and the planner that makes them. The caller keeps what it lends. */
export async function startWorker (deps: WorkerDeps, settings: WorkerSettings): Promise<RunningWorker> {
  const refreshDeps = { ...deps, random: deps.random ?? Math.random }
  const processing = await deps.queues.startProcessing({
    refresh: async (job, { jobId, attempt }) => {
      const summary = await refreshInsights(refreshDeps, job.ids)
      deps.log.debug({ job_id: jobId, attempt, insight_ids: summary.saved }, 'refreshed')
    },
    plan: async () => { await planDueRefreshes(deps) }
  }, { refreshConcurrency: settings.concurrency })
  await deps.queues.schedulePlanner(settings.plannerIntervalMs)
  return { close: async () => { await processing.close() } }
}
