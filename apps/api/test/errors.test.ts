import { t } from 'tap'
import { AppError, ERRORS, type ErrorCode } from '@insights/shared'
import type { InsightStore } from '@insights/storage'
import { anyToken, buildBareApi, noStores, type BareApi } from './build-test-api.js'
import type { Test } from 'tap'

/** The app on a store whose `find` does as told: what is tested here is what becomes of that. */
async function buildWith (t: Test, find: InsightStore['find'], requestTimeoutMs = 10_000): Promise<BareApi> {
  return await buildBareApi(t, { ...noStores, tokens: anyToken, store: { find } as InsightStore }, { requestTimeoutMs })
}

const get = { url: '/api/user_insights/7?a=b', headers: { authorization: 'Token any', 'x-request-id': 'from-the-caller' } }

t.test('an unforeseen error shows nothing of itself to the client and everything to the log', async t => {
  const { app, logged } = await buildWith(t, async () => { throw new TypeError('secret of the driver', { cause: new Error('deeper') }) })
  const answer = await app.inject(get)
  t.equal(answer.statusCode, 500)
  t.match(answer.headers['content-type'], /^application\/problem\+json/)
  t.same(answer.json(), {
    type: 'urn:insights:error:INS_INTERNAL',
    title: 'Something went wrong',
    status: 500,
    detail: 'The log of the service has the cause under this request_id.',
    code: 'INS_INTERNAL',
    request_id: 'from-the-caller'
  })
  const line = logged.find(line => line.level === 50)
  t.match(line, { request_id: 'from-the-caller', code: 'INS_INTERNAL', err: { type: 'TypeError', message: /secret of the driver/, stack: String } })
})

t.test('whatever is thrown is answered', async t => {
  const thrown = [undefined, null, 'text', 5, {}, { statusCode: 404 }, Object.assign(new Error('a'), { statusCode: 200 }), Object.assign(new Error('b'), { code: 7 })]
  for (const value of thrown) {
    const { app } = await buildWith(t, async () => { throw value })
    const { statusCode, headers } = await app.inject(get)
    t.ok(statusCode === 500 || statusCode === 400, `${String(value)}: ${statusCode}`)
    t.match(headers['content-type'], /^application\/problem\+json/)
  }
})

t.test('each of our errors is answered with its status, those that belong to no request as INS_INTERNAL', async t => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { injectUncompared, logged } = await buildWith(t, async () => { throw new AppError(code, 'a message for clients') })
    const answer = await injectUncompared(get)
    const { status } = ERRORS[code]
    t.equal(answer.statusCode, status ?? 500, code)
    t.match(answer.json(), { status: status ?? 500, code: status === null ? 'INS_INTERNAL' : code })
    t.equal(answer.payload.includes('a message for clients'), status !== null && status < 500, 'only errors of clients are explained')
    t.equal(logged.some(line => line.level === 50), status === null || status >= 500, 'only errors of ours are logged as such')
  }
})

t.test('a request that is refused leaves one line, with the code and without the query', async t => {
  const { app, logged } = await buildWith(t, async () => null)
  await app.inject(get)
  const lines = logged.filter(line => line.request_id === 'from-the-caller')
  t.match(lines, [{ level: 30, method: 'GET', path: '/api/user_insights/7', status: 404, code: 'INS_INSIGHT_UNKNOWN', ms: Number }])
  t.equal(lines.length, 1)
})

t.test('an answer that takes too long is a problem, and the request that caused it is named in the log', async t => {
  const { app, logged } = await buildWith(t, async () => await new Promise(() => {}), 50)
  const answer = await app.inject(get)
  t.equal(answer.statusCode, 503)
  t.equal(answer.json().code, 'INS_SERVICE_BUSY')
  t.match(answer.headers['retry-after'], /^[1-9]\d*$/)
  t.ok(logged.some(line => line.level === 50 && line.request_id === 'from-the-caller'))
})

t.test('a plain request id is taken over, anything else is replaced', async t => {
  const { app } = await buildWith(t, async () => null)
  for (const requestId of ['a', 'A-1_b.c:d', 'x'.repeat(128)]) {
    const { headers } = await app.inject({ url: '/nothing', headers: { 'x-request-id': requestId } })
    t.equal(headers['x-request-id'], requestId)
  }
  for (const requestId of ['', ' ', 'a b', 'x'.repeat(129), 'é', '{"a":1}', 'a,b']) {
    const answer = await app.inject({ url: '/nothing', headers: { 'x-request-id': requestId } })
    t.match(answer.headers['x-request-id'], /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/)
    t.equal(answer.json().request_id, answer.headers['x-request-id'])
  }
})

t.test('every answer forbids caching and guessing', async t => {
  const { app } = await buildWith(t, async () => null)
  for (const request of [get, { url: '/livez' }, { url: '/nothing' }, { url: '/api/user_insights/%' }, { method: 'OPTIONS' as const, url: '/livez' }]) {
    const { headers } = await app.inject(request)
    t.match(headers, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': String }, request.url)
  }
})
