import t, { type Test } from 'tap'
import { openYoutubeClient } from '../src/youtube.js'
import { answerFrom, openFake, testSettings, type PlatformDialect } from './contract/dialect.js'
import { failureOf, platformClientContract } from './contract/platform-client-contract.js'
import { sendJson, type Respond } from './fake-server.js'

const KEY = 'secret-youtube-key'
const id = (n: number): string => `vid-${String(n).padStart(7, '_')}`
const dialect: PlatformDialect = {
  platform: 'youtube',
  id,
  variants: id => [` ${id}\n`, `https://www.youtube.com/watch?v=${id}&t=42s`, `youtu.be/${id}?si=x`, `m.youtube.com/shorts/${id}`],
  invalid: ['', 'short', 'stuff gggg', 'https://vimeo.com/12345678901', 'https://www.youtube.com/watch?v=bad', 'x'.repeat(5000)],
  secrets: [KEY],
  open: (baseUrl, settings) => openYoutubeClient({ baseUrl, apiKey: KEY }, settings),
  asked: request => (request.query.get('id') ?? '').split(','),
  writeCount: count => `"${count}"`,
  badCounts: ['"-1"', '"1.5"', '"1e400"', '"9007199254740993"', '42', 'null', '""', '"0x10"', '{}'],
  answer: (_, response, { found }) => {
    const items = found.map(([id, count]) => `{"kind":"youtube#videoStats","id":"${id}","statistics":{"viewCount":${count}}}`)
    sendJson(response, `{"kind":"youtube#batchGetStatsResponse","etag":"e","items":[${items.join()}]}`)
  }
}

platformClientContract(t, dialect)

t.test('the request asks batchGetStats for statistics only, with the key in a header', async t => {
  const { client, lookups } = await openFake(t, dialect, answerFrom(dialect, new Map([[id(1), 1]])))
  await client.fetchCounts([id(1)])
  const [request] = lookups()
  t.equal(request?.path, '/some/prefix/videos:batchGetStats')
  t.equal(request?.headers['x-goog-api-key'], KEY)
  t.strictSame([...request?.query.keys() ?? []], ['part', 'id'])
  t.equal(request?.query.get('part'), 'statistics')
})

t.test('videos without statistics or view count are hidden', async t => {
  const { client } = await openFake(t, dialect, (_, response) => {
    sendJson(response, { items: [{ id: id(1) }, { id: id(2), statistics: { likeCount: '3' } }] })
  })
  t.strictSame(await client.fetchCounts([id(1), id(2)]), [{ kind: 'hidden' }, { kind: 'hidden' }])
})

t.test('an id given as videoId is understood, and a summary changes nothing', async t => {
  const { client } = await openFake(t, dialect, (_, response) => {
    sendJson(response, {
      items: [{ videoId: id(1), statistics: { viewCount: '12' } }],
      summary: { requestedVideoCount: '2', failedVideoIds: [id(2)] }
    })
  })
  t.strictSame(await client.fetchCounts([id(1), id(2)]), [{ kind: 'ok', count: 12 }, { kind: 'not_found' }])
})

t.test('an item without an id makes no other id unknown', async t => {
  const { client } = await openFake(t, dialect, (_, response) => {
    sendJson(response, { items: [{ statistics: { viewCount: '1' } }, { id: id(2), statistics: { viewCount: '2' } }] })
  })
  const [first, second] = await client.fetchCounts([id(1), id(2)])
  t.match(failureOf(first), { reason: 'transient', code: 'INS_PLATFORM_REPLY' })
  t.strictSame(second, { kind: 'ok', count: 2 })
})

t.test('a reply without items names the missing field', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendJson(response, { kind: 'x' }))
  t.match(failureOf((await client.fetchCounts([id(1)]))[0])?.detail, '/items')
})

for (const status of [404, 501]) {
  t.test(`where batchGetStats answers ${status}, videos stands in for an hour`, async t => {
    let now = 1_700_000_000_000
    const answer = answerFrom(dialect, new Map([[id(1), 3]]))
    const { client, lookups } = await openFake(t, dialect, (request, response) => {
      if (request.path.endsWith('/videos:batchGetStats')) sendJson(response, { error: { code: status } }, status)
      else return answer(request, response)
    }, { clock: { now: () => now } })
    t.strictSame(await client.fetchCounts([id(1)]), [{ kind: 'ok', count: 3 }])
    await client.fetchCounts([id(1)])
    now += 3_600_000
    await client.fetchCounts([id(1)])
    t.strictSame(lookups().map(request => request.path.split('/').at(-1)),
      ['videos:batchGetStats', 'videos', 'videos', 'videos:batchGetStats', 'videos'])
  })
}

/** 12:00 UTC on 23 November 2026 is 4:00 in Los Angeles, so the day ends 20 hours later. */
const midnight = Date.parse('2026-11-24T08:00:00Z')
const cases: Array<[string, number, unknown, Record<string, unknown>]> = [
  ['the general quota is used up', 403, legacy('youtube.quota', 'quotaExceeded'), { reason: 'quota', code: 'INS_PLATFORM_QUOTA', retryAt: midnight }],
  ['the older daily limit is reached', 403, legacy('usageLimits', 'dailyLimitExceeded'), { reason: 'quota', retryAt: midnight }],
  ['the method\'s own quota is used up', 429, modern('Quota exceeded for quota metric \'M\' and limit \'M per day\' of service'), { reason: 'quota', retryAt: midnight }],
  ['a burst is limited', 429, modern('Quota exceeded for limit \'M per minute\''), { reason: 'throttled', retryAt: null }],
  ['a burst is limited with 403', 403, legacy('usageLimits', 'userRateLimitExceeded'), { reason: 'throttled', retryAt: null }],
  ['the key is not valid', 400, { error: { code: 400, errors: [{ reason: 'badRequest' }], details: [{ reason: 'API_KEY_INVALID' }] } }, { reason: 'auth', code: 'INS_PLATFORM_AUTH' }],
  ['the key is not valid, in the older form', 400, legacy('usageLimits', 'keyInvalid'), { reason: 'auth' }],
  ['there is no key', 403, { error: { code: 403, status: 'PERMISSION_DENIED' } }, { reason: 'auth' }],
  ['the API is not enabled', 403, legacy('usageLimits', 'accessNotConfigured'), { reason: 'auth' }],
  ['the request is wrong', 400, legacy('youtube.parameter', 'invalidFilters'), { reason: 'request', code: 'INS_PLATFORM_REQUEST' }],
  ['the backend fails', 503, legacy('global', 'backendError'), { reason: 'transient', code: 'INS_PLATFORM_STATUS' }]
]
for (const [what, status, body, failure] of cases) {
  t.test(`when ${what}, the failure is ${String(failure.reason)}`, async t => {
    const { client, lookups } = await openFake(t, dialect, reply(status, body))
    t.match(failureOf((await client.fetchCounts([id(1)]))[0]), failure)
    // A spent day of one method leaves the other.
    t.equal(lookups().length, status >= 500 ? 3 : failure.reason === 'quota' ? 2 : 1)
  })
}

t.test('a day that is called spent just after midnight may be the one before, later it is the new one', async t => {
  let now = midnight + 50
  const { client } = await openFake(t, dialect, reply(403, legacy('youtube.quota', 'quotaExceeded')), { clock: { now: () => now } })
  const retryAt = async (): Promise<unknown> => failureOf((await client.fetchCounts([id(1)]))[0])?.retryAt
  t.equal(await retryAt(), midnight + 120_000)
  now = midnight + 180_000
  t.equal(await retryAt(), midnight + 24 * 3_600_000)
})

t.test('HTML with status 403 is no verdict on the key', async t => {
  const { client } = await openFake(t, dialect, (_, response) => {
    response.writeHead(403, { 'content-type': 'text/html' }).end('<html>')
  })
  t.match(failureOf((await client.fetchCounts([id(1)]))[0]), { reason: 'transient', code: 'INS_PLATFORM_STATUS' })
})

t.test('a Retry-After of a burst limit is kept', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendJson(response, {}, 429, { 'retry-after': '30' }))
  t.match(failureOf((await client.fetchCounts([id(1)]))[0]), { retryAt: testSettings.clock.now() + 30_000 })
})

t.test('an address or key that can not be used is refused at once, unrepeated', async t => {
  const bad = ['ftp://a/', 'not an address', 'http://user:pass@host/', 'http://host/?key=1', 'http://host/#x']
  for (const baseUrl of bad) refuses(t, baseUrl, KEY)
  refuses(t, 'http://localhost/', 'line\nbreak')
  refuses(t, 'http://localhost/', '')
})

function refuses (t: Test, baseUrl: string, apiKey: string): void {
  t.throws(() => openYoutubeClient({ baseUrl, apiKey }, testSettings), { code: 'INS_CONFIG_INVALID', message: /YouTube/ })
}

function reply (status: number, body: unknown): Respond {
  return (_, response) => sendJson(response, body, status)
}

function legacy (domain: string, reason: string): unknown {
  return { error: { code: 1, message: 'text', errors: [{ message: 'text', domain, reason }] } }
}

function modern (message: string): unknown {
  return {
    error: {
      code: 429,
      message,
      errors: [{ domain: 'global', reason: 'rateLimitExceeded' }],
      status: 'RESOURCE_EXHAUSTED',
      details: [{ reason: 'RATE_LIMIT_EXCEEDED', domain: 'googleapis.com' }]
    }
  }
}
