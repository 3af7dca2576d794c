import { createHmac } from 'node:crypto'
import t from 'tap'
import { openFacebookClient } from '../src/facebook.js'
import { answerFrom, createTestGovernor, openFake, testSettings, type PlatformDialect } from './contract/dialect.js'
import { codeOf, countOf, failureOf, platformClientContract } from './contract/platform-client-contract.js'
import { sendJson, type FakeRequest } from './fake-server.js'
import { GRAPH_ERRORS, errorPart, relativeUrls, sendParts, type Part } from './graph-dialect.js'

const TOKEN = '1234|secret-facebook-token'
const SECRET = 'secret-facebook-app'
const MISSING = errorPart({ code: 100, error_subcode: 33, type: 'GraphMethodException' })
const asked = (request: FakeRequest): string[] => relativeUrls(request).map(url => url.split('?')[0] ?? '')
const page = (id: string, count: string): Part => ({ code: 200, body: `{"id":"${id}","followers_count":${count}}` })

const dialect: PlatformDialect = {
  platform: 'facebook',
  id: n => String(19_292_868_000 + n),
  variants: id => [` ${id}\t`],
  invalid: ['', '1234', '012345678', 'cocacola', '12345678x', '1'.repeat(21), 'https://www.facebook.com/cocacola'],
  secrets: [TOKEN, SECRET],
  open: (baseUrl, settings) => openFacebookClient({ baseUrl, accessToken: TOKEN, appSecret: SECRET }, settings),
  asked,
  writeCount: count => String(count),
  badCounts: ['-1', '1.5', '1e400', '9007199254740993', '"42"', 'null', 'true', '[]', '{}'],
  answer: (request, response, { found }) => {
    const counts = found.values()
    const missing = new Set(asked(request)).size - found.length
    const known = new Set(found.map(([id]) => id))
    sendParts(response, asked(request).map(id => {
      const next = missing > 0 && !known.has(id) ? undefined : counts.next().value
      return next === undefined ? MISSING : page(...next)
    }))
  }
}

platformClientContract(t, dialect)

t.test('the request is a batch of GETs with token and proof outside the address', async t => {
  const { client, lookups } = await openFake(t, dialect, answerFrom(dialect, new Map([['4546477', 4546]])))
  t.strictSame(await client.fetchCounts(['4546477']), [{ kind: 'ok', count: 4546 }])
  const [request] = lookups()
  t.equal(request?.method, 'POST')
  t.equal(request?.target, '/some/prefix/')
  t.equal(request?.headers.authorization, `Bearer ${TOKEN}`)
  t.equal(request?.form.get('appsecret_proof'), createHmac('sha256', SECRET).update(TOKEN).digest('hex'))
  t.equal(request?.form.get('include_headers'), 'false')
  t.equal(request?.form.get('batch'), '[{"method":"GET","relative_url":"4546477?fields=id,followers_count"}]')
})

t.test('an id beyond 2^53 survives the round trip', async t => {
  const id = '98765432109876543210'
  const { client } = await openFake(t, dialect, (_, response) => sendParts(response, [page(id, '12')]))
  t.strictSame(await client.fetchCounts([id]), [{ kind: 'ok', count: 12 }])
})

t.test('a page without a follower count is hidden', async t => {
  const { client } = await openFake(t, dialect, (_, response) => {
    sendParts(response, [{ code: 200, body: '{"id":"12345","fan_count":7}' }])
  })
  t.strictSame(await client.fetchCounts(['12345']), [{ kind: 'hidden' }])
})

t.test('parts that timed out are asked for once more, alone', async t => {
  const ids = [0, 1, 2].map(dialect.id)
  let calls = 0
  const { client, lookups } = await openFake(t, dialect, (request, response) => {
    calls++
    sendParts(response, asked(request).map(id => calls === 1 && id !== ids[1] ? null : page(id, '5')))
  })
  t.strictSame((await client.fetchCounts(ids)).map(countOf), [5, 5, 5])
  t.strictSame(lookups().map(asked), [ids, [ids[0], ids[2]]])
})

t.test('parts that time out again are failures of their ids alone', async t => {
  const ids = [0, 1].map(dialect.id)
  const { client, lookups } = await openFake(t, dialect, (request, response) => {
    sendParts(response, asked(request).map(id => id === ids[0] ? null : page(id, '5')))
  })
  t.strictSame((await client.fetchCounts(ids)).map(codeOf), ['INS_PLATFORM_TIMEOUT', 'ok'])
  t.equal(lookups().length, 2)
})

for (const [what, code, error] of [['throttled', 4, 'INS_PLATFORM_THROTTLED'], ['refused', 190, 'INS_PLATFORM_AUTH']] as const) {
  t.test(`parts that timed out beside one that was ${what} are not asked for once more`, async t => {
    const ids = [0, 1, 2].map(dialect.id)
    const { client, lookups } = await openFake(t, dialect, (_, response) => sendParts(response, [errorPart({ code }), null, null]))
    t.strictSame((await client.fetchCounts(ids)).map(codeOf), [error, 'INS_PLATFORM_TIMEOUT', 'INS_PLATFORM_TIMEOUT'])
    t.equal(lookups().length, 1)
  })
}

t.test('a permission that one page alone asks for keeps no part that timed out from being asked for once more', async t => {
  const ids = [0, 1, 2].map(dialect.id)
  const { client, lookups } = await openFake(t, dialect, (request, response) => {
    sendParts(response, lookups().length > 1 ? asked(request).map(id => page(id, '5')) : [errorPart({ code: 10 }), page(dialect.id(1), '4'), null])
  })
  t.strictSame((await client.fetchCounts(ids)).map(codeOf), ['INS_PLATFORM_AUTH', 'ok', 'ok'])
  t.equal(lookups().length, 2)
})

t.test('counts stay when asking once more fails as a whole', async t => {
  const ids = [0, 1].map(dialect.id)
  let calls = 0
  const { client } = await openFake(t, dialect, (request, response) => {
    if (++calls > 1) sendJson(response, errorPart({ code: 4 }).body, 400)
    else sendParts(response, asked(request).map(id => id === ids[0] ? null : page(id, '5')))
  })
  t.strictSame((await client.fetchCounts(ids)).map(codeOf), ['INS_PLATFORM_THROTTLED', 'ok'])
})

const brokenParts: Record<string, unknown> = {
  'a malformed body': { code: 200, body: '{"id":' },
  'a poisoned body': { code: 200, body: '{"__proto__":{},"id":"12345","followers_count":1}' },
  'no body': { code: 200 },
  'a body that is no text': { code: 200, body: { id: '12345', followers_count: 1 } },
  'a numeric id': { code: 200, body: '{"id":12345,"followers_count":1}' },
  'the id of another page': page('54321', '1'),
  'an error without a code': { code: 400, body: '{"error":{"message":"x"}}' },
  'a number': 7
}
for (const [what, part] of Object.entries(brokenParts)) {
  t.test(`a part with ${what} fails its id alone`, async t => {
    const { client } = await openFake(t, dialect, (_, response) => sendJson(response, [part, page('67890', '3')]))
    t.strictSame((await client.fetchCounts(['12345', '67890'])).map(codeOf), ['INS_PLATFORM_REPLY', 'ok'])
  })
}

t.test('a batch with a part too few fails as a whole, since nothing tells whose it is', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendParts(response, [page('12345', '1')]))
  t.strictSame((await client.fetchCounts(['12345', '67890'])).map(codeOf), ['INS_PLATFORM_REPLY', 'INS_PLATFORM_REPLY'])
})

for (const [what, error, reason] of GRAPH_ERRORS) {
  t.test(`${what} is ${reason}, in a part and for the whole call`, async t => {
    let whole = false
    const { client } = await openFake(t, dialect, (_, response) => {
      if (whole) sendJson(response, errorPart(error).body, 400)
      else sendParts(response, [errorPart(error), page('67890', '3')])
    })
    const [part, other] = await client.fetchCounts(['12345', '67890'])
    t.equal(failureOf(part)?.reason, reason)
    t.equal(countOf(other), 3)
    whole = true
    t.equal(failureOf((await client.fetchCounts(['12345']))[0])?.reason, reason)
  })
}

t.test('a page that is missing and an alias that does not exist are not found', async t => {
  const parts = [MISSING, errorPart({ code: 803 }, 404), page('54321', '1')]
  const { client } = await openFake(t, dialect, (_, response) => sendParts(response, parts))
  const outcomes = await client.fetchCounts(['12345', '67890', '54321'])
  t.strictSame(outcomes.map(codeOf), ['not_found', 'not_found', 'ok'])
})

t.test('when every page is missing, one is asked for that exists, and only its answer makes them unknown', async t => {
  let isThere = true
  const { client, lookups } = await openFake(t, dialect, (request, response) => sendParts(response, asked(request).map(id =>
    isThere && id === '19292868552' ? page(id, '7') : MISSING)))
  t.strictSame((await client.fetchCounts(['12345', '67890'])).map(codeOf), ['not_found', 'not_found'])
  t.strictSame(lookups().map(asked), [['12345', '67890'], ['19292868552']])
  isThere = false
  const ids = [0, 1, 2, 3].map(dialect.id)
  t.strictSame((await client.fetchCounts(ids)).map(outcome => failureOf(outcome)?.reason), ['auth', 'auth', 'auth', 'auth'])
})

t.test('a retired call, a 500 with code 100, is not repeated', async t => {
  const { client, lookups } = await openFake(t, dialect, (_, response) => {
    sendJson(response, { error: { message: 'The ids query parameter is deprecated in v26.0+.', code: 100 } }, 500)
  })
  t.match(failureOf((await client.fetchCounts(['12345']))[0]), { reason: 'request', code: 'INS_PLATFORM_REQUEST' })
  t.equal(lookups().length, 1)
})

t.test('a transient error with status 500 is repeated', async t => {
  const { client, lookups } = await openFake(t, dialect, (_, response) => {
    sendJson(response, errorPart({ code: 2, is_transient: true }).body, 500)
  })
  t.match(failureOf((await client.fetchCounts(['12345']))[0]), { reason: 'transient', code: 'INS_PLATFORM_STATUS' })
  t.equal(lookups().length, 3)
})

t.test('the time to regain access is when to ask again, for the whole call and for parts', async t => {
  const usage = { 1: [{ type: 'pages', call_count: 100, estimated_time_to_regain_access: 12 }, { type: 'x', estimated_time_to_regain_access: 3 }] }
  const headers = { 'x-business-use-case-usage': JSON.stringify(usage) }
  const throttle = errorPart({ code: 80001 })
  let whole = true
  const { client } = await openFake(t, dialect, (_, response) => {
    if (whole) sendJson(response, throttle.body, 400, headers)
    else sendJson(response, [throttle], 200, headers)
  })
  const expected = { reason: 'throttled', retryAt: testSettings.clock.now() + 12 * 60_000 }
  t.match(failureOf((await client.fetchCounts(['12345']))[0]), expected)
  whole = false
  t.match(failureOf((await client.fetchCounts(['12345']))[0]), expected)
})

for (const header of ['not json', '{"1":7}', '{"1":[{"estimated_time_to_regain_access":1e99}]}']) {
  t.test(`a usage header of ${header} says nothing about when to ask again`, async t => {
    const { client } = await openFake(t, dialect, (_, response) => {
      sendJson(response, errorPart({ code: 4 }).body, 403, { 'x-business-use-case-usage': header })
    })
    t.match(failureOf((await client.fetchCounts(['12345']))[0]), { reason: 'throttled', retryAt: null })
  })
}

t.test('the higher of both usage headers of a good answer holds the next call back', async t => {
  const business = (calls: number): string => JSON.stringify({ 1: [{ type: 'pages', call_count: 3 }, { type: 'pages', call_count: calls, total_time: 20 }] })
  const cases = [[28, 96, false], [96, 28, false], [28, 79, true]] as const
  for (const [app, calls, goesOn] of cases) {
    const { client, lookups } = await openFake(t, dialect, (_, response) => sendJson(response, [page('12345', '1')], 200, {
      'x-app-usage': JSON.stringify({ call_count: app }), 'x-business-use-case-usage': business(calls)
    }), { governor: createTestGovernor() })
    t.strictSame((await client.fetchCounts(['12345'])).map(countOf), [1])
    t.strictSame((await client.fetchCounts(['12345'])).map(codeOf), [goesOn ? 'ok' : 'INS_PLATFORM_THROTTLED'], `${app} ${calls}`)
    t.equal(lookups().length, goesOn ? 2 : 1)
  }
})

t.test('an answer that calls itself JavaScript is read', async t => {
  const { client } = await openFake(t, dialect, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/javascript; charset=UTF-8' })
    response.end(JSON.stringify([page('12345', '1')]))
  })
  t.strictSame((await client.fetchCounts(['12345'])).map(countOf), [1])
})
