import { t } from 'tap'
import { createMetrics } from '@insights/metrics'
import { openQueues } from '@insights/queue'
import type { CountLoader, CountOutcome } from '@insights/platforms'
import { defaultFields } from '@insights/shared'
import { startWorker } from '../src/worker.js'
import { EXAMPLE_2, openStage } from './open-stage.js'

const { store, db, depsWith, find } = await openStage(t)

async function until (isThere: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + 30_000
  while (Date.now() < deadline) {
    if (await isThere()) return true
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  return false
}

t.test('a running worker refreshes what is enqueued, and what nobody enqueued', async t => {
  const deps = depsWith(t)
  const queues = await openQueues({ backend: { kind: 'embedded', db }, log: deps.log })
  t.teardown(async () => { await queues.close() })
  const metrics = createMetrics()
  const worker = await startWorker({ ...deps, queues, metrics }, { plannerIntervalMs: 200, concurrency: 5 })

  const asked = await store.create(EXAMPLE_2)
  await queues.enqueueRefresh(asked.id)
  t.ok(await until(async () => (await find(asked.id)).refresh.done === 1))
  t.equal((await find(asked.id)).score, 7)

  const forgotten = await store.create({ ...defaultFields(), has_about: true })
  t.ok(await until(async () => (await find(forgotten.id)).refresh.done === 1), 'the planner finds it')

  const { text } = await metrics.render()
  t.match(text, /^insights_refreshes_total\{outcome="saved"\} 2$/m)
  t.match(text, /^insights_source_lookups_total\{platform="youtube",outcome="ok"\} 1$/m)
  t.match(text, /^insights_refresh_run_duration_seconds_count 2$/m)

  await worker.close()
  const late = await store.create(EXAMPLE_2)
  await queues.enqueueRefresh(late.id)
  t.match((await find(late.id)).refresh, { done: 0, is_running: false }, 'a closed worker takes no more')
  t.equal((await queues.countRefreshJobs()).waiting, 1, 'the job waits for the next worker')
})

/** A platform that answers when `open` is called. */
function holdBack (): { open: () => void, youtube: CountLoader } {
  let open = (): void => {}
  const gate = new Promise<CountOutcome>(resolve => { open = () => { resolve({ kind: 'ok', count: 30 }) } })
  return { open, youtube: { platform: 'youtube', load: async () => await gate } }
}

t.test('insights get their other counts while a platform holds back its answers to more of them than there are places', async t => {
  await db.exec('truncate insights.insights')
  const deps = depsWith(t)
  const queues = await openQueues({ backend: { kind: 'embedded', db }, log: deps.log })
  t.teardown(async () => { await queues.close() })
  const { open, youtube } = holdBack()
  const platforms = { ...deps.platforms, youtube }
  const ids: number[] = []
  for (let n = 0; n < 3; n++) {
    ids.push((await store.create(EXAMPLE_2)).id)
    await queues.enqueueRefresh(ids[n] ?? 0)
  }
  const worker = await startWorker({ ...deps, platforms, queues, metrics: createMetrics() }, { plannerIntervalMs: 200, concurrency: 1, platformTimeoutMs: 600_000 })
  const states = async (platform: string): Promise<unknown[]> => await Promise.all(ids.map(async id =>
    (await find(id)).sources.find(source => source.platform === platform)?.state))
  t.ok(await until(async () => (await states('soundcloud')).every(state => state === 'ok')), 'one place is enough for all')
  t.same(await states('youtube'), ['pending', 'pending', 'pending'])
  open()
  t.ok(await until(async () => (await states('youtube')).every(state => state === 'ok')))
  for (const id of ids) t.match((await find(id)).refresh, { is_running: false, is_pending: false, done: 1 })
  await worker.close()
})

t.test('a worker that closes finishes what waits without a place', async t => {
  await db.exec('truncate insights.insights')
  const deps = depsWith(t)
  const queues = await openQueues({ backend: { kind: 'embedded', db }, log: deps.log })
  t.teardown(async () => { await queues.close() })
  const { open, youtube } = holdBack()
  const platforms = { ...deps.platforms, youtube }
  const ids = [(await store.create(EXAMPLE_2)).id, (await store.create(EXAMPLE_2)).id]
  for (const id of ids) await queues.enqueueRefresh(id)
  const worker = await startWorker({ ...deps, platforms, queues, metrics: createMetrics() }, { plannerIntervalMs: 200, concurrency: 1, platformTimeoutMs: 600_000 })
  t.ok(await until(async () => (await Promise.all(ids.map(find))).every(({ sources }) => sources[1]?.state === 'ok')))
  t.ok(await until(async () => (await queues.countRefreshJobs()).active === 0), 'no place is taken')
  const closed = worker.close()
  open()
  await closed
  for (const id of ids) t.match((await find(id)).refresh, { done: 1, is_pending: false, is_running: false })
})
