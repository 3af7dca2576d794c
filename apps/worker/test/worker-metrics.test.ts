import { t } from 'tap'
import { createMetrics } from '@insights/metrics'
import type { JobHandlers, JobQueues } from '@insights/queue'
import { AppError, type Log } from '@insights/shared'
import { MAX_WAITING_JOBS, planDueRefreshes, startWorker, type WorkerDeps } from '../src/index.js'
import { EXAMPLE_2, keepLog, openStage, type Stage } from './open-stage.js'

const stage = await openStage(t)
const { store, sandbox, db } = stage
t.beforeEach(async () => {
  sandbox.reset()
  await db.exec('truncate insights.insights')
})

/** The handlers that a worker gives to its queues, and everything that it logs. */
async function startedWorker (
  deps: ReturnType<Stage['depsWith']>, changes: Partial<WorkerDeps> = {}
): Promise<{ handlers: JobHandlers, lines: Array<Record<string, unknown>>, text: () => Promise<string> }> {
  let handlers: JobHandlers | undefined
  const lines: Array<Record<string, unknown>> = []
  const keep = (details: object, msg: string): void => { lines.push({ ...details, msg }) }
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep }
  const queues = {
    startProcessing: async (given: JobHandlers) => { handlers = given; return { close: async () => {} } },
    schedulePlanner: async () => {}
  } as unknown as JobQueues
  const metrics = createMetrics()
  await startWorker({ ...deps, queues, log, metrics, ...changes }, { plannerIntervalMs: 1_000, concurrency: 1 })
  if (handlers === undefined) throw new Error('The worker started no processing')
  return { handlers, lines, text: async () => (await metrics.render()).text }
}

t.test('what a refresh did is counted by outcome, and its log lines name job, trace and insights', async t => {
  const { handlers, lines, text } = await startedWorker(stage.depsWith(t))
  const { id } = await store.create({ ...EXAMPLE_2, works: [...EXAMPLE_2.works, { item_id: 'nonsense', source_type: 1, is_individual_work: true, in_app_plays: 0 }] })
  sandbox.faults.add({ platform: 'x', kind: 'error', error: 'tooManyRequests' })
  sandbox.entities.set('facebook', '4546477', 'hidden')
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  await handlers.refresh({ ids: [id], trace_id: traceId }, { jobId: '17', attempt: 2, isOnDemand: false })
  // A run that takes longer than a second goes on without its place, and is counted when it has ended.
  const deadline = Date.now() + 30_000
  while (!lines.some(({ msg }) => msg === 'refreshed') && Date.now() < deadline) await new Promise(resolve => setTimeout(resolve, 10))
  const counted = await text()
  for (const [platform, outcome] of [['youtube', 'ok'], ['youtube', 'invalid_id'], ['x', 'throttled'], ['facebook', 'hidden']]) {
    t.match(counted, `insights_source_lookups_total{platform="${platform}",outcome="${outcome}"} 1\n`)
  }
  t.match(counted, 'insights_refreshes_total{outcome="saved"} 1\n')
  t.match(lines, [{ job_id: '17', trace_id: traceId, attempt: 2, insight_ids: [id], msg: 'refreshed' }])
})

t.test('a run that others have done already is not counted', async t => {
  const { handlers, text } = await startedWorker(stage.depsWith(t))
  await handlers.refresh({ ids: [999] }, { jobId: '1', attempt: 1, isOnDemand: false })
  t.match(await text(), 'insights_refresh_run_duration_seconds_count 0\n')
})

t.test('results that were overtaken are counted as superseded', async t => {
  const { id } = await store.create(EXAMPLE_2)
  const { handlers, lines, text } = await startedWorker(stage.depsWith(t), {
    store: {
      ...store,
      saveResults: async results => {
        await store.replaceFields(id, { ...EXAMPLE_2, twitter_handle: 'other' })
        return await store.saveResults(results)
      }
    }
  })
  await handlers.refresh({ ids: [id] }, { jobId: '2', attempt: 1, isOnDemand: false })
  t.match(await text(), 'insights_refreshes_total{outcome="superseded"} 1\n')
  t.match(lines[0], { job_id: '2', insight_ids: [id], msg: 'results were overtaken by a change and dropped' })
})

t.test('a run that fails counts its insights as failed, and the job fails', async t => {
  const saveResults = async (): Promise<never> => { throw new AppError('INS_STORE_UNAVAILABLE', 'Away') }
  const { handlers, text } = await startedWorker(stage.depsWith(t), { store: { ...store, saveResults } })
  const { id } = await store.create(EXAMPLE_2)
  await t.rejects(handlers.refresh({ ids: [id, 999] }, { jobId: '3', attempt: 1, isOnDemand: false }), { code: 'INS_STORE_UNAVAILABLE' })
  t.match(await text(), 'insights_refreshes_total{outcome="failed"} 2\n')
})

t.test('a platform without credentials is counted as such', async t => {
  const { handlers, text } = await startedWorker(stage.depsWith(t), { platforms: {} })
  const { id } = await store.create(EXAMPLE_2)
  await handlers.refresh({ ids: [id] }, { jobId: '4', attempt: 1, isOnDemand: false })
  t.match(await text(), 'insights_source_lookups_total{platform="instagram",outcome="not_configured"} 1\n')
})

t.test('a batch that the planner could not enqueue is counted', async t => {
  await store.create(EXAMPLE_2)
  const metrics = createMetrics()
  const queues = {
    countRefreshJobs: async () => ({ waiting: MAX_WAITING_JOBS - 1, delayed: 0, active: 0, failed: 0 }),
    enqueueRefreshBatch: async () => { throw new AppError('INS_QUEUE_UNAVAILABLE', 'Away') }
  }
  await t.rejects(planDueRefreshes({ store, queues, log: keepLog(), metrics }), { code: 'INS_QUEUE_UNAVAILABLE' })
  t.match((await metrics.render()).text, 'insights_enqueue_failures_total 1\n')
})
