import type { Queue } from 'bullmq'
import type { Test } from 'tap'
import type { JobQueues } from '../../src/port.js'
import { until } from '../until.js'
import { createLab, type Lab, type QueueBackendForTests } from './lab.js'

const EVERY_MS = 50
/** Recovery and limits so short that a beat which never comes is noticed within a test. */
const QUICK = { lockMs: 1_000, stalledCheckMs: 50 }
const HOUR_MS = 3_600_000

function maintenanceOf (queues: JobQueues): Queue {
  const queue = queues.queues.find(queue => queue.name === 'maintenance')
  if (queue === undefined) throw new Error('There is no maintenance queue')
  return queue
}

/** What `JobQueues` promises of the planner's schedule. */
export function plannerContract (t: Test, name: string, open: (t: Test) => Promise<QueueBackendForTests>): void {
  const contract = (title: string, test: (t: Test, lab: Lab) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async t => { await test(t, createLab(t, await open(t))) })
  }
  /** Queues whose planner counts its beats. */
  const openPlanned = async (lab: Lab): Promise<{ queues: JobQueues, beats: () => number }> => {
    const queues = await lab.openQueues(QUICK)
    let beats = 0
    await lab.process(queues, { plan: async () => { beats++ } })
    return { queues, beats: () => beats }
  }
  const untilItBeats = async (beats: () => number): Promise<void> => {
    const before = beats()
    await until(() => beats() >= before + 3)
  }

  contract('a scheduled planner runs again and again', async (t, lab) => {
    const { queues, beats } = await openPlanned(lab)
    t.equal(beats(), 0)
    await queues.schedulePlanner(EVERY_MS)
    await untilItBeats(beats)
    t.match(await maintenanceOf(queues).getJobSchedulers(), [{ key: 'plan', every: EVERY_MS }])
  })

  contract('the first plan runs at once', async (t, lab) => {
    const { queues, beats } = await openPlanned(lab)
    await queues.schedulePlanner(HOUR_MS)
    await until(() => beats() === 1)
    t.equal(beats(), 1)
  })

  contract('scheduling again and from many sides makes no second schedule', async (t, lab) => {
    const { queues, beats } = await openPlanned(lab)
    const others = [await lab.openQueues(QUICK), await lab.openQueues(QUICK)]
    await Promise.all([queues, ...others, ...others].map(async each => { await each.schedulePlanner(EVERY_MS) }))
    await untilItBeats(beats)
    const maintenance = maintenanceOf(queues)
    t.equal(await maintenance.getJobSchedulersCount(), 1)
    t.ok(await maintenance.getDelayedCount() <= 1, 'one next plan')
  })

  contract('scheduling again changes the pace', async (t, lab) => {
    const { queues, beats } = await openPlanned(lab)
    await queues.schedulePlanner(HOUR_MS)
    await queues.schedulePlanner(EVERY_MS)
    await untilItBeats(beats)
    t.match(await maintenanceOf(queues).getJobSchedulers(), [{ every: EVERY_MS }])
  })

  contract('a lost schedule is made again', async (t, lab) => {
    const { queues, beats } = await openPlanned(lab)
    await queues.schedulePlanner(EVERY_MS)
    await untilItBeats(beats)
    await maintenanceOf(queues).obliterate({ force: true })
    await untilItBeats(beats)
    t.equal(await maintenanceOf(queues).getJobSchedulersCount(), 1)
  })

  contract('a schedule that a clock set back has left far ahead beats again', async (t, lab) => {
    const { queues, beats } = await openPlanned(lab)
    await queues.schedulePlanner(EVERY_MS)
    await untilItBeats(beats)
    const maintenance = maintenanceOf(queues)
    await maintenance.removeJobScheduler('plan')
    await maintenance.upsertJobScheduler('plan', { every: EVERY_MS, startDate: Date.now() + HOUR_MS }, { name: 'plan' })
    await untilItBeats(beats)
    t.equal(await maintenance.getJobSchedulersCount(), 1)
  })

  contract('fault 26: a plan that hangs is given up and logged, and the next one runs', async (t, lab) => {
    const queues = await lab.openQueues({ ...QUICK, planLimitMs: 100 })
    let beats = 0
    await lab.process(queues, {
      plan: async () => { if (++beats === 1) await new Promise<void>(() => {}) }
    })
    await queues.schedulePlanner(EVERY_MS)
    await until(() => beats >= 3)
    t.ok(lab.log.entries.some(entry => entry.level === 'error' && entry.details.err?.message.includes('did not end within')))
  })

  contract('fault 26: a plan that fails is logged, and the next one runs', async (t, lab) => {
    const queues = await lab.openQueues(QUICK)
    let beats = 0
    await lab.process(queues, {
      plan: async () => { if (++beats === 1) throw new Error('The store is away') }
    })
    await queues.schedulePlanner(EVERY_MS)
    await until(() => beats >= 3)
    t.ok(lab.log.entries.some(entry => entry.level === 'error' && entry.details.err?.message === 'The store is away'))
  })

  contract('fault 26: a plan that kills its worker three times is given up, and the next one runs', async (t, lab) => {
    const queues = await lab.openQueues(QUICK)
    await queues.schedulePlanner(HOUR_MS)
    const maintenance = maintenanceOf(queues)
    const poison = await lab.takeAndDie('maintenance')
    for (let death = 2; death <= 3; death++) {
      await until(async () => { await lab.checkStalled('maintenance'); return await maintenance.getActiveCount() === 0 })
      t.equal(await lab.takeAndDie('maintenance'), poison, `the same plan for the ${death}. time`)
    }
    let beats = 0
    await lab.process(queues, { plan: async () => { beats++ } })
    await until(async () => await maintenance.getFailedCount() === 1)
    t.equal(beats, 0, 'the poison was not started again')
    await queues.schedulePlanner(EVERY_MS)
    await until(() => beats >= 3)
  })
}
