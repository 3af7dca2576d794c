import t from 'tap'
import { answerFrom, createTestGovernor, openFake, testSettings } from './contract/dialect.js'
import { codeOf, countOf, failureOf, platformClientContract } from './contract/platform-client-contract.js'
import { sendJson, startServer, type Respond } from './fake-server.js'
import { NOT_FOUND, UNAUTHORIZED, asked, dialect, isSingle, paths, track, urn } from './soundcloud-dialect.js'

platformClientContract(t, dialect)

t.test('the request names urns, all kinds of access and a page size, with the token in a header', async t => {
  const { client, lookups } = await openFake(t, dialect, answerFrom(dialect, new Map([['soundcloud:tracks:230230230', 230]])))
  t.strictSame(await client.fetchCounts(['230230230']), [{ kind: 'ok', count: 230 }])
  const [request] = lookups()
  t.equal(request?.path, '/some/prefix/tracks')
  t.strictSame(Object.fromEntries(request?.query ?? []), {
    urns: 'soundcloud:tracks:230230230', access: 'playable,preview,blocked', limit: '200', linked_partitioning: 'true'
  })
  t.match(request?.headers, { authorization: 'OAuth T', accept: 'application/json; charset=utf-8' })
})

t.test('hidden counts are null, absent, or not revealed whatever the number says', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendJson(response, {
    collection: [
      { urn: urn(1), playback_count: null },
      { urn: urn(2) },
      { urn: urn(3), playback_count: 0, reveal_stats: false },
      { urn: urn(4), playback_count: 0, reveal_stats: null }
    ],
    next_href: null
  }))
  t.strictSame((await client.fetchCounts([1, 2, 3, 4].map(urn))).map(codeOf), ['hidden', 'hidden', 'hidden', 'ok'])
})

t.test('the older bare list is read, and a number where there is no urn', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendJson(response, [{ id: 1001, playback_count: 7 }]))
  t.strictSame((await client.fetchCounts([urn(1)])).map(countOf), [7])
})

t.test('a track that the batch leaves out is asked for singly, and only its own 404 makes it unknown', async t => {
  const { client, lookups } = await openFake(t, dialect, (request, response) => {
    if (!isSingle(request)) sendJson(response, { collection: [{ urn: urn(1), playback_count: 1 }] })
    else if (asked(request)[0] === urn(2)) sendJson(response, track(urn(2), '2'))
    else sendJson(response, NOT_FOUND, 404)
  })
  t.strictSame(await client.fetchCounts([1, 2, 3].map(urn)),
    [{ kind: 'ok', count: 1 }, { kind: 'ok', count: 2 }, { kind: 'not_found' }])
  t.strictSame(paths(lookups()).sort(), ['/tracks', `/tracks/${urn(2)}`, `/tracks/${urn(3)}`])
})

t.test('a 404 page of something in between makes no track unknown', async t => {
  const { client } = await openFake(t, dialect, (request, response) => {
    if (isSingle(request)) response.writeHead(404, { 'content-type': 'text/html' }).end('<html>')
    else sendJson(response, { collection: [] })
  })
  t.equal(failureOf((await client.fetchCounts([urn(1)]))[0])?.reason, 'request')
})

t.test('a throttle stops the single lookups', async t => {
  const { client, lookups } = await openFake(t, dialect, (request, response) => {
    if (isSingle(request)) sendJson(response, { error: 'rate_limit_exceeded' }, 429)
    else sendJson(response, { collection: [] })
  })
  const outcomes = await client.fetchCounts(Array.from({ length: 50 }, (_, n) => urn(n)))
  t.strictSame(outcomes.map(codeOf), Array(50).fill('INS_PLATFORM_THROTTLED'))
  t.ok(lookups().length <= 5, `${lookups().length} calls`)
})

t.test('the single lookups of all calls that a loader makes at a time are under way together', async t => {
  const waiting: Array<() => void> = []
  const { client } = await openFake(t, dialect, (request, response) => {
    if (!isSingle(request)) return sendJson(response, { collection: [] })
    waiting.push(() => { sendJson(response, NOT_FOUND, 404) })
    if (waiting.length === 20) for (const answer of waiting) answer()
  })
  const calls = Array.from({ length: 5 }, async (_, call) => await client.fetchCounts([0, 1, 2, 3].map(n => urn(4 * call + n))))
  t.strictSame((await Promise.all(calls)).flat().map(codeOf), Array(20).fill('not_found'))
})

t.test('single lookups that the end of the call cuts off are no failures of the platform', async t => {
  const governor = createTestGovernor()
  const { client } = await openFake(t, dialect, (request, response) => {
    if (!isSingle(request)) sendJson(response, { collection: [] })
  }, { governor, deadlineMs: 300 })
  const outcomes = await client.fetchCounts(Array.from({ length: 10 }, (_, n) => urn(n)))
  t.strictSame(outcomes.map(codeOf), Array(10).fill('INS_PLATFORM_TIMEOUT'))
  const { state } = await governor.readState('soundcloud')
  t.match(state.lanes.soundcloud, { failures: 0, openUntil: null })
})

t.test('a trouble of one single lookup stops no other', async t => {
  const { client } = await openFake(t, dialect, (request, response) => {
    if (!isSingle(request)) sendJson(response, { collection: [] })
    else if (asked(request)[0] === urn(0)) sendJson(response, {}, 400)
    else sendJson(response, track(asked(request)[0] ?? '', '6'))
  })
  const outcomes = await client.fetchCounts(Array.from({ length: 10 }, (_, n) => urn(n)))
  t.strictSame(outcomes.map(codeOf), ['INS_PLATFORM_REQUEST', ...Array(9).fill('ok')])
})

t.test('a further page on the same host is read', async t => {
  const { client, lookups } = await openFake(t, dialect, (request, response) => {
    const next = `http://${request.headers.host}/some/prefix/tracks?cursor=2&urns=x`
    if (request.query.has('cursor')) sendJson(response, { collection: [{ urn: urn(2), playback_count: 2 }], next_href: null })
    else sendJson(response, { collection: [{ urn: urn(1), playback_count: 1 }], next_href: next })
  })
  t.strictSame((await client.fetchCounts([urn(1), urn(2)])).map(countOf), [1, 2])
  t.equal(lookups().length, 2)
})

t.test('a further page elsewhere never sees the token, and its tracks are asked for singly', async t => {
  const elsewhere = await startServer(t, (_, response) => sendJson(response, { collection: [] }))
  for (const next of [`${elsewhere.url}/some/prefix/tracks`, '//example.invalid/', 'nonsense', '/me']) {
    const { client, server } = await openFake(t, dialect, (request, response) => {
      if (isSingle(request)) sendJson(response, track(urn(2), '2'))
      else sendJson(response, { collection: [{ urn: urn(1), playback_count: 1 }], next_href: next })
    })
    t.strictSame((await client.fetchCounts([urn(1), urn(2)])).map(countOf), [1, 2])
    t.equal(server.requests.length, 3)
  }
  t.equal(elsewhere.requests.length, 0)
})

t.test('pages that go round in circles come to an end', async t => {
  const { client, lookups } = await openFake(t, dialect, (request, response) => {
    if (request.path.endsWith('/tracks')) sendJson(response, { collection: [], next_href: `http://${request.headers.host}${request.target}` })
    else sendJson(response, NOT_FOUND, 404)
  })
  t.strictSame((await client.fetchCounts([urn(1)])).map(codeOf), ['not_found'])
  t.equal(lookups().length, 5)
})

t.test('a refused token is replaced once and the call repeated', async t => {
  let granted = 0
  const { client, server } = await openFake(t, {
    ...dialect,
    serveOther: (request, response) => {
      if (request.path !== '/oauth/token') return false
      sendJson(response, { access_token: `T${++granted}`, expires_in: 3599 })
      return true
    }
  }, (request, response) => {
    if (request.headers.authorization === 'OAuth T1') sendJson(response, UNAUTHORIZED, 401)
    else sendJson(response, { collection: [{ urn: urn(1), playback_count: 1 }] })
  })
  t.strictSame((await client.fetchCounts([urn(1)])).map(countOf), [1])
  t.equal(server.requests.length, 4)
})

const reset = { meta: { rate_limit: { group: 'plays' }, remaining_requests: 0, reset_time: '2026/11/23 13:30:00 +0000' } }
const now = testSettings.clock.now()
const throttles: Array<[string, Respond, number | null]> = [
  ['with a code', (_, response) => sendJson(response, { code: 429, errors: [{ error_message: 'rate_limit_exceeded' }], error: null }, 429), null],
  ['with a reset time', (_, response) => sendJson(response, { errors: [reset] }, 429), Date.parse('2026-11-23T13:30:00Z')],
  ['with a reset time in another form', (_, response) => sendJson(response, { errors: [{ meta: { reset_time: '2026-11-23T13:30:00Z' } }] }, 429), null],
  ['with an impossible reset time', (_, response) => sendJson(response, { errors: [{ meta: { reset_time: '2026/13/45 99:00:00 +0000' } }] }, 429), null],
  ['with a reset time that has passed', (_, response) => sendJson(response, { errors: [{ meta: { reset_time: '2026/06/01 09:49:40 +0000' } }] }, 429), null],
  ['with one word', (_, response) => sendJson(response, { error: 'rate_limit_exceeded' }, 429), null],
  ['with Retry-After', (_, response) => sendJson(response, {}, 429, { 'retry-after': '60' }), now + 60_000],
  ['as a page of the network in front', (_, response) => response.writeHead(403, { 'content-type': 'text/html' }).end('<html>'), null]
]
for (const [what, respond, retryAt] of throttles) {
  t.test(`a throttle ${what} is a throttle`, async t => {
    const { client, lookups } = await openFake(t, dialect, respond)
    t.match(failureOf((await client.fetchCounts([urn(1)]))[0]), { reason: 'throttled', code: 'INS_PLATFORM_THROTTLED', retryAt })
    t.equal(lookups().length, 1)
  })
}

t.test('a refusal in JSON with status 403 is about the credentials', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendJson(response, { code: 403 }, 403))
  t.equal(failureOf((await client.fetchCounts([urn(1)]))[0])?.reason, 'auth')
})
