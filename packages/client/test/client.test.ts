import { t } from 'tap'
import { createInsightsClient, InsightsError, type InsightsClient, type Retry } from '../src/index.js'
import { startScriptedServer } from './scripted-server.js'

const server = await startScriptedServer(t)
const retries: Retry[] = []
const insights = createInsightsClient({ baseUrl: `${server.url}/`, token: 'a-token', onRetry: retry => { retries.push(retry) } })

const PROBLEM = {
  type: 'urn:insights:error:INS_REQUEST_INVALID',
  title: 'The request is not valid',
  status: 400,
  detail: 'The request has 2 faults.',
  code: 'INS_REQUEST_INVALID',
  request_id: 'the-id-of-the-request',
  errors: [
    { pointer: '/connects', code: 'range', detail: 'must be a whole number from 0 to 9007199254740991' },
    { pointer: '', code: 'type', detail: 'must be an object' }
  ]
}

async function failureOf (call: Promise<unknown>): Promise<InsightsError> {
  const error = await call.then(() => null, (reason: unknown) => reason)
  if (!(error instanceof InsightsError)) throw new Error(`It did not fail as it should: ${String(error)}`)
  return error
}

const read = async (client: InsightsClient = insights): Promise<unknown> => await client.GET('/api/user_insights/{id}', { params: { path: { id: 7 } } })

t.test('a call is sent with the token, and its answer is the body and the response', async t => {
  server.play({ status: 201, headers: { etag: '"1"' }, body: { id: 7 } })
  const { data, response } = await insights.POST('/api/user_insights', { body: { connects: 2 } })
  t.equal(data.id, 7)
  t.equal(response.status, 201)
  t.equal(response.headers.get('etag'), '"1"')
  t.match(server.received, [{
    method: 'POST', url: '/api/user_insights', headers: { authorization: 'Token a-token', 'content-type': 'application/json' }, body: '{"connects":2}'
  }])
})

t.test('a text is answered as a text, and an answer without a body as undefined', async t => {
  server.play({ status: 200, headers: { 'content-type': 'text/plain; version=0.0.4' }, body: 'metrics' })
  t.equal((await insights.GET('/metrics')).data, '"metrics"')
  server.play({ status: 204 })
  t.equal((await insights.DELETE('/api/tokens/{id}', { params: { path: { id: '0123456789abcdef' } } })).data, undefined)
  server.play({ status: 304 })
  const { data, response } = await insights.GET('/api/user_insights/{id}', { params: { path: { id: 7 }, header: { 'if-none-match': '"1"' } } })
  t.equal(data?.id, undefined)
  t.equal(response.status, 304)
  t.match(server.received, [{ headers: { 'if-none-match': '"1"' } }])
})

t.test('what the service refuses is thrown with all that it says', async t => {
  server.play({ status: 400, headers: { 'retry-after': '2', 'x-request-id': 'the-id-of-the-request' }, body: PROBLEM })
  const error = await failureOf(insights.POST('/api/user_insights', { body: {} }))
  t.equal(error.message, 'POST /api/user_insights: 400 INS_REQUEST_INVALID: The request has 2 faults. ' +
    '/connects must be a whole number from 0 to 9007199254740991. The body must be an object.')
  t.match(error, { name: 'InsightsError', status: 400, code: 'INS_REQUEST_INVALID', requestId: 'the-id-of-the-request', retryAfterMs: 2_000, tries: 1 })
  t.strictSame(error.errors, PROBLEM.errors)
  t.strictSame(error.problem, PROBLEM)
})

t.test('an answer of something else in between is thrown without a code', async t => {
  for (const [headers, body] of [[{ 'content-type': 'text/html' }, '<h1>Not found</h1>'], [{}, null], [{}, { code: 7 }]] as const) {
    server.play({ status: 404, headers: { ...headers, 'x-request-id': 'an-id' }, body })
    const error = await failureOf(read())
    t.match(error, { status: 404, code: null, problem: null, requestId: 'an-id', retryAfterMs: null, errors: [] })
    t.equal(error.message, 'GET /api/user_insights/{id}: 404 the answer is not one of Insights')
  }
})

t.test('a service that is away is thrown with the cause', async t => {
  server.play('cut')
  const error = await failureOf(read(createInsightsClient({ baseUrl: server.url, token: 'a-token', tries: 2 })))
  t.match(error, { status: null, code: null, requestId: null, tries: 2 })
  t.match(error.message, /^GET \/api\/user_insights\/\{id\}: no answer in 2 tries: fetch failed: ./)
  t.ok(error.cause instanceof TypeError)
})

t.test('calls without a key that may be repeated are: all but POSTs, and those POSTs that do no harm', async t => {
  const path = { params: { path: { id: 7 } } }
  const calls: Array<() => Promise<{ data: unknown }>> = [
    async () => await insights.GET('/api/platforms'),
    async () => await insights.PUT('/api/user_insights/{id}', { ...path, body: {} }),
    async () => await insights.PATCH('/api/user_insights/{id}', { ...path, body: {} }),
    async () => await insights.DELETE('/api/user_insights/{id}', path),
    async () => await insights.POST('/api/user_insights/{id}/refresh', path),
    async () => await insights.POST('/api/score', { body: {} })
  ]
  for (const call of calls) {
    server.play('cut', { status: 503 }, { status: 200, body: { id: 7 } })
    t.match(await call(), { data: { id: 7 } })
    t.equal(server.received.length, 3)
    t.equal(new Set(server.received.map(({ body }) => body)).size, 1)
  }
  t.equal(retries.length, 2 * calls.length)
  t.match(retries[0], { method: 'GET', url: `${server.url}/api/platforms`, tries: 1, status: null })
})

t.test('a POST that creates carries a key, the same for its repeats and another for each call', async t => {
  const keys: unknown[] = []
  for (const call of ['a call', 'another call']) {
    server.play('cut', 'cut in the body', { status: 201, body: { id: 7 } })
    t.equal((await insights.POST('/api/user_insights', { body: { external_id: call } })).data.id, 7)
    t.equal(server.received.length, 3)
    t.equal(new Set(server.received.map(({ headers }) => headers['idempotency-key'])).size, 1)
    keys.push(server.received[0]?.headers['idempotency-key'])
  }
  for (const key of keys) t.match(key, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
  t.not(keys[0], keys[1])
})

t.test('a key of the caller is kept, and no other call gets one', async t => {
  server.play({ status: 201, body: { id: 7 } })
  await insights.POST('/api/user_insights', { params: { header: { 'idempotency-key': 'a-key-of-mine' } }, body: {} })
  await insights.POST('/api/score', { body: {} })
  await insights.PUT('/api/user_insights/{id}', { params: { path: { id: 7 } }, body: {} })
  t.same(server.received.map(({ headers }) => headers['idempotency-key']), ['a-key-of-mine', undefined, undefined])
})

t.test('a key of the caller is kept wherever it stands and however it is written, and the call is repeated under it', async t => {
  const given = [
    { headers: { 'Idempotency-Key': 'a-key' } },
    { headers: new Headers({ 'idempotency-key': 'a-key' }) },
    // The types know the name in lower case alone; a program without types may write it as it likes.
    { params: { header: { 'Idempotency-Key': 'a-key' } as object } }
  ]
  for (const init of given) {
    server.play('cut', { status: 201, body: { id: 7 } })
    await insights.POST('/api/user_insights', { ...init, body: {} })
    t.same(server.received.map(({ headers }) => headers['idempotency-key']), ['a-key', 'a-key'])
  }
  server.play('cut', { status: 201, body: { id: 7 } })
  await insights.POST('/api/user_insights', { headers: { 'Idempotency-Key': undefined }, body: {} })
  t.match(server.received.map(({ headers }) => headers['idempotency-key']), [/^[\da-f-]{36}$/, /^[\da-f-]{36}$/], 'one that is undefined is none')
})

t.test('a repeat that comes while the first try is still under way waits for it', async t => {
  server.play('cut', { status: 409, headers: { 'retry-after': '1' }, body: { ...PROBLEM, code: 'INS_IDEMPOTENCY_RUNNING' } }, { status: 201, body: { id: 7 } })
  t.equal((await insights.POST('/api/user_insights', { body: {} })).data.id, 7)
  t.equal(server.received.length, 3)
})

t.test('a longer wait than the deadline is told instead of begun', async t => {
  server.play({ status: 429, headers: { 'retry-after': '60' }, body: { ...PROBLEM, code: 'INS_RATE_LIMITED' } })
  const error = await failureOf(read())
  t.match(error, { status: 429, code: 'INS_RATE_LIMITED', retryAfterMs: 60_000, tries: 1 })
})

t.test('the pause that the service asks for is kept', async t => {
  server.play({ status: 503, headers: { 'retry-after': '1' } }, { status: 200, body: { id: 7 } })
  const startedAt = performance.now()
  await read()
  t.ok(performance.now() - startedAt >= 995)
  t.equal(server.received.length, 2)
})

t.test('a caller who gives up gets the reason, not an error of the service, also in a pause', async t => {
  const reason = new Error('I do not want it any more')
  server.play({ status: 503, headers: { 'retry-after': '20' } })
  const controller = new AbortController()
  const client = createInsightsClient({ baseUrl: server.url, token: 'a-token', onRetry: () => { setImmediate(() => { controller.abort(reason) }) } })
  await t.rejects(client.GET('/api/platforms', { signal: controller.signal }), reason)
  t.equal(server.received.length, 1)
})

t.test('pages are followed by their cursor alone, whatever address the service gives itself', async t => {
  const page = (ids: number[], next: string | null): object => ({ next, previous: null, results: ids.map(id => ({ id })) })
  server.play(
    { status: 200, body: page([1, 2], 'https://insights.example/api/user_insights?cursor=a%2Bb&limit=2&min_score=7') },
    { status: 200, body: page([], 'https://insights.example/api/user_insights?cursor=c') },
    { status: 200, body: page([3], null) }
  )
  const ids: number[] = []
  for await (const { id } of insights.listInsights({ limit: 2, source_state: ['x:ok', 'youtube:stale'] })) ids.push(id)
  t.same(ids, [1, 2, 3])
  const filters = 'limit=2&source_state=x%3Aok&source_state=youtube%3Astale'
  t.same(server.received.map(({ url }) => decodeURIComponent(url)), ['', '&cursor=a+b', '&cursor=c']
    .map(cursor => `/api/user_insights?${decodeURIComponent(filters)}${cursor}`))
})

t.test('lines that break off are an error, not an end', async t => {
  server.play('cut in the body')
  await t.rejects(insights.exportInsights().next())
})

t.test('an address that is none is refused when the client is made', async t => {
  t.throws(() => createInsightsClient({ baseUrl: 'insights', token: 'a-token' }), TypeError)
})
