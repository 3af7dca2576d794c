import { t } from 'tap'
import { AppError } from '@insights/shared'
import type { InsightStore } from '@insights/storage'
import { buildBareApi, noStores } from './build-test-api.js'

/** The one method that readiness asks for, in the states that it can be in. */
const storeWith = (ping: InsightStore['ping']): InsightStore => ({ ping } as InsightStore)

t.test('the process is alive even when the store is away and the service stops', async t => {
  const { app } = await buildBareApi(t, { ...noStores, isReady: () => false })
  const answer = await app.inject('/livez')
  t.equal(answer.statusCode, 200)
  t.same(answer.json(), { status: 'ok' })
})

t.test('the service is ready when its store answers', async t => {
  const { app } = await buildBareApi(t, { ...noStores, store: storeWith(async () => {}) })
  const answer = await app.inject('/readyz')
  t.equal(answer.statusCode, 200)
  t.same(answer.json(), { status: 'ready' })
})

t.test('the service is not ready while it starts or stops, and does not bother the store', async t => {
  let isReady = true
  const { app } = await buildBareApi(t, { ...noStores, store: storeWith(async () => {}), isReady: () => isReady })
  t.equal((await app.inject('/readyz')).statusCode, 200)
  isReady = false
  const answer = await app.inject('/readyz')
  t.equal(answer.statusCode, 503)
  t.match(answer.headers['retry-after'], /^[1-9]\d*$/)
  t.equal(answer.json().code, 'INS_SERVICE_BUSY')
})

t.test('the service is not ready when its store is away or hangs', async t => {
  const failures: Array<InsightStore['ping']> = [
    async () => { throw new AppError('INS_STORE_UNAVAILABLE', 'host mongo-7') },
    async () => { throw new Error('host mongo-7') },
    async () => await new Promise(() => {})
  ]
  for (const ping of failures) {
    const { app, logged } = await buildBareApi(t, { ...noStores, store: storeWith(ping) })
    const answer = await app.inject('/readyz')
    t.equal(answer.statusCode, 503)
    t.match(answer.headers['retry-after'], /^[1-9]\d*$/)
    t.equal(answer.json().code, 'INS_STORE_UNAVAILABLE')
    t.notMatch(answer.payload, /mongo-7/)
    t.ok(logged.some(line => line.level === 50 && line.code === 'INS_STORE_UNAVAILABLE'))
  }
})

t.test('probes that go well leave nothing in the log', async t => {
  const { app, logged } = await buildBareApi(t, { ...noStores, store: storeWith(async () => {}) })
  await app.inject('/livez')
  await app.inject('/readyz')
  t.same(logged.filter(line => line.request_id !== undefined), [])
})
