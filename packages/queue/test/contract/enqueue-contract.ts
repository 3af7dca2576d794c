import { AppError, MAX_IDS_PER_REFRESH_JOB, type RefreshJob } from '@insights/shared'
import type { Test } from 'tap'
import { createGate, until } from '../until.js'
import { createLab, type Lab, type QueueBackendForTests } from './lab.js'

const BAD_IDS = [0, -1, 1.5, 2 ** 53, Number.NaN]

/** What `JobQueues` promises of adding jobs. */
export function enqueueContract (t: Test, name: string, open: (t: Test) => Promise<QueueBackendForTests>): void {
  const contract = (title: string, test: (t: Test, lab: Lab) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async t => { await test(t, createLab(t, await open(t))) })
  }

  contract('an enqueued refresh reaches the handler with its id and context', async (t, lab) => {
    const queues = await lab.openQueues()
    const seen: unknown[] = []
    await lab.process(queues, { refresh: async (job, context) => { seen.push({ ...job, ...context }) } })
    await queues.enqueueRefresh(7)
    await until(() => seen.length === 1)
    t.match(seen, [{ ids: [7], jobId: /./, attempt: 1 }])
  })

  contract('the trace of the wish comes with the job', async (t, lab) => {
    const queues = await lab.openQueues()
    const seen: RefreshJob[] = []
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    await queues.enqueueRefresh(7, { traceId })
    await queues.enqueueRefresh(7, { traceId: 'f'.repeat(32) })
    await lab.process(queues, { refresh: async job => { seen.push(job) } })
    await until(() => seen.length === 1)
    t.same(seen, [{ ids: [7], trace_id: traceId }])
    await t.rejects(queues.enqueueRefresh(8, { traceId: 'a secret' }), { code: 'INS_JOB_INVALID' })
  })

  contract('the jobs of every queue are counted, each in one state', async (t, lab) => {
    const queues = await lab.openQueues()
    const none = { waiting: 0, delayed: 0, active: 0, failed: 0 }
    t.same(await queues.countJobs(), { refresh: none, maintenance: none })
    const gate = createGate()
    await lab.process(queues, {
      refresh: async ({ ids: [id] }) => {
        if (id === 1) throw new AppError('INS_INTERNAL', 'Not retryable')
        if (id === 2) throw new AppError('INS_STORE_UNAVAILABLE', 'Later')
        await gate.opened
      }
    }, { refreshConcurrency: 1 })
    await queues.enqueueRefresh(1)
    await queues.enqueueRefresh(2)
    await until(async () => (await queues.countJobs()).refresh.delayed === 1)
    await queues.enqueueRefresh(3)
    await until(async () => (await queues.countJobs()).refresh.active === 1)
    await queues.enqueueRefresh(4)
    await queues.enqueueRefreshBatch([5, 6])
    await until(async () => (await queues.countJobs()).refresh.waiting >= 2)
    const { refresh } = await queues.countJobs()
    t.equal(refresh.failed, 1)
    t.equal(refresh.active, 1)
    t.equal(refresh.waiting + refresh.delayed, 3, 'the one to be repeated, whose time may have come by now, and two more')
    gate.open()
  })

  contract('fault 33: while a refresh waits nothing is added for the same insight', async (t, lab) => {
    const queues = await lab.openQueues()
    for (const id of [7, 7, 8, 7]) await queues.enqueueRefresh(id)
    t.match(await queues.countRefreshJobs(), { waiting: 2, active: 0 })
  })

  contract('fault 33: asked for four times around an active refresh it runs exactly once more', async (t, lab) => {
    const queues = await lab.openQueues()
    const gate = createGate()
    const runs: RefreshJob[] = []
    await lab.process(queues, { refresh: async job => { runs.push(job); await gate.opened } })
    await queues.enqueueRefresh(7)
    await until(() => runs.length === 1)
    for (let count = 0; count < 3; count++) await queues.enqueueRefresh(7)
    t.equal(runs.length, 1, 'not while the first one runs')
    gate.open()
    await until(async () => (await queues.countRefreshJobs()).waiting === 0 && runs.length === 2)
    await queues.enqueueRefresh(8)
    await until(() => runs.length === 3)
    t.same(runs, [{ ids: [7] }, { ids: [7] }, { ids: [8] }])
  })

  contract('a refresh asked for while a failing one is active runs all the same', async (t, lab) => {
    const queues = await lab.openQueues()
    const gate = createGate()
    let runs = 0
    await lab.process(queues, {
      refresh: async () => {
        runs++
        if (runs > 1) return
        await gate.opened
        throw new AppError('INS_INTERNAL', 'Not retryable')
      }
    })
    await queues.enqueueRefresh(7)
    await until(() => runs === 1)
    await queues.enqueueRefresh(7)
    gate.open()
    await until(() => runs === 2)
    t.equal((await queues.countRefreshJobs()).failed, 1)
  })

  contract('an insight whose refresh has ended can be asked for again at once', async (t, lab) => {
    const queues = await lab.openQueues()
    let runs = 0
    await lab.process(queues, { refresh: async () => { runs++ } })
    for (const expected of [1, 2, 3]) {
      await queues.enqueueRefresh(7)
      await until(async () => runs === expected && (await queues.countRefreshJobs()).active === 0)
    }
    t.equal(runs, 3)
  })

  contract('a batch is cut into jobs of bounded size with each id once and in order', async (t, lab) => {
    const queues = await lab.openQueues()
    const ids = Array.from({ length: 2 * MAX_IDS_PER_REFRESH_JOB + 1 }, (_, index) => index + 1)
    await queues.enqueueRefreshBatch([...ids, 5, 6])
    t.equal((await queues.countRefreshJobs()).waiting, 3)
    const jobs: RefreshJob[] = []
    await lab.process(queues, { refresh: async job => { jobs.push(job) } }, { refreshConcurrency: 1 })
    await until(() => jobs.length === 3)
    t.same(jobs.map(job => job.ids.length), [MAX_IDS_PER_REFRESH_JOB, MAX_IDS_PER_REFRESH_JOB, 1])
    t.same(jobs.flatMap(job => job.ids), ids)
  })

  contract('a batch of no ids adds no job', async (t, lab) => {
    const queues = await lab.openQueues()
    await queues.enqueueRefreshBatch([])
    t.same(await queues.countRefreshJobs(), { waiting: 0, delayed: 0, active: 0, failed: 0 })
  })

  contract('a batch does not stand in the way of an on-demand refresh of the same insight', async (t, lab) => {
    const queues = await lab.openQueues()
    await queues.enqueueRefreshBatch([7])
    await queues.enqueueRefresh(7)
    t.equal((await queues.countRefreshJobs()).waiting, 2)
  })

  contract('on-demand refreshes overtake a backlog of batches', async (t, lab) => {
    const queues = await lab.openQueues()
    const gate = createGate()
    const order: number[] = []
    const refresh = async (job: RefreshJob): Promise<void> => { order.push(...job.ids); await gate.opened }
    await lab.process(queues, { refresh }, { refreshConcurrency: 1 })
    await queues.enqueueRefresh(1)
    await until(() => order.length === 1)
    for (const id of [10, 11, 12]) await queues.enqueueRefreshBatch([id])
    for (const id of [2, 3]) await queues.enqueueRefresh(id)
    gate.open()
    await until(() => order.length === 6)
    t.same(order, [1, 2, 3, 10, 11, 12])
  })

  contract('an id that no insight can have is refused and nothing is added', async (t, lab) => {
    const queues = await lab.openQueues()
    for (const id of BAD_IDS) {
      await t.rejects(queues.enqueueRefresh(id), { code: 'INS_JOB_INVALID' }, `${id} alone`)
      await t.rejects(queues.enqueueRefreshBatch([1, id]), { code: 'INS_JOB_INVALID' }, `${id} in a batch`)
    }
    t.equal((await queues.countRefreshJobs()).waiting, 0)
  })

  contract('fault 32: a refresh that waits can be dropped, and nothing else goes with it', async (t, lab) => {
    const queues = await lab.openQueues()
    for (const id of [7, 8]) await queues.enqueueRefresh(id)
    await queues.enqueueRefreshBatch([7, 9])
    await queues.dropRefresh(7)
    await queues.dropRefresh(7)
    await queues.dropRefresh(404)
    t.match(await queues.countRefreshJobs(), { waiting: 2 })
    await queues.enqueueRefresh(7)
    t.match(await queues.countRefreshJobs(), { waiting: 3 }, 'it can be asked for again')
    const seen: number[][] = []
    await lab.process(queues, { refresh: async job => { seen.push(job.ids) } }, { refreshConcurrency: 1 })
    await until(() => seen.length === 3)
    t.same(seen.sort(), [[7], [7, 9], [8]])
    for (const id of BAD_IDS) await t.rejects(queues.dropRefresh(id), { code: 'INS_JOB_INVALID' })
  })

  contract('fault 32: dropping leaves an active refresh to end, and takes one that waits for its next attempt', async (t, lab) => {
    const queues = await lab.openQueues({ retryPauseMs: 600_000 })
    const gate = createGate()
    let runs = 0
    await lab.process(queues, {
      refresh: async () => {
        runs++
        await gate.opened
        throw new AppError('INS_STORE_UNAVAILABLE', 'Later')
      }
    })
    await queues.enqueueRefresh(7)
    await until(() => runs === 1)
    await queues.dropRefresh(7)
    t.match(await queues.countRefreshJobs(), { active: 1 })
    gate.open()
    await until(async () => (await queues.countRefreshJobs()).delayed === 1)
    await queues.dropRefresh(7)
    t.same(await queues.countRefreshJobs(), { waiting: 0, delayed: 0, active: 0, failed: 0 })
  })

  contract('a job that was added outlives the queues that added it', async (t, lab) => {
    const first = await lab.openQueues()
    await first.enqueueRefresh(7)
    await first.close()
    const second = await lab.openQueues()
    t.equal((await second.countRefreshJobs()).waiting, 1)
  })

  contract('a job added by one process is run by another', async (t, lab) => {
    const producer = await lab.openQueues()
    const seen: RefreshJob[] = []
    await lab.process(await lab.openQueues(), { refresh: async job => { seen.push(job) } })
    await producer.enqueueRefresh(7)
    await until(() => seen.length === 1)
    t.same(seen, [{ ids: [7] }])
  })
}
