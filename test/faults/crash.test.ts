import { setTimeout as delay } from 'node:timers/promises'
import { t } from 'tap'
import { createApiClient, startService, type ApiClient } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'

const TOKEN = 'a-token-of-our-own-choice-for-the-tests'
const KILLS = 20
const WRITERS = 8

interface Acknowledged { id: number, marker: number }

/** Posts insights, each with a number of its own, until the service dies under it. */
async function writeUntilDeath (api: ApiClient, next: () => number, acknowledged: Acknowledged[]): Promise<void> {
  for (;;) {
    const marker = next()
    try {
      const { status, body } = await api.post('/api/user_insights/', {
        connects: marker,
        twitter_handle: `artist${marker % 1_000}`,
        works: [{ item_id: `video${String(marker % 1_000_000).padStart(6, '0')}`, source_type: 1, is_individual_work: true, in_app_plays: marker }]
      })
      if (status === 201) acknowledged.push({ id: body.id, marker })
    } catch {
      return // the connection broke: nothing was acknowledged
    }
  }
}

t.test(`killed ${KILLS} times under load: all acknowledged insights are there, refreshed, and no id is used twice`, async t => {
  const dir = await makeDataDirectory(t)
  const env = { DATA_DIR: dir, BOOTSTRAP_TOKEN: TOKEN, LOG_LEVEL: 'error', PLANNER_INTERVAL_SECONDS: '1' }
  const start = async () => await startService({ env, node: ['apps/standalone/dist/main.js'] })
  const acknowledged: Acknowledged[] = []
  let markers = 0
  for (let kill = 1; kill <= KILLS; kill++) {
    const service = await start()
    const api = createApiClient(service.url, TOKEN)
    const before = acknowledged.length
    const writers = Array.from({ length: WRITERS }, async () => { await writeUntilDeath(api, () => ++markers, acknowledged) })
    while (acknowledged.length === before) await delay(1)
    await delay(Math.random() * 500) // anywhere between a write, its job, the calls and their result
    await service.end('SIGKILL')
    await Promise.all(writers)
  }

  const service = await start()
  t.teardown(async () => { await service.end('SIGKILL') })
  const api = createApiClient(service.url, TOKEN)
  t.equal(new Set(acknowledged.map(one => one.id)).size, acknowledged.length, 'no id twice')
  t.comment(`${acknowledged.length} insights acknowledged over ${KILLS} kills`)
  for (const { id, marker } of acknowledged) {
    const { status, body } = await api.refreshed(id)
    const isWhole = status === 200 && body.connects === marker && Number(body.insight_score) > 0 &&
      typeof body.twitter_followers_count === 'number' && typeof body.works[0].non_app_plays === 'number'
    if (!isWhole) t.fail(`insight ${id} is not whole`, { status, body })
  }
  t.ok(acknowledged.length >= KILLS)
  t.equal((await service.end('SIGTERM')).code, 0)
})
