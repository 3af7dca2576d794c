import t from 'tap'
import { createSandboxClock, PUBLISHED_LIMITS } from '../src/index.js'
import { open, request, x, xHandles, type Json } from './requests.js'

const handles = (count: number) => Array.from({ length: count }, (_, index) => `user_${index}`)
const lastSegment = (type: string) => type.split('/').at(-1)

t.test('users come back with metrics as numbers and their handle in its own case', async t => {
  const sandbox = await open(t)
  const { status, json } = await xHandles(sandbox, 'gigpro', 'NASA')
  t.equal(status, 200)
  t.equal(json.data[0].username, 'Gigpro')
  t.equal(json.data[0].public_metrics.followers_count, 4546)
  t.match(json.data[1].id, /^\d+$/)
  t.type(json.data[1].public_metrics.followers_count, 'number')
  t.notOk('errors' in json)
})

t.test('handles are the same account in any case', async t => {
  const sandbox = await open(t)
  sandbox.entities.set('x', 'Some_One', { count: 12 })
  const { json } = await xHandles(sandbox, 'some_one', 'SOME_ONE', 'GIGPRO')
  t.same(json.data.map((user: Json) => user.public_metrics.followers_count), [12, 4546])
})

t.test('metrics are there only when asked for', async t => {
  const sandbox = await open(t)
  const headers = { authorization: `Bearer ${sandbox.credentials.x.bearerToken}` }
  const { json } = await request(`${sandbox.baseUrls.x}/2/users/by?usernames=nasa`, { headers })
  t.same(Object.keys(json.data[0]).sort(), ['id', 'name', 'username'])
})

t.test('one user is found by handle, and by the id that was answered', async t => {
  const sandbox = await open(t)
  const byHandle = await x(sandbox, '/2/users/by/username/gigpro')
  t.equal(byHandle.json.data.public_metrics.followers_count, 4546)
  const byId = await x(sandbox, '/2/users', { ids: `${byHandle.json.data.id},12345678901234567` })
  t.equal(byId.json.data[0].username, 'Gigpro')
  t.equal(byId.json.data[1].id, '12345678901234567')
})

t.test('a renamed account is found by id only', async t => {
  const sandbox = await open(t)
  const { id } = (await xHandles(sandbox, 'before')).json.data[0]
  sandbox.entities.set('x', 'before', 'renamed')
  t.notOk('data' in (await xHandles(sandbox, 'before')).json)
  t.equal((await x(sandbox, '/2/users', { ids: id })).json.data[0].username, 'New_before')
})

t.test('missing and suspended accounts are errors beside the data', async t => {
  const sandbox = await open(t)
  sandbox.entities.set('x', 'gone_user', 'missing')
  sandbox.entities.set('x', 'bad_user', 'suspended')
  sandbox.entities.set('x', 'shy_user', 'protected')
  const { status, json } = await xHandles(sandbox, 'gone_user', 'bad_user', 'shy_user')
  t.equal(status, 200)
  t.equal(json.data.length, 1)
  t.type(json.data[0].public_metrics.followers_count, 'number')
  t.match(json.errors[0], { value: 'gone_user', title: 'Not Found Error', parameter: 'usernames', resource_id: 'gone_user' })
  t.match(json.errors[1], { value: 'bad_user', title: 'Forbidden', detail: 'User has been suspended: [bad_user].' })
  t.same(json.errors.map((error: Json) => lastSegment(error.type)), ['resource-not-found', 'resource-not-found'])
})

t.test('when all are missing there is no data key, still with status 200', async t => {
  const sandbox = await open(t)
  sandbox.entities.set('x', 'gone_user', 'missing')
  const { status, json } = await xHandles(sandbox, 'gone_user')
  t.equal(status, 200)
  t.same(Object.keys(json), ['errors'])
  t.same(Object.keys((await x(sandbox, '/2/users/by/username/gone_user')).json), ['errors'])
})

t.test('one malformed handle fails the whole call', async t => {
  const sandbox = await open(t)
  const { status, json } = await xHandles(sandbox, 'nasa', 'bad-name')
  t.equal(status, 400)
  t.equal(json.title, 'Invalid Request')
  t.same(json.errors[0].parameters, { usernames: ['bad-name'] })
  t.match(json.errors[0].message, '[bad-name] does not match ^[A-Za-z0-9_]{1,15}$')
  t.equal((await x(sandbox, '/2/users', { ids: '12,x' })).status, 400)
})

t.test('100 handles pass, 101 and none are refused', async t => {
  const sandbox = await open(t)
  t.equal((await xHandles(sandbox, ...handles(100))).json.data.length, 100)
  const tooMany = await xHandles(sandbox, ...handles(101))
  t.equal(tooMany.status, 400)
  t.match(tooMany.json.errors[0].message, 'list [101] is not between 1 and 100')
  const none = await xHandles(sandbox)
  t.equal(none.status, 400)
  t.match(none.json.errors[0].message, 'can not be empty')
})

t.test('a bad token is a 401, an app without enrolment a 403', async t => {
  const sandbox = await open(t)
  const { status, json, headers } = await request(`${sandbox.baseUrls.x}/2/users/by?usernames=a`)
  t.equal(status, 401)
  t.same(json, { title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'Unauthorized' })
  t.match(headers.get('x-rate-limit-reset'), /^\d{10}$/)
  sandbox.settings.set({ x: { app: 'client_forbidden' } })
  const forbidden = await xHandles(sandbox, 'nasa')
  t.equal(forbidden.status, 403)
  t.equal(lastSegment(forbidden.json.type), 'client-forbidden')
  sandbox.settings.set({ x: { app: 'unsupported_authentication' } })
  t.equal(lastSegment((await xHandles(sandbox, 'nasa')).json.type), 'unsupported-authentication')
})

t.test('version 1.1 is gone', async t => {
  const sandbox = await open(t)
  t.equal((await x(sandbox, '/1.1/users/lookup.json')).status, 404)
  sandbox.settings.set({ x: { legacyStatus: 410 } })
  t.equal((await x(sandbox, '/1.1/users/lookup.json')).status, 410)
  t.equal((await x(sandbox, '/2/tweets')).status, 404)
})

t.test('published limits: call 301 within 15 minutes is refused, and rate headers count down on every answer', async t => {
  const clock = createSandboxClock(Date.parse('2026-11-23T10:00:00.000Z'))
  clock.freeze()
  const sandbox = await open(t, { clock, settings: PUBLISHED_LIMITS })
  const first = await xHandles(sandbox, 'nasa')
  t.equal(first.headers.get('x-rate-limit-limit'), '300')
  t.equal(first.headers.get('x-rate-limit-remaining'), '299')
  t.equal(first.headers.get('x-rate-limit-reset'), String(Date.parse('2026-11-23T10:15:00.000Z') / 1000))
  for (let call = 2; call <= 300; call++) await xHandles(sandbox, 'nasa')
  const refused = await xHandles(sandbox, 'nasa')
  t.equal(refused.status, 429)
  t.match(refused.json, { title: 'Too Many Requests', type: 'about:blank', status: 429 })
  t.equal(refused.headers.get('x-rate-limit-remaining'), '0')
  clock.set(Date.parse('2026-11-23T10:15:00.000Z'))
  t.equal((await xHandles(sandbox, 'nasa')).headers.get('x-rate-limit-remaining'), '299')
})

t.test('each user is charged once per UTC day, missing ones only on demand', async t => {
  const clock = createSandboxClock(Date.parse('2026-11-23T23:59:59.000Z'))
  clock.freeze()
  const sandbox = await open(t, { clock })
  sandbox.entities.set('x', 'gone_user', 'missing')
  await xHandles(sandbox, 'a', 'b', 'gone_user')
  await xHandles(sandbox, 'B', 'c')
  clock.advance(1000)
  await xHandles(sandbox, 'a')
  sandbox.settings.set({ x: { chargeMissing: true } })
  await xHandles(sandbox, 'gone_user')
  t.same(sandbox.calls.list('x').map(call => call.cost), [0.02, 0.01, 0.01, 0.01])
  t.equal(sandbox.calls.totals('x').cost, 0.05)
})

t.test('without credits every call is a 402 whose account id is a number beyond 2^53', async t => {
  const sandbox = await open(t, { settings: { x: { creditDollars: 0.02 } } })
  t.equal((await xHandles(sandbox, 'a', 'b')).status, 200)
  const { status, json, text } = await xHandles(sandbox, 'c')
  t.equal(status, 402)
  t.equal(json.title, 'CreditsDepleted')
  t.equal(lastSegment(json.type), 'credits')
  t.match(text, '"account_id":1234567890123456789,')
})

t.test('the spend cap is a 403 with a date, and lifts on that date', async t => {
  const clock = createSandboxClock(Date.parse('2026-12-30T12:00:00.000Z'))
  clock.freeze()
  const sandbox = await open(t, { clock, settings: { x: { spendCapDollars: 0.01 } } })
  t.equal((await xHandles(sandbox, 'a')).status, 200)
  const capped = await xHandles(sandbox, 'b')
  t.equal(capped.status, 403)
  t.match(capped.json, { title: 'SpendCapReached', reset_date: '2027-01-01' })
  t.equal(lastSegment(capped.json.type), 'credits')
  clock.set(Date.parse('2027-01-01T00:00:00.000Z'))
  t.equal((await xHandles(sandbox, 'b')).status, 200)
})

t.test('a 429 can leave calls remaining, or come without headers, or in the old form', async t => {
  const sandbox = await open(t)
  const next = async (error: string) => {
    sandbox.faults.add({ platform: 'x', kind: 'error', error })
    const reply = await xHandles(sandbox, 'nasa')
    t.equal(reply.status, 429, error)
    return reply
  }
  t.equal((await next('tooManyRequests')).headers.get('x-rate-limit-remaining'), '0')
  t.equal((await next('tooManyRequestsRemaining')).headers.get('x-rate-limit-remaining'), '42')
  t.equal((await next('tooManyRequestsNoHeaders')).headers.get('x-rate-limit-reset'), null)
  t.same((await next('rateLimit88')).json, { errors: [{ code: 88, message: 'Rate limit exceeded' }] })
})

t.test('every known error can be asked for', async t => {
  const sandbox = await open(t)
  const expected: Json = { creditsDepleted: 402, spendCapReached: 403, internalError: 500, unavailable: 503, gatewayTimeout: 504 }
  for (const error of sandbox.faults.errorNames('x')) {
    sandbox.faults.add({ platform: 'x', kind: 'error', error })
    const { status } = await xHandles(sandbox, 'nasa')
    t.ok(status >= 400, `${error} gives ${status}`)
    if (expected[error] !== undefined) t.equal(status, expected[error], error)
  }
})

t.test('a partial answer leaves a user out of data and errors', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'x', kind: 'partial', ids: ['b'] })
  const { json } = await xHandles(sandbox, 'a', 'b')
  t.equal(json.data.length, 1)
  t.notOk('errors' in json)
})
