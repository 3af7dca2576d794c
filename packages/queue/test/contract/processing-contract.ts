import { AppError, type RefreshJob } from '@insights/shared'
import type { Test } from 'tap'
import type { LogEntry } from '../recording-log.js'
import { createGate, until } from '../until.js'
import { createLab, type Lab, type QueueBackendForTests } from './lab.js'

const QUICK_RETRIES = { retryPauseMs: 10 }
const QUICK_RECOVERY = { stalledCheckMs: 50 }
const WAKE_UPS = 20
const IDLE_POLL_MS = 5_000
const SECRET = 'mongodb://user:hunter2@host'

function givenUpEntries (lab: Lab): LogEntry[] {
  return lab.log.entries.filter(entry => entry.message === 'The job failed and is given up')
}

/** The log is written last: what it tells has been recorded before. */
async function untilGivenUp (lab: Lab, count: number): Promise<void> {
  await until(() => givenUpEntries(lab).length === count)
}

/** What `JobQueues` promises of running jobs. */
export function processingContract (t: Test, name: string, open: (t: Test) => Promise<QueueBackendForTests>): void {
  const contract = (title: string, test: (t: Test, lab: Lab) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async t => { await test(t, createLab(t, await open(t))) })
  }

  contract('an idle worker is woken by a new job', async (t, lab) => {
    const queues = await lab.openQueues({ idlePollMs: IDLE_POLL_MS })
    let startedAt = 0
    await lab.process(queues, { refresh: async () => { startedAt = performance.now() } })
    const waits: number[] = []
    for (let count = 0; count < WAKE_UPS; count++) {
      await until(async () => (await queues.countRefreshJobs()).active === 0)
      startedAt = 0
      const addedAt = performance.now()
      await queues.enqueueRefresh(7)
      await until(() => startedAt > 0)
      waits.push(startedAt - addedAt)
    }
    waits.sort((a, b) => a - b)
    t.comment(`from add to start: p50 ${waits[WAKE_UPS / 2]?.toFixed(1)} ms, max ${waits.at(-1)?.toFixed(1)} ms`)
    t.ok((waits.at(-1) ?? Infinity) < 2_000, 'far sooner than its next look')
  })

  contract('a failing refresh is tried five times with pauses between and then kept as failed', async (t, lab) => {
    const queues = await lab.openQueues(QUICK_RETRIES)
    const attempts: number[] = []
    await lab.process(queues, {
      refresh: async (_job, { attempt }) => {
        attempts.push(attempt)
        throw new AppError('INS_STORE_UNAVAILABLE', 'The store is away')
      }
    })
    await queues.enqueueRefresh(7)
    await untilGivenUp(lab, 1)
    t.equal((await queues.countRefreshJobs()).failed, 1)
    t.same(attempts, [1, 2, 3, 4, 5])
    t.equal(lab.log.entries.filter(entry => entry.message === 'The job failed and will be tried again').length, 4)
    const [givenUp] = givenUpEntries(lab)
    t.match(givenUp, { level: 'error', details: { queue: 'refresh', job_id: /./, attempt: 5, insight_ids: [7] } })
    const [job] = await queues.queues[0]?.getJobs('failed') ?? []
    t.equal(job?.failedReason, 'INS_STORE_UNAVAILABLE: The store is away')
  })

  contract('a refresh that waits for its next attempt counts as waiting', async (t, lab) => {
    const queues = await lab.openQueues({ retryPauseMs: 60_000 })
    await lab.process(queues, { refresh: async () => { throw new AppError('INS_STORE_UNAVAILABLE', 'The store is away') } })
    await queues.enqueueRefresh(7)
    await until(async () => (await queues.countRefreshJobs()).delayed === 1)
    t.same(await queues.countRefreshJobs(), { waiting: 1, delayed: 1, active: 0, failed: 0 })
  })

  contract('an error that no repetition mends is not repeated', async (t, lab) => {
    const queues = await lab.openQueues(QUICK_RETRIES)
    let runs = 0
    await lab.process(queues, { refresh: async () => { runs++; throw new AppError('INS_PLATFORM_REQUEST', 'No use') } })
    await queues.enqueueRefresh(7)
    await until(async () => (await queues.countRefreshJobs()).failed === 1)
    t.equal(runs, 1)
  })

  contract('a job keeps nothing of an error that is not ours, and the log gets it', async (t, lab) => {
    const queues = await lab.openQueues(QUICK_RETRIES)
    await lab.process(queues, { refresh: async () => { throw Object.assign(new Error(SECRET), { params: [SECRET] }) } })
    await queues.enqueueRefresh(7)
    await untilGivenUp(lab, 1)
    const [job] = await queues.queues[0]?.getJobs('failed') ?? []
    t.notMatch(JSON.stringify(job), 'hunter2')
    const logged = givenUpEntries(lab)[0]?.details.err
    t.match(logged, { message: SECRET })
    t.notOk(Object.keys(logged ?? {}).includes('params'), 'a driver hangs parameters on its errors')
  })

  contract('a job with unknown data or name is given up, and the next ones run', async (t, lab) => {
    const queues = await lab.openQueues(QUICK_RETRIES)
    const [refresh] = queues.queues
    await refresh?.add('refresh', { ids: ['seven'] })
    await refresh?.add('refresh', { ids: [] })
    await refresh?.add('refreshing', { ids: [7] })
    const seen: RefreshJob[] = []
    await lab.process(queues, { refresh: async job => { seen.push(job) } })
    await queues.enqueueRefresh(8)
    await untilGivenUp(lab, 3)
    await until(() => seen.length === 1)
    t.equal((await queues.countRefreshJobs()).failed, 3)
    t.same(seen, [{ ids: [8] }])
    const logged = givenUpEntries(lab)
    t.ok(logged.every(entry => entry.details.err?.message.startsWith('INS_JOB_INVALID')))
    t.equal(logged.filter(entry => 'insight_ids' in entry.details).length, 1, 'data that nobody knows are not logged')
  })

  contract('fault 48: jobs that an earlier or a later release has written are run', async (t, lab) => {
    const queues = await lab.openQueues()
    const [refresh, maintenance] = queues.queues
    // The first release knew ids alone, and had other options than a later one may have.
    await refresh?.add('refresh', { ids: [1] })
    await refresh?.add('refresh', { ids: [2], trace_id: 'f'.repeat(32), reason: 'patched', hints: { platforms: ['x'] } }, { attempts: 9, priority: 3 })
    await maintenance?.add('plan', {})
    await maintenance?.add('plan', { limit: 5 })
    const seen: RefreshJob[] = []
    let plans = 0
    await lab.process(queues, { refresh: async job => { seen.push(job) }, plan: async () => { plans++ } })
    await until(() => seen.length === 2 && plans === 2)
    t.match(seen.sort((a, b) => (a.ids[0] ?? 0) - (b.ids[0] ?? 0)), [{ ids: [1] }, { ids: [2], trace_id: /^f+$/ }])
    await until(async () => (await queues.countRefreshJobs()).active === 0)
    t.same(lab.log.entries.filter(({ level }) => level !== 'info'), [], 'none was given up')
  })

  contract('no more refreshes run at once than were allowed', async (t, lab) => {
    const queues = await lab.openQueues()
    const gate = createGate()
    let active = 0
    let most = 0
    let runs = 0
    const refresh = async (): Promise<void> => {
      most = Math.max(most, ++active)
      await gate.opened
      active--
      runs++
    }
    await lab.process(queues, { refresh }, { refreshConcurrency: 3 })
    for (let id = 1; id <= 8; id++) await queues.enqueueRefresh(id)
    await until(() => active === 3)
    t.match(await queues.countRefreshJobs(), { waiting: 5, active: 3 })
    gate.open()
    await until(() => runs === 8)
    t.equal(most, 3)
  })

  contract('a refresh whose worker died is run by a live one', async (t, lab) => {
    const queues = await lab.openQueues(QUICK_RECOVERY)
    await queues.enqueueRefresh(7)
    const jobId = await lab.takeAndDie('refresh')
    t.match(await queues.countRefreshJobs(), { waiting: 0, active: 1 })
    const seen: unknown[] = []
    await lab.process(queues, { refresh: async (job, context) => { seen.push({ ...job, ...context }) } })
    await until(() => seen.length === 1)
    t.same(seen, [{ ids: [7], jobId, attempt: 2, isOnDemand: true }])
    t.ok(lab.log.has('warn', 'lost its worker'))
  })

  contract('a refresh asked for while a dead worker holds the insight is not lost', async (t, lab) => {
    const queues = await lab.openQueues(QUICK_RECOVERY)
    await queues.enqueueRefresh(7)
    await lab.takeAndDie('refresh')
    await queues.enqueueRefresh(7)
    let runs = 0
    await lab.process(queues, { refresh: async () => { runs++ } })
    await until(() => runs === 2)
    t.equal(runs, 2)
  })

  contract('fault 25: a refresh that kills its worker three times is given up, and the next ones run', async (t, lab) => {
    const queues = await lab.openQueues(QUICK_RECOVERY)
    await queues.enqueueRefresh(7)
    for (let death = 1; death <= 3; death++) {
      t.ok(await lab.takeAndDie('refresh'), `taken for the ${death}. time`)
      await until(async () => {
        await lab.checkStalled('refresh')
        return (await queues.countRefreshJobs()).active === 0
      })
    }
    const seen: RefreshJob[] = []
    await lab.process(queues, { refresh: async job => { seen.push(job) } })
    await queues.enqueueRefresh(8)
    await untilGivenUp(lab, 1)
    await until(() => seen.length === 1)
    t.same(seen, [{ ids: [8] }])
    t.equal((await queues.countRefreshJobs()).failed, 1)
  })
}
