import { t } from 'tap'
import { findRedis } from '@insights/testkit'
import { findMongo } from '@insights/testkit/mongo-server'
import { buildArtist, isComplete, postArtists } from '../support/artists.js'
import { openProductionStack } from '../support/production-stack.js'

const skip = findMongo().skipOwn || findRedis().skipOwn

t.test('a MongoDB that dies, freezes or steps down is said so at once, and nothing acknowledged is lost', { skip }, async t => {
  const stack = await openProductionStack(t)
  const { mongo } = stack
  const { api, url, end: endApi } = await stack.startApi(t)
  const worker = await stack.startWorker(t)
  let next = 1
  const numbers = (count: number): number => (next += count) - count
  const [first = 0] = await postArtists(api, numbers(1), 1)
  await api.refreshed(first)

  /** What a client sees of a store that is away: 503 with a time to come back, soon; alive and not ready. */
  const assertAway = async (title: string): Promise<void> => {
    for (const call of [async () => await api.get(`/api/user_insights/${first}`), async () => await api.post('/api/user_insights/', buildArtist(1))]) {
      const start = performance.now()
      const { status, headers, body } = await call()
      t.comment(`${title}: answered after ${Math.round(performance.now() - start)} ms`)
      t.match([status, body.code], [503, 'INS_STORE_UNAVAILABLE'], title)
      t.ok(Number(headers.get('retry-after')) > 0, `${title}: the client is told when to come back`)
    }
    t.equal((await fetch(`${url}/livez`)).status, 200, `${title}: alive`)
    t.equal((await fetch(`${url}/readyz`)).status, 503, `${title}: not ready`)
  }

  await t.test('fault 15: killed under load, every acknowledged insight is there afterwards and gets refreshed', async t => {
    const ids = await postArtists(api, numbers(50), 50)
    await mongo.kill()
    await assertAway('killed')
    await mongo.restart()
    t.equal(ids.length, 50)
    for (const id of ids) {
      const { body } = await api.refreshed(id)
      if (!isComplete(body)) t.fail(`insight ${id} is not complete`, body)
    }
  })

  await t.test('fault 15: frozen, it is said so in time, and all goes on when it thaws', async t => {
    await mongo.pause()
    await assertAway('frozen')
    mongo.resume()
    const deadline = Date.now() + 30_000
    while ((await fetch(`${url}/readyz`)).status !== 200 && Date.now() < deadline) { /* its answer is the pause */ }
    const [id = 0] = await postArtists(api, numbers(1), 1)
    t.ok(isComplete((await api.refreshed(id)).body))
  })

  await t.test('fault 14: a step-down during writes is retried or said so, and what was acknowledged is there once', async t => {
    await mongo.failCommand({ failCommands: ['insert', 'update', 'findAndModify'], times: 3, errorCode: 189, errorLabels: ['RetryableWriteError'] })
    const ids = await postArtists(api, numbers(20), 20)
    await mongo.stopFailing()
    t.equal(new Set(ids).size, ids.length)
    t.ok(ids.length >= 17, `${ids.length} of 20 acknowledged`)
    for (const id of ids) t.ok(isComplete((await api.refreshed(id)).body))
  })

  t.equal((await worker.end('SIGTERM')).code, 0)
  t.equal((await endApi('SIGTERM')).code, 0)
})
