import { t } from 'tap'
import { AppError, defaultFields } from '@insights/shared'
import { MAX_WAITING_JOBS, planDueRefreshes, type PlanDeps } from '../src/plan.js'
import { keepLog, openStage } from './open-stage.js'

const { store, db } = await openStage(t)
t.beforeEach(async () => { await db.exec('truncate insights.insights') })

/** Queues that keep what they were given: the planner's side of the port, without a backend. */
function planInto (waiting = 0): PlanDeps & { batches: number[][] } {
  const batches: number[][] = []
  const queues = {
    countRefreshJobs: async () => ({ waiting, active: 0, delayed: 0, failed: 0 }),
    enqueueRefreshBatch: async (ids: readonly number[]) => { batches.push([...ids]) }
  }
  return { store, queues, log: keepLog(), batches }
}

async function createMany (count: number): Promise<number[]> {
  const created = await Promise.all(Array.from({ length: count }, async () => await store.create(defaultFields())))
  return created.map(document => document.id)
}

const ascending = (ids: number[]): number[] => ids.sort((a, b) => a - b)

t.test('everything due is planned once, in batches', async t => {
  const ids = await createMany(450)
  const deps = planInto()
  t.equal(await planDueRefreshes(deps), 450)
  t.same(deps.batches.map(batch => batch.length), [200, 200, 50])
  t.same(ascending(deps.batches.flat()), ids)
  t.equal(await planDueRefreshes(deps), 0, 'what is planned is not planned again')
})

t.test('two planners at once plan each insight once', async t => {
  const ids = await createMany(300)
  const [one, other] = [planInto(), planInto()]
  await Promise.all([planDueRefreshes(one), planDueRefreshes(other)])
  t.same(ascending([...one.batches, ...other.batches].flat()), ids)
})

t.test('a planner that another one was faster than goes on', async t => {
  const ids = await createMany(450)
  const other: number[] = []
  const raced: PlanDeps['store'] = {
    ...store,
    claimDue: async ({ limit, leaseMs }) => {
      other.push(...await store.claimDue({ limit: limit / 4, leaseMs }))
      return await store.claimDue({ limit: limit / 2, leaseMs })
    }
  }
  const deps = planInto()
  t.equal(await planDueRefreshes({ ...deps, store: raced }), 300)
  t.same(ascending([...deps.batches.flat(), ...other]), ids)
})

t.test('a full queue gets no more, and a nearly full one only what fits', async t => {
  await createMany(450)
  t.equal(await planDueRefreshes(planInto(MAX_WAITING_JOBS)), 0)
  t.equal(await planDueRefreshes(planInto(MAX_WAITING_JOBS - 1)), 200)
})

t.test('what could not be enqueued is planned again after the lease', async t => {
  const ids = await createMany(3)
  const deps = planInto()
  const enqueue = deps.queues.enqueueRefreshBatch
  deps.queues.enqueueRefreshBatch = async () => { throw new AppError('INS_QUEUE_UNAVAILABLE', 'The queue is away.') }
  await t.rejects(planDueRefreshes({ ...deps, leaseMs: 30 }), { code: 'INS_QUEUE_UNAVAILABLE' })
  deps.queues.enqueueRefreshBatch = enqueue
  const deadline = Date.now() + 20_000
  // Each lease ends for itself, some microseconds after the one before it.
  while (deps.batches.flat().length < ids.length && Date.now() < deadline) await planDueRefreshes(deps)
  t.same(ascending(deps.batches.flat()), ids)
})
