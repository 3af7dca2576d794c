import { t } from 'tap'
import { createMetrics } from '@insights/metrics'
import { openQueues } from '@insights/queue'
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
