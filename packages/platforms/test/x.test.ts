import t from 'tap'
import { openXClient } from '../src/x.js'
import { answerFrom, openFake, testSettings, type PlatformDialect } from './contract/dialect.js'
import { failureOf, platformClientContract } from './contract/platform-client-contract.js'
import { sendJson } from './fake-server.js'

const TOKEN = 'secret-x-bearer'
const NOT_FOUND = 'https://api.twitter.com/2/problems/resource-not-found'
const CREDITS = 'https://api.twitter.com/2/problems/credits'

/** Replies write handles in capitals that nobody asked for. */
const dialect: PlatformDialect = {
  platform: 'x',
  id: n => `artist_${n}`,
  variants: id => [id.toUpperCase(), ` @${id} `, `@@${id}`, `https://x.com/${id}`, `twitter.com/${id}?lang=en`],
  invalid: ['', '@', 'two words', 'bad-name', 'a'.repeat(16), 'https://x.com/home', 'https://example.com/artist', '\u212Aelvin'],
  secrets: [TOKEN],
  open: (baseUrl, settings) => openXClient({ baseUrl, bearerToken: TOKEN }, settings),
  asked: request => (request.query.get('usernames') ?? '').split(','),
  writeCount: count => String(count),
  badCounts: ['-1', '1.5', '1e400', '9007199254740993', '"42"', 'null', 'true', '[]', '{}'],
  answer: (_, response, { found, missing }) => {
    const data = found.map(([id, count]) => `{"id":"1","username":"${id.toUpperCase()}","public_metrics":{"followers_count":${count}}}`)
    const errors = missing.map(id => JSON.stringify({ value: id, title: 'Not Found Error', resource_id: id, parameter: 'usernames', type: NOT_FOUND }))
    const parts = [...data.length > 0 ? [`"data":[${data.join()}]`] : [], ...errors.length > 0 ? [`"errors":[${errors.join()}]`] : []]
    sendJson(response, `{${parts.join()}}`)
  }
}

platformClientContract(t, dialect)

t.test('the request asks for public metrics with the token in a header', async t => {
  const { client, lookups } = await openFake(t, dialect, answerFrom(dialect, new Map([['gigpro', 4546]])))
  t.strictSame(await client.fetchCounts(['@GigPro']), [{ kind: 'ok', count: 4546 }])
  const [request] = lookups()
  t.equal(request?.path, '/some/prefix/2/users/by')
  t.equal(request?.query.get('usernames'), 'gigpro')
  t.equal(request?.query.get('user.fields'), 'public_metrics')
  t.equal(request?.headers.authorization, `Bearer ${TOKEN}`)
})

t.test('with every account missing there is no data, and all are not found', async t => {
  const { client } = await openFake(t, dialect, answerFrom(dialect, new Map()))
  t.strictSame(await client.fetchCounts(['a', 'b']), [{ kind: 'not_found' }, { kind: 'not_found' }])
})

t.test('a suspended account is not found, on either host of the problem types', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendJson(response, {
    errors: [
      { value: 'Alpha', title: 'Forbidden', detail: 'User has been suspended', type: NOT_FOUND },
      { resource_id: 'beta', type: 'https://api.x.com/2/problems/resource-not-found' }
    ]
  }))
  t.strictSame(await client.fetchCounts(['alpha', 'beta']), [{ kind: 'not_found' }, { kind: 'not_found' }])
})

t.test('an account mentioned nowhere in a sound reply is not found', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendJson(response, {
    data: [{ username: 'alpha', public_metrics: { followers_count: 1 } }]
  }))
  t.strictSame(await client.fetchCounts(['alpha', 'beta']), [{ kind: 'ok', count: 1 }, { kind: 'not_found' }])
})

t.test('a problem of another kind fails its account alone', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendJson(response, {
    data: [{ username: 'alpha', public_metrics: { followers_count: 1 } }],
    errors: [{ resource_id: 'beta', type: 'https://api.x.com/2/problems/something-else' }]
  }))
  const [alpha, beta] = await client.fetchCounts(['alpha', 'beta'])
  t.strictSame(alpha, { kind: 'ok', count: 1 })
  t.match(failureOf(beta), { reason: 'transient', code: 'INS_PLATFORM_STATUS' })
})

t.test('an error of the whole call in a good reply makes no account unknown', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendJson(response, { errors: [{ code: 88, message: 'x' }] }))
  t.match(failureOf((await client.fetchCounts(['alpha']))[0]), { reason: 'transient', code: 'INS_PLATFORM_REPLY' })
})

t.test('an account without metrics names the missing field', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendJson(response, { data: [{ username: 'alpha' }] }))
  t.match(failureOf((await client.fetchCounts(['alpha']))[0])?.detail, '/data/0/public_metrics')
})

const now = testSettings.clock.now()
const seconds = (ahead: number): string => String(now / 1000 + ahead)
const cases: Array<[string, number, unknown, Record<string, string>, Record<string, unknown>]> = [
  ['the token is refused', 401, { title: 'Unauthorized', type: 'about:blank', status: 401 }, {}, { reason: 'auth', code: 'INS_PLATFORM_AUTH' }],
  ['the app is not enrolled', 403, { title: 'Client Forbidden', type: 'https://api.twitter.com/2/problems/client-forbidden' }, {}, { reason: 'auth' }],
  ['the kind of token is wrong', 403, { type: 'https://api.twitter.com/2/problems/unsupported-authentication' }, {}, { reason: 'auth' }],
  ['the credits are used up', 402, { title: 'CreditsDepleted', account_id: 1, type: CREDITS }, {}, { reason: 'quota', code: 'INS_PLATFORM_QUOTA', retryAt: null }],
  ['the spend cap is reached', 403, { title: 'SpendCapReached', reset_date: '2026-12-13', type: CREDITS }, {}, { reason: 'quota', retryAt: Date.parse('2026-12-13T00:00:00Z') }],
  ['the spend cap ends at a nonsense date', 403, { title: 'SpendCapReached', reset_date: '9999-99-99' }, {}, { reason: 'quota', retryAt: null }],
  ['the rate limit is reached', 429, { title: 'Too Many Requests' }, { 'x-rate-limit-reset': seconds(600), 'x-rate-limit-remaining': '0' }, { reason: 'throttled', retryAt: now + 602_000 }],
  ['the rate limit is reached with calls remaining', 429, { errors: [{ code: 88 }] }, { 'x-rate-limit-reset': seconds(60), 'x-rate-limit-remaining': '7' }, { reason: 'throttled', retryAt: now + 62_000 }],
  ['the reset has passed', 429, {}, { 'x-rate-limit-reset': seconds(-5) }, { reason: 'throttled', retryAt: null }],
  ['the reset is absurd', 429, {}, { 'x-rate-limit-reset': '99999999999' }, { reason: 'throttled', retryAt: null }],
  ['there are no headers', 429, {}, {}, { reason: 'throttled', retryAt: null }],
  ['a handle is malformed after all', 400, { title: 'Invalid Request' }, {}, { reason: 'request', code: 'INS_PLATFORM_REQUEST' }],
  ['the server fails', 500, { title: 'Internal Server Error', status: 500 }, {}, { reason: 'transient', code: 'INS_PLATFORM_STATUS' }]
]
for (const [what, status, body, headers, failure] of cases) {
  t.test(`when ${what}, the failure is ${String(failure.reason)}`, async t => {
    const { client } = await openFake(t, dialect, (_, response) => {
      sendJson(response, body, status, { ...headers, 'content-type': 'application/problem+json' })
    })
    t.match(failureOf((await client.fetchCounts(['alpha']))[0]), failure)
  })
}
