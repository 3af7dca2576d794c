import t from 'tap'
import { createSandboxClock, type Sandbox } from '../src/index.js'
import { open, request, youtube, type Json } from './requests.js'

const FIXED = 'l4WNrvVjiTw'
const OTHER = 'dQw4w9WgXcQ'
const manyIds = (count: number) => Array.from({ length: count }, (_, index) => String(index).padStart(11, 'v')).join(',')
const stats = (sandbox: Sandbox, id: string) => youtube(sandbox, 'videos:batchGetStats', { part: 'statistics', id })
const list = (sandbox: Sandbox, id: string) => youtube(sandbox, 'videos', { part: 'statistics', id })
const reasonOf = (json: Json) => json.error.errors[0].reason

t.test('batchGetStats answers counts as decimal strings with a summary', async t => {
  const sandbox = await open(t)
  const { status, json, headers } = await stats(sandbox, `${FIXED},AAAAAAAAAAA`)
  t.equal(status, 200)
  t.match(headers.get('content-type'), /^application\/json/)
  t.equal(json.kind, 'youtube#batchGetStatsResponse')
  t.match(json.items[0], { kind: 'youtube#videoStats', id: FIXED, statistics: { viewCount: '30' } })
  t.match(json.items[1].statistics.viewCount, /^\d+$/)
  t.same(json.summary, { requestedVideoCount: '2', succeededVideoCount: '2', failedVideoCount: '0', failedVideoIds: [] })
})

t.test('the videos list gives the same counts in its own envelope', async t => {
  const sandbox = await open(t)
  sandbox.clock.freeze()
  const { json } = await list(sandbox, `${FIXED},${OTHER}`)
  t.equal(json.kind, 'youtube#videoListResponse')
  t.same(json.pageInfo, { totalResults: 2, resultsPerPage: 2 })
  t.same(json.items[0].statistics.viewCount, '30')
  t.equal(json.items[1].statistics.viewCount, (await stats(sandbox, OTHER)).json.items[0].statistics.viewCount)
})

t.test('fields cuts the answer down to what it names', async t => {
  const sandbox = await open(t)
  const query = { part: 'statistics', id: `${FIXED},xx`, fields: 'items(id,statistics/viewCount),summary/failedVideoIds' }
  const { json } = await youtube(sandbox, 'videos:batchGetStats', query)
  t.same(json, { items: [{ id: FIXED, statistics: { viewCount: '30' } }], summary: { failedVideoIds: ['xx'] } })
  for (const fields of ['items(', 'items)', ',', 'items/', 'items(id']) {
    t.equal((await youtube(sandbox, 'videos', { ...query, fields })).status, 400, `refuses ${fields}`)
  }
})

t.test('missing, private and malformed ids are left out and listed in the summary', async t => {
  const sandbox = await open(t)
  sandbox.entities.set('youtube', OTHER, 'missing')
  sandbox.entities.set('youtube', 'BBBBBBBBBBB', 'private')
  const { status, json } = await stats(sandbox, `${OTHER},${FIXED},BBBBBBBBBBB,too-short`)
  t.equal(status, 200)
  t.same(json.items.map((item: Json) => item.id), [FIXED])
  t.same(json.summary.failedVideoIds, [OTHER, 'BBBBBBBBBBB', 'too-short'])
  t.same((await list(sandbox, OTHER)).json.items, [])
})

t.test('the summary can be switched off and the id renamed, as seen in the wild', async t => {
  const sandbox = await open(t, { settings: { youtube: { summary: false, idField: 'videoId' } } })
  const { json } = await stats(sandbox, FIXED)
  t.notOk('summary' in json)
  t.equal(json.items[0].videoId, FIXED)
  t.notOk('id' in json.items[0])
})

t.test('a hidden count is absent, not zero', async t => {
  const sandbox = await open(t)
  sandbox.entities.set('youtube', OTHER, 'hidden')
  sandbox.entities.set('youtube', 'BBBBBBBBBBB', 'no_statistics')
  const { json } = await stats(sandbox, `${OTHER},BBBBBBBBBBB`)
  t.notOk('viewCount' in json.items[0].statistics)
  t.notOk('statistics' in json.items[1])
})

t.test('duplicate ids come back once', async t => {
  const sandbox = await open(t)
  t.equal((await stats(sandbox, `${FIXED},${FIXED}`)).json.items.length, 1)
})

t.test('50 ids pass, 51 and none are refused by name', async t => {
  const sandbox = await open(t)
  t.equal((await stats(sandbox, manyIds(50))).json.items.length, 50)
  const tooMany = await stats(sandbox, manyIds(51))
  t.equal(tooMany.status, 400)
  t.match(tooMany.json.error.errors[0], { domain: 'youtube.parameter', reason: 'invalidFilters' })
  const none = await list(sandbox, '')
  t.equal(none.status, 400)
  t.equal(reasonOf(none.json), 'missingRequiredParameter')
  t.equal(reasonOf((await youtube(sandbox, 'videos', { id: FIXED })).json), 'missingRequiredParameter')
})

t.test('a bad key is a 400, no key a 403, a disabled API a 403', async t => {
  const sandbox = await open(t)
  const url = `${sandbox.baseUrls.youtube}/videos?part=statistics&id=${FIXED}`
  const bad = await request(`${url}&key=wrong`)
  t.equal(bad.status, 400)
  t.equal(bad.json.error.status, 'INVALID_ARGUMENT')
  t.equal(bad.json.error.details[0].reason, 'API_KEY_INVALID')
  const none = await request(url)
  t.equal(none.status, 403)
  t.equal(none.json.error.status, 'PERMISSION_DENIED')
  t.equal((await request(`${url}&key=${sandbox.credentials.youtube.apiKey}`)).status, 200, 'the key may stand in the query')
  sandbox.settings.set({ youtube: { apiEnabled: false } })
  const disabled = await list(sandbox, FIXED)
  t.equal(disabled.status, 403)
  t.equal(reasonOf(disabled.json), 'accessNotConfigured')
})

t.test('batchGetStats can be unknown to the project while the list works', async t => {
  const sandbox = await open(t, { settings: { youtube: { batchGetStats: 'status_404' } } })
  t.equal((await stats(sandbox, FIXED)).status, 404)
  t.equal((await list(sandbox, FIXED)).status, 200)
  sandbox.settings.set({ youtube: { batchGetStats: 'status_501' } })
  t.equal((await stats(sandbox, FIXED)).status, 501)
})

t.test('each bucket is spent on its own, in its own way, and invalid calls cost a unit too', async t => {
  const sandbox = await open(t, { settings: { youtube: { generalUnitsPerDay: 2, statsUnitsPerDay: 1 } } })
  t.equal((await stats(sandbox, FIXED)).status, 200)
  const spent = await stats(sandbox, FIXED)
  t.equal(spent.status, 429)
  t.equal(spent.json.error.status, 'RESOURCE_EXHAUSTED')
  t.match(spent.json.error.message, /per day/)
  t.equal((await list(sandbox, '')).status, 400)
  t.equal((await list(sandbox, FIXED)).status, 200)
  const general = await list(sandbox, FIXED)
  t.equal(general.status, 403)
  t.match(general.json.error.errors[0], { domain: 'youtube.quota', reason: 'quotaExceeded' })
  t.same(sandbox.calls.list('youtube').map(call => call.cost), [1, 0, 1, 1, 0])
  sandbox.settings.set({ youtube: { statsExhaustedStatus: 403 } })
  t.equal((await stats(sandbox, FIXED)).status, 403)
})

for (const [season, before, after] of [
  ['in summer at 07:00 UTC', '2026-07-10T06:59:59.000Z', '2026-07-10T07:00:00.000Z'],
  ['in winter at 08:00 UTC', '2026-12-10T07:59:59.000Z', '2026-12-10T08:00:00.000Z'],
  ['on the day after the change to winter time at 08:00 UTC', '2026-11-02T07:59:59.000Z', '2026-11-02T08:00:00.000Z'],
  ['on the day of the change to winter time at 07:00 UTC', '2026-11-01T06:59:59.000Z', '2026-11-01T07:00:00.000Z']
] as const) {
  t.test(`quota comes back at midnight Pacific time, ${season}`, async t => {
    const clock = createSandboxClock(Date.parse(before) - 1000)
    clock.freeze()
    const sandbox = await open(t, { clock, settings: { youtube: { statsUnitsPerDay: 1 } } })
    t.equal((await stats(sandbox, FIXED)).status, 200)
    clock.set(Date.parse(before))
    t.equal((await stats(sandbox, FIXED)).status, 429, 'a second before')
    clock.set(Date.parse(after))
    t.equal((await stats(sandbox, FIXED)).status, 200, 'at midnight')
  })
}

t.test('a burst is refused per minute and passes a minute later', async t => {
  const sandbox = await open(t, { settings: { youtube: { callsPerMinute: 1 } } })
  await stats(sandbox, FIXED)
  const burst = await stats(sandbox, FIXED)
  t.equal(burst.status, 429)
  t.match(burst.json.error.message, /per minute/)
  sandbox.clock.advance(60_000)
  t.equal((await stats(sandbox, FIXED)).status, 200)
})

t.test('a partial answer has fewer items and no summary', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'partial', ids: [OTHER] })
  const { json } = await stats(sandbox, `${FIXED},${OTHER}`)
  t.same(json.items.map((item: Json) => item.id), [FIXED])
  t.notOk('summary' in json)
})

t.test('every known error can be asked for', async t => {
  const sandbox = await open(t)
  const expected: Json = { backendError: 503, internalError: 500, badGateway: 502, userRateLimitExceeded: 403, dailyLimitExceeded: 403 }
  for (const error of sandbox.faults.errorNames('youtube')) {
    sandbox.faults.add({ platform: 'youtube', kind: 'error', error })
    const { status, headers, json } = await list(sandbox, FIXED)
    t.ok(status >= 400, `${error} gives ${status}`)
    if (expected[error] !== undefined) t.equal(status, expected[error], error)
    if (error === 'badGateway') t.match(headers.get('content-type'), /html/)
    else t.equal(json.error.code, status, `${error} says its status in the body`)
  }
})

t.test('other methods and paths are not found', async t => {
  const sandbox = await open(t)
  const headers = { 'x-goog-api-key': sandbox.credentials.youtube.apiKey }
  t.equal((await request(`${sandbox.baseUrls.youtube}/search?q=a`, { headers })).status, 404)
  t.equal((await request(`${sandbox.baseUrls.youtube}/videos?part=id&id=${FIXED}`, { method: 'POST', headers })).status, 404)
})
