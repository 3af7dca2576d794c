import type { Test } from 'tap'
import { createGate, until } from '../until.js'
import { createLab, type Lab, type QueueBackendForTests } from './lab.js'

const CLOSED = { code: 'INS_QUEUE_UNAVAILABLE' }

/** What `JobQueues` promises of closing, and of being asked how it is. */
export function closingContract (t: Test, name: string, open: (t: Test) => Promise<QueueBackendForTests>): void {
  const contract = (title: string, test: (t: Test, lab: Lab) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async t => { await test(t, createLab(t, await open(t))) })
  }

  contract('closing lets active jobs end and starts no others', async (t, lab) => {
    const queues = await lab.openQueues()
    const gate = createGate()
    let started = 0
    let ended = 0
    const refresh = async (): Promise<void> => { started++; await gate.opened; ended++ }
    const processing = await lab.process(queues, { refresh }, { refreshConcurrency: 2 })
    for (const id of [1, 2, 3]) await queues.enqueueRefresh(id)
    await until(() => started === 2)
    let isClosed = false
    const closing = processing.close().then(() => { isClosed = true })
    await queues.ping()
    t.equal(isClosed, false, 'not before the jobs have ended')
    gate.open()
    await closing
    t.same({ started, ended }, { started: 2, ended: 2 })
    t.same(await queues.countRefreshJobs(), { waiting: 1, delayed: 0, active: 0, failed: 0 })
  })

  contract('processing can be closed twice and started anew', async (t, lab) => {
    const queues = await lab.openQueues()
    const first = await lab.process(queues, {})
    await first.close()
    await first.close()
    let runs = 0
    await lab.process(queues, { refresh: async () => { runs++ } })
    await queues.enqueueRefresh(7)
    await until(() => runs === 1)
    t.equal(runs, 1)
  })

  contract('closing the queues stops the keeping of the schedule', async (t, lab) => {
    const queues = await lab.openQueues()
    await queues.schedulePlanner(50)
    await queues.close()
    const others = await lab.openQueues()
    const maintenance = others.queues.find(queue => queue.name === 'maintenance')
    await maintenance?.removeJobScheduler('plan')
    t.equal(await maintenance?.getJobSchedulersCount(), 0)
  })

  contract('every call on closed queues is rejected', async (t, lab) => {
    const queues = await lab.openQueues()
    await queues.close()
    await queues.close()
    await t.rejects(queues.enqueueRefresh(7), CLOSED)
    await t.rejects(queues.enqueueRefreshBatch([7]), CLOSED)
    await t.rejects(queues.schedulePlanner(1_000), CLOSED)
    await t.rejects(queues.startProcessing({ refresh: async () => {}, plan: async () => {} }), CLOSED)
    await t.rejects(queues.countRefreshJobs(), CLOSED)
    await t.rejects(queues.ping(), CLOSED)
  })

  contract('a ping is answered', async (t, lab) => {
    const queues = await lab.openQueues()
    await t.resolves(queues.ping())
    await t.resolves(queues.ping(5_000))
  })

  contract('the queues are there for a dashboard', async (t, lab) => {
    const queues = await lab.openQueues()
    await queues.enqueueRefresh(7)
    t.same(queues.queues.map(queue => queue.name), ['refresh', 'maintenance'])
    t.match(await queues.queues[0]?.getJobCounts(), { waiting: 1 })
  })

  contract('jobs of paused queues count as waiting', async (t, lab) => {
    const queues = await lab.openQueues()
    await queues.queues[0]?.pause()
    await queues.enqueueRefresh(7)
    t.equal((await queues.countRefreshJobs()).waiting, 1)
  })

  contract('a pace that is no whole number of milliseconds is refused', async (t, lab) => {
    const queues = await lab.openQueues()
    for (const everyMs of [0, -5, 1.5, Number.NaN]) await t.rejects(queues.schedulePlanner(everyMs), RangeError)
  })
}
