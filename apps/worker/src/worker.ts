import { performance } from 'node:perf_hooks'
import type { Metrics } from '@insights/metrics'
import type { CountLoaders } from '@insights/platforms'
import type { JobContext, JobQueues } from '@insights/queue'
import { withFields, type Log, type Milliseconds, type RefreshJob } from '@insights/shared'
import type { HistoryStore, InsightStore } from '@insights/storage'
import { compactHistory } from './compact.js'
import { planDueRefreshes } from './plan.js'
import { refreshInsights, type RefreshDeps } from './refresh.js'
import type { RefreshPolicy } from './refresh-policy.js'
import { createSilence } from './silence.js'
import { createSlowRuns } from './slow-runs.js'

export interface WorkerDeps {
  store: InsightStore
  history: Pick<HistoryStore, 'compact'>
  /** The same for work that nobody waits for, where others would have to wait for it; default `store` and `history`. */
  background?: { store: InsightStore, history: Pick<HistoryStore, 'compact'> }
  queues: JobQueues
  platforms: CountLoaders
  policy: RefreshPolicy
  log: Log
  metrics?: Metrics
  /** Uniform in [0, 1); default `Math.random`. */
  random?: () => number
}

export interface WorkerSettings {
  /** From one look for due insights to the next. */
  plannerIntervalMs: Milliseconds
  /** How many refresh jobs this process works on at once, ≥ 1. */
  concurrency: number
  /** The longest that a platform may take for one call. */
  platformTimeoutMs?: Milliseconds
}

/** Beyond the timeout of a call, so that those that were made tell of it themselves. */
const SILENCE_GRACE_MS: Milliseconds = 1_000

/** So many runs for each place may wait for slow platforms beside those that have one: some thousand insights. */
const SLOW_RUNS_PER_PLACE = 4

export interface RunningWorker {
  /** Takes no more jobs, finishes the active ones and the runs that have no place, then resolves. */
  close: () => Promise<void>
}

/** What one beat of the planner does of removals that a crash has left unfinished: none that may be under way yet. */
const REMOVALS = { limit: 100, afterMs: 60_000 }

/** Starts working on both queues: refreshes, and the planner that makes them, which also
 * finishes removals that were cut short. The caller keeps what it lends. */
export async function startWorker (deps: WorkerDeps, settings: WorkerSettings): Promise<RunningWorker> {
  const { platformTimeoutMs } = settings
  const planned = { ...deps, ...deps.background }
  const refreshDeps = {
    ...deps,
    random: deps.random ?? Math.random,
    silence: createSilence(),
    ...(platformTimeoutMs !== undefined && { silenceLimitMs: platformTimeoutMs + SILENCE_GRACE_MS })
  }
  const slowRuns = createSlowRuns(SLOW_RUNS_PER_PLACE * settings.concurrency, deps.log)
  const processing = await deps.queues.startProcessing({
    refresh: async (job, context) => {
      const { store } = context.isOnDemand ? deps : planned
      await slowRuns.hold(async onWaiting => { await runRefresh({ ...refreshDeps, store, onWaiting }, deps.metrics, job, context) })
    },
    plan: async () => {
      await planDueRefreshes(planned)
      await planned.store.finishRemovals(REMOVALS)
      await compactHistory(planned)
    }
  }, { refreshConcurrency: settings.concurrency })
  await deps.queues.schedulePlanner(settings.plannerIntervalMs)
  return {
    close: async () => {
      await Promise.all([processing.close(), slowRuns.close()])
    }
  }
}

async function runRefresh (
  deps: RefreshDeps, metrics: Metrics | undefined, job: RefreshJob, { jobId, attempt, isOnDemand }: JobContext
): Promise<void> {
  const log = withFields(deps.log, { job_id: jobId, ...(job.trace_id !== undefined && { trace_id: job.trace_id }) })
  const startedAt = performance.now()
  const observe = (counts: { saved: number, superseded: number, failed: number }): void => {
    if (counts.saved + counts.superseded + counts.failed === 0) return // Others had done the work already.
    metrics?.observeRefresh({ ...counts, seconds: (performance.now() - startedAt) / 1000 })
  }
  try {
    const { saved, superseded } = await refreshInsights({ ...deps, log, isOnDemand }, job.ids)
    observe({ saved: saved.length, superseded: superseded.length, failed: 0 })
    log.debug({ attempt, insight_ids: saved }, 'refreshed')
  } catch (error) {
    observe({ saved: 0, superseded: 0, failed: job.ids.length })
    throw error
  }
}
