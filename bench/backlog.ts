import { linkedSources, PLATFORMS, type InsightFields, type Milliseconds, type Platform } from '@insights/shared'
import { refreshInsights, startWorker } from '@insights/worker'
import { withStage, type Stage } from './stage.js'
import { watchRefreshes } from './watch-refreshes.js'
import type { Workbench } from './workbench.js'

/** How the insights of a backlog get their jobs. */
export interface Mode {
  /** Makes the jobs that are there before the clock runs. */
  enqueue: (stage: Stage, ids: readonly number[]) => Promise<void>
  startWorker: (stage: Stage) => Promise<{ close: () => Promise<void> }>
}

/** What one run of a backlog gave. */
export interface Run {
  /** Insights refreshed. */
  perSecond: number
  calls: PlatformCalls[]
}

/** Calls to one platform that the insights link to. */
export interface PlatformCalls {
  platform: Platform
  /** Those that the sandbox received. */
  received: number
  /** Different ids asked for. */
  ids: number
  /** Most ids per call. */
  batchSize: number
}

/** The service as it is: the planner finds what is due and makes batches of it, on the clock. */
export const PLANNED: Mode = {
  enqueue: async () => {},
  startWorker: async ({ platforms, ...stage }) => await startWorker({ ...stage, platforms: platforms.loaders }, stage.settings)
}

/** A job for each insight and no planner. The loaders still join the lookups of jobs that run at the same time. */
export const ONE_BY_ONE: Mode = {
  enqueue: async ({ queues }, ids) => {
    for (const id of ids) await queues.enqueueRefresh(id)
  },
  startWorker: async ({ queues, platforms, ...stage }) => await queues.startProcessing({
    refresh: async (job, { isOnDemand }) => {
      await refreshInsights({ ...stage, platforms: platforms.loaders, random: Math.random, isOnDemand }, job.ids)
    },
    plan: async () => {}
  }, { refreshConcurrency: stage.settings.concurrency })
}

/**
 * Stores the insights, then works on them until the last one is refreshed. All of them are new to the platforms, which
 * take `platformMs` for each call: 0 = as long as the sandbox needs.
 */
export async function workOff (
  workbench: Workbench, backlog: readonly InsightFields[], mode: Mode, platformMs: Milliseconds = 0
): Promise<Run> {
  return await withStage(workbench, async stage => {
    for (const platform of PLATFORMS) stage.sandbox.faults.add({ platform, kind: 'delay', ms: platformMs, times: 'always' })
    const ids: number[] = []
    for (const fields of backlog) ids.push((await stage.store.create(fields)).id)
    await mode.enqueue(stage, ids)
    const { watch, refreshed } = watchRefreshes(ids.length)
    const { store, background } = stage
    const startedAt = performance.now()
    const worker = await mode.startWorker({
      ...stage, store: watch(store), background: { ...background, store: watch(background.store) }
    })
    await refreshed
    const seconds = (performance.now() - startedAt) / 1000
    await worker.close()
    return { perSecond: ids.length / seconds, calls: countCalls(stage, backlog) }
  })
}

function countCalls ({ sandbox, platforms }: Stage, backlog: readonly InsightFields[]): PlatformCalls[] {
  const links = backlog.flatMap(linkedSources)
  return PLATFORMS.flatMap(platform => {
    const ids = new Set(links.filter(link => link.platform === platform).map(link => link.source_id)).size
    const batchSize = platforms.clients[platform]?.maxBatchSize ?? 1
    return ids === 0 ? [] : [{ platform, received: sandbox.calls.totals(platform).calls, ids, batchSize }]
  })
}
