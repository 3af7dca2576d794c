import { t } from 'tap'
import { createMetrics } from '@insights/metrics'
import type { JobHandlers, JobQueues } from '@insights/queue'
import { startWorker } from '../src/index.js'
import { EXAMPLE_2, openStage } from './open-stage.js'

const stage = await openStage(t)

/** The same object, which notes what is called. */
function noting<T extends object> (of: T): { noted: T, calls: string[] } {
  const calls: string[] = []
  const noted = new Proxy(of, {
    get: (target, name) => {
      calls.push(String(name))
      return Reflect.get(target, name) as unknown
    }
  })
  return { noted, calls }
}

t.test('planned jobs and the planner work in the background, what a client waits for does not', async t => {
  // So patient that what is there is never saved before the slowest lookup: that would be one more call.
  const deps = { ...stage.depsWith(t), patienceMs: 60_000 }
  const front = { store: noting(deps.store), history: noting(deps.history) }
  const back = { store: noting(deps.store), history: noting(deps.history) }
  let handlers: JobHandlers | undefined
  const queues = {
    startProcessing: async (given: JobHandlers) => { handlers = given; return { close: async () => {} } },
    schedulePlanner: async () => {},
    countRefreshJobs: async () => ({ waiting: 0 })
  } as unknown as JobQueues
  await startWorker({
    ...deps,
    store: front.store.noted,
    history: front.history.noted,
    background: { store: back.store.noted, history: back.history.noted },
    queues,
    metrics: createMetrics()
  }, { plannerIntervalMs: 1_000, concurrency: 1 })
  const called = (side: typeof front): string[] => [...side.store.calls.splice(0), ...side.history.calls.splice(0)]

  const ids = [(await stage.store.create(EXAMPLE_2)).id]
  await handlers?.refresh({ ids }, { jobId: '1', attempt: 1, isOnDemand: true })
  t.same([called(front), called(back)], [['startRefreshes', 'saveResults'], []])

  await stage.store.requestRefresh(ids[0] ?? 0)
  await handlers?.refresh({ ids }, { jobId: '2', attempt: 1, isOnDemand: false })
  t.same([called(front), called(back)], [[], ['startRefreshes', 'saveResults']])

  await handlers?.plan()
  t.same([called(front), called(back)], [[], ['claimDue', 'finishRemovals', 'compact']])
})
