import { once } from 'node:events'
import { createServer, request as sendRequest, type IncomingHttpHeaders } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { t, type Test } from 'tap'
import { createMetrics, type Metrics } from '@insights/metrics'
import { openQueues } from '@insights/queue'
import { AppError, createToken, hashToken, type Scope } from '@insights/shared'
import { createPgliteInsightStore, createPgliteTokenStore, migratePglite } from '@insights/storage/pglite'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { startListener, type ListenerOptions } from '../src/index.js'
import { keepLog } from './open-stage.js'

const db = await openMemoryDatabase()
await migratePglite(db)
const store = createPgliteInsightStore(db)
const tokens = createPgliteTokenStore(db)
const queues = await openQueues({ backend: { kind: 'embedded', db }, log: keepLog() })
t.teardown(async () => {
  await queues.close()
  await db.close()
})

interface Answer { status: number, headers: IncomingHttpHeaders, body: string }

interface Stage {
  url: string
  metrics: Metrics
  messages: string[]
  ask: (path: string, options?: { method?: string, authorization?: string }) => Promise<Answer>
}

async function start (t: Test, changes: Partial<ListenerOptions> = {}): Promise<Stage> {
  const metrics = createMetrics()
  const log = keepLog()
  const listener = await startListener({ host: '127.0.0.1', port: 0, store, queues, tokens, metrics, isReady: () => true, log, ...changes })
  t.teardown(listener.close)
  return {
    url: listener.url,
    metrics,
    messages: log.messages,
    ask: async (path, { method = 'GET', authorization } = {}) => await new Promise((resolve, reject) => {
      const headers = authorization === undefined ? {} : { authorization }
      const sent = sendRequest(`${listener.url}${path}`, { method, headers, agent: false }, response => {
        let body = ''
        response.on('data', chunk => { body += String(chunk) })
        response.on('end', () => { resolve({ status: response.statusCode ?? 0, headers: response.headers, body }) })
      })
      sent.on('error', reject)
      sent.end()
    })
  }
}

async function addToken (scopes: Scope[], changes: { expires_at?: string } = {}): Promise<string> {
  const token = createToken()
  await tokens.add({ hash: hashToken(token), name: 'test', scopes, expires_at: null, ...changes })
  return token
}

const away = async (): Promise<never> => { throw new AppError('INS_STORE_UNAVAILABLE', 'a password of the driver') }
const hang = async (): Promise<never> => await new Promise(() => {})

t.test('a live process says so to everybody', async t => {
  const { ask } = await start(t, { isReady: () => false, store: { ping: away, backlog: away } })
  for (const path of ['/livez', '/livez/', '/livez?verbose']) t.match(await ask(path), { status: 200, body: '{"status":"ok"}' }, path)
  t.match(await ask('/livez', { method: 'HEAD' }), { status: 200, headers: { 'content-length': '15' }, body: '' })
})

t.test('a worker is ready when store and queue answer', async t => {
  let isReady = true
  const { ask } = await start(t, { isReady: () => isReady })
  t.match(await ask('/readyz'), { status: 200, body: '{"status":"ready"}' })
  isReady = false
  t.match(await ask('/readyz'), { status: 503, headers: { 'retry-after': '2', 'content-type': 'application/problem+json' } })
})

t.test('a worker whose store or queue is away is not ready, and does not say why', async t => {
  const queueAway = async (): Promise<never> => { throw new AppError('INS_QUEUE_UNAVAILABLE', 'a password of the driver') }
  const cases: Array<[Partial<ListenerOptions>, string]> = [
    [{ store: { ...store, ping: away } }, 'INS_STORE_UNAVAILABLE'],
    [{ queues: { ...queues, ping: queueAway } }, 'INS_QUEUE_UNAVAILABLE'],
    [{ store: { ...store, ping: hang } }, 'INS_STORE_UNAVAILABLE']
  ]
  for (const [changes, code] of cases) {
    const { ask, messages } = await start(t, changes)
    const { status, headers, body } = await ask('/readyz')
    t.equal(status, 503)
    t.match(JSON.parse(body), { type: `urn:insights:error:${code}`, status: 503, code, request_id: headers['x-request-id'] })
    t.notMatch(body, 'password')
    t.same(messages, ['a probe or scrape failed'])
  }
})

t.test('metrics are for tokens with the scope metrics or admin', async t => {
  const { ask, metrics } = await start(t)
  metrics.countEnqueueFailure()
  const token = await addToken(['metrics'])
  const { status, headers, body } = await ask('/metrics', { authorization: `Token ${token}` })
  t.equal(status, 200)
  t.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  t.match(body, /^insights_enqueue_failures_total 1$/m)
  t.match(body, /^insights_store_up 1$/m)
  t.match(body, /^insights_queue_jobs\{queue="refresh",state="waiting"\} 0$/m)
  t.match(await ask('/metrics', { authorization: `Bearer ${await addToken(['admin'])}` }), { status: 200 })
  const password = Buffer.from(`prometheus:${token}`).toString('base64')
  t.match(await ask('/metrics', { authorization: `Basic ${password}` }), { status: 200 })
  t.match(await ask('/metrics'), { status: 401, headers: { 'www-authenticate': 'Basic realm="insights"' }, body: /INS_AUTH_MISSING/ })
  t.match(await ask('/metrics', { authorization: 'Token unknown' }), { status: 401, body: /INS_AUTH_INVALID/ })
  t.match(await ask('/metrics', { authorization: `Token ${await addToken(['read', 'write'])}` }), { status: 403, body: /INS_AUTH_SCOPE/ })
})

t.test('an expired or revoked token opens nothing', async t => {
  const { ask } = await start(t)
  const expired = await addToken(['metrics'], { expires_at: '2020-01-01T00:00:00.000Z' })
  t.match(await ask('/metrics', { authorization: `Token ${expired}` }), { status: 401 })
  const revoked = await addToken(['metrics'])
  t.match(await ask('/metrics', { authorization: `Token ${revoked}` }), { status: 200 })
  await tokens.revoke((await tokens.findByHash(hashToken(revoked)))?.id ?? '')
  t.match(await ask('/metrics', { authorization: `Token ${revoked}` }), { status: 401 })
})

t.test('a scrape during an outage is answered and says what is away', async t => {
  const token = await addToken(['metrics'])
  let isAway = false
  const { ask } = await start(t, {
    store: { ping: hang, backlog: async () => isAway ? await hang() : await store.backlog() },
    tokens: { ...tokens, findByHash: async hash => isAway ? await hang() : await tokens.findByHash(hash) },
    queues: { ...queues, countJobs: away }
  })
  t.match((await ask('/metrics', { authorization: `Token ${token}` })).body, /^insights_store_up 1$/m)
  isAway = true
  const { status, body } = await ask('/metrics', { authorization: `Token ${token}` })
  t.equal(status, 200)
  t.match(body, /^insights_store_up 0$/m)
  t.match(body, /^insights_queue_up 0$/m)
  t.notMatch(body, /^insights_(due_insights|oldest_due_age_seconds|queue_jobs)/m)
})

t.test('other paths and methods are problems', async t => {
  const { ask } = await start(t)
  for (const path of ['/', '/nothing', '/metrics/x', '/__proto__', '/constructor']) {
    t.match(await ask(path), { status: 404, headers: { 'content-type': 'application/problem+json' }, body: /INS_ROUTE_UNKNOWN/ }, path)
  }
  for (const method of ['POST', 'DELETE', 'OPTIONS']) {
    t.match(await ask('/readyz', { method }), { status: 405, headers: { allow: 'GET, HEAD' }, body: /INS_ROUTE_METHOD/ }, method)
  }
})

t.test('a port in use is refused by name', async t => {
  const busy = createServer().listen(0, '127.0.0.1')
  await once(busy, 'listening')
  t.teardown(() => { busy.close() })
  const { port } = busy.address() as AddressInfo
  await t.rejects(start(t, { port }), { code: 'INS_ADDRESS_UNUSABLE', message: /EADDRINUSE.*WORKER_PORT/ })
})

t.test('closing does not wait for connections on which nothing is asked', async t => {
  const options = { host: '127.0.0.1', port: 0, store, queues, tokens, metrics: createMetrics(), isReady: () => true, log: keepLog() }
  const listener = await startListener(options)
  const socket = connect(Number(new URL(listener.url).port), '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  await once(socket, 'connect')
  const closed = once(socket, 'close')
  await listener.close()
  await closed
  t.ok(socket.destroyed)
})
