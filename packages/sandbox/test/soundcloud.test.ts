import t from 'tap'
import { createSandboxClock, PUBLISHED_LIMITS } from '../src/index.js'
import { open, request, soundcloud, soundcloudGrant, soundcloudToken, type Json } from './requests.js'

const urnOf = (id: number | string) => `soundcloud:tracks:${id}`
const urns = (...ids: Array<number | string>) => ids.map(urnOf).join(',')
const FULL = { access: 'playable,preview,blocked', limit: '200', linked_partitioning: 'true' }
const numbers = (count: number) => Array.from({ length: count }, (_, index) => 5000 + index)
const HOUR_MS = 3_600_000

t.test('a batch answers a collection with counts as numbers', async t => {
  const sandbox = await open(t)
  const token = await soundcloudToken(sandbox)
  const { status, json } = await soundcloud(sandbox, token, '/tracks', { ...FULL, urns: urns(230230230, 7) })
  t.equal(status, 200)
  t.equal(json.next_href, null)
  t.match(json.collection[0], { kind: 'track', urn: urnOf(230230230), id: 230230230, access: 'playable', reveal_stats: true })
  t.equal(json.collection[0].playback_count, 230)
  t.type(json.collection[1].playback_count, 'number')
})

t.test('without linked_partitioning the answer is a bare array', async t => {
  const sandbox = await open(t)
  const { json } = await soundcloud(sandbox, await soundcloudToken(sandbox), '/tracks', { urns: urns(7) })
  t.equal(json.length, 1)
  t.equal(json[0].urn, urnOf(7))
})

t.test('a single track is found by URN and by number, in either case of escaping', async t => {
  const sandbox = await open(t)
  const token = await soundcloudToken(sandbox)
  for (const path of ['/tracks/soundcloud:tracks:230230230', '/tracks/230230230', '/tracks/soundcloud%3Atracks%3A230230230']) {
    t.equal((await soundcloud(sandbox, token, path)).json.playback_count, 230, path)
  }
  t.same(sandbox.calls.list('soundcloud').at(-1)?.ids, ['230230230'])
})

t.test('an id beyond 2^53 keeps its digits in the URN', async t => {
  const sandbox = await open(t)
  const { json } = await soundcloud(sandbox, await soundcloudToken(sandbox), '/tracks', { ...FULL, urns: urns('9223372036854775807') })
  t.equal(json.collection[0].urn, urnOf('9223372036854775807'))
  t.notOk('id' in json.collection[0], 'no number stands where it would be wrong')
})

t.test('a missing track is left out of a batch and a 404 alone', async t => {
  const sandbox = await open(t)
  const token = await soundcloudToken(sandbox)
  sandbox.entities.set('soundcloud', '7', 'missing')
  t.same((await soundcloud(sandbox, token, '/tracks', { ...FULL, urns: urns(7) })).json.collection, [])
  const single = await soundcloud(sandbox, token, `/tracks/${urnOf(7)}`)
  t.equal(single.status, 404)
  t.match(single.json, { code: 404, status: '404 - Not Found', errors: [], error: null })
})

t.test('a track can be missing from batches only', async t => {
  const sandbox = await open(t)
  const token = await soundcloudToken(sandbox)
  sandbox.entities.set('soundcloud', '7', 'unlisted')
  t.same((await soundcloud(sandbox, token, '/tracks', { ...FULL, urns: urns(7) })).json.collection, [])
  t.equal((await soundcloud(sandbox, token, '/tracks/7')).status, 200)
})

t.test('a hidden count is null, then absent, and never revealed', async t => {
  const sandbox = await open(t)
  const token = await soundcloudToken(sandbox)
  sandbox.entities.set('soundcloud', '7', 'hidden')
  const ask = async () => (await soundcloud(sandbox, token, '/tracks/7')).json
  const first = await ask()
  t.equal(first.reveal_stats, false)
  t.equal(first.playback_count, null)
  t.notOk('playback_count' in await ask())
  sandbox.settings.set({ soundcloud: { hiddenAs: 'zero' } })
  t.match(await ask(), { reveal_stats: false, playback_count: 0 })
  sandbox.settings.set({ soundcloud: { hiddenAs: 'absent' } })
  t.notOk('playback_count' in await ask())
  sandbox.settings.set({ soundcloud: { hiddenAs: 'null' } })
  t.equal((await ask()).playback_count, null)
})

t.test('a blocked track vanishes unless asked for', async t => {
  const sandbox = await open(t)
  const token = await soundcloudToken(sandbox)
  sandbox.entities.set('soundcloud', '7', 'blocked')
  sandbox.entities.set('soundcloud', '8', 'preview')
  const plain = await soundcloud(sandbox, token, '/tracks', { urns: urns(7, 8) })
  t.same(plain.json.map((track: Json) => track.access), ['preview'])
  const full = await soundcloud(sandbox, token, '/tracks', { ...FULL, urns: urns(7, 8) })
  t.same(full.json.collection.map((track: Json) => track.access), ['blocked', 'preview'])
  t.equal(full.json.collection.length, 2)
})

t.test('duplicates come back once', async t => {
  const sandbox = await open(t)
  const { json } = await soundcloud(sandbox, await soundcloudToken(sandbox), '/tracks', { urns: urns(7, 7) })
  t.equal(json.length, 1)
})

t.test('answers are cut at the limit, 50 by default, and the rest is behind next_href', async t => {
  const sandbox = await open(t)
  const token = await soundcloudToken(sandbox)
  const first = await soundcloud(sandbox, token, '/tracks', { urns: urns(...numbers(60)), linked_partitioning: 'true' })
  t.equal(first.json.collection.length, 50)
  t.ok(first.json.next_href.startsWith(`${sandbox.baseUrls.soundcloud}/tracks?`))
  const second = await request(first.json.next_href, { headers: { authorization: `OAuth ${token}` } })
  t.equal(second.json.collection.length, 10)
  t.equal(second.json.next_href, null)
  t.equal(second.json.collection[0].urn, urnOf(5050))
})

t.test('a page can be cut below the limit', async t => {
  const sandbox = await open(t, { settings: { soundcloud: { maxPageSize: 2 } } })
  const { json } = await soundcloud(sandbox, await soundcloudToken(sandbox), '/tracks', { ...FULL, urns: urns(1, 2, 3) })
  t.equal(json.collection.length, 2)
  t.ok(json.next_href)
})

t.test('more than 200 URNs, a malformed URN and a bad limit are refused', async t => {
  const sandbox = await open(t)
  const token = await soundcloudToken(sandbox)
  const statusOf = async (query: Record<string, string>) => (await soundcloud(sandbox, token, '/tracks', query)).status
  t.equal(await statusOf({ urns: urns(...numbers(201)), limit: '200' }), 400)
  t.equal(await statusOf({ urns: urns(...numbers(200)), limit: '200' }), 200)
  t.equal(await statusOf({ urns: `${urns(1)},soundcloud:tracks:x` }), 400)
  t.equal(await statusOf({ urns: urns(1), limit: '201' }), 400)
  t.equal(await statusOf({ urns: urns(1), offset: '-1' }), 400)
  t.equal((await soundcloud(sandbox, token, '/tracks/abc')).status, 400)
  sandbox.settings.set({ soundcloud: { malformedUrn: 'ignored' } })
  t.equal((await soundcloud(sandbox, token, '/tracks', { urns: `${urns(1)},junk` })).json.length, 1)
})

t.test('no URNs, and the old ids parameter, get tracks nobody asked for', async t => {
  const sandbox = await open(t)
  const token = await soundcloudToken(sandbox)
  const queries: Array<Record<string, string>> = [{}, { ids: '7,8' }]
  for (const query of queries) {
    const { status, json } = await soundcloud(sandbox, token, '/tracks', query)
    t.equal(status, 200)
    t.equal(json.length, 50)
    t.notOk(json.some((track: Json) => [7, 8].includes(track.id)))
  }
})

t.test('only an OAuth token that is still good is accepted', async t => {
  const sandbox = await open(t)
  sandbox.clock.freeze()
  const token = await soundcloudToken(sandbox)
  const statusWith = async (authorization: string) =>
    (await request(`${sandbox.baseUrls.soundcloud}/tracks/1`, { headers: { authorization } })).status
  t.equal(await statusWith(`OAuth ${token}`), 200)
  t.equal(await statusWith(`Bearer ${token}`), 401)
  t.equal(await statusWith('OAuth wrong'), 401)
  sandbox.clock.advance(3_598_000)
  t.equal(await statusWith(`OAuth ${token}`), 200)
  sandbox.clock.advance(1_000)
  const expired = await soundcloud(sandbox, token, '/tracks/1')
  t.equal(expired.status, 401)
  t.match(expired.json, { code: 401, status: '401 - Unauthorized' })
})

t.test('the token host answers what the platform answers', async t => {
  const sandbox = await open(t)
  const { status, json } = await soundcloudGrant(sandbox)
  t.equal(status, 200)
  t.match(json, { expires_in: 3599, scope: '', token_type: 'bearer' })
  t.type(json.refresh_token, 'string')
  const headers = { authorization: `Basic ${btoa('a:b')}` }
  const body = new URLSearchParams({ grant_type: 'client_credentials' })
  const refused = await request(sandbox.baseUrls.soundcloudToken, { method: 'POST', headers, body })
  t.equal(refused.status, 401)
  t.same(refused.json, { error: 'invalid_client' })
  t.equal((await soundcloudGrant(sandbox, { grant_type: 'password' })).json.error, 'unsupported_grant_type')
  t.equal((await request(sandbox.baseUrls.soundcloudToken)).status, 404)
})

t.test('a refresh token works once, with the client in header or form', async t => {
  const sandbox = await open(t)
  const { clientId, clientSecret } = sandbox.credentials.soundcloud
  const first = (await soundcloudGrant(sandbox)).json
  const second = await soundcloudGrant(sandbox, { grant_type: 'refresh_token', refresh_token: first.refresh_token })
  t.equal(second.status, 200)
  t.not(second.json.access_token, first.access_token)
  const reused = await soundcloudGrant(sandbox, { grant_type: 'refresh_token', refresh_token: first.refresh_token })
  t.equal(reused.status, 400)
  t.same(reused.json, { error: 'invalid_grant' })
  const form = { grant_type: 'refresh_token', refresh_token: second.json.refresh_token, client_id: clientId, client_secret: clientSecret }
  const byForm = await request(sandbox.baseUrls.soundcloudToken, { method: 'POST', body: new URLSearchParams(form) })
  t.equal(byForm.status, 200)
})

t.test('published limits: the 31st grant of an hour and the 51st of 12 hours are refused until a stated time', async t => {
  const clock = createSandboxClock(Date.parse('2026-06-01T09:00:00.000Z'))
  clock.freeze()
  const sandbox = await open(t, { clock, settings: PUBLISHED_LIMITS })
  for (let grant = 1; grant <= 30; grant++) t.equal((await soundcloudGrant(sandbox)).status, 200, `grant ${grant}`)
  const hourly = await soundcloudGrant(sandbox)
  t.equal(hourly.status, 429)
  t.match(hourly.json.errors[0].meta, {
    rate_limit: { bucket: 'by-ip', max_nr_of_requests: 30, time_window: 'PT1H', name: 'client-credentials-exchange' },
    remaining_requests: 0,
    reset_time: '2026/06/01 10:00:00 +0000'
  })
  clock.advance(HOUR_MS)
  for (let grant = 31; grant <= 50; grant++) t.equal((await soundcloudGrant(sandbox)).status, 200, `grant ${grant}`)
  clock.advance(HOUR_MS)
  const halfDaily = await soundcloudGrant(sandbox)
  t.match(halfDaily.json.errors[0].meta, { rate_limit: { time_window: 'PT12H' }, reset_time: '2026/06/01 21:00:00 +0000' })
  sandbox.settings.set({ soundcloud: { tokenLimitReply: 'terse' } })
  t.same((await soundcloudGrant(sandbox)).json, { error: 'rate_limit_exceeded' })
  clock.set(Date.parse('2026-06-01T21:00:00.000Z'))
  t.equal((await soundcloudGrant(sandbox)).status, 200)
  t.equal(sandbox.calls.totals('soundcloud').cost, 51, 'cost is tokens granted')
})

t.test('a spent quota says when it comes back, a burst does not', async t => {
  const clock = createSandboxClock(Date.parse('2026-06-01T09:00:00.000Z'))
  clock.freeze()
  const sandbox = await open(t, { clock, settings: { soundcloud: { callsPerDay: 1, tokenLifetimeSeconds: 200_000 } } })
  const token = await soundcloudToken(sandbox)
  await soundcloud(sandbox, token, '/tracks/1')
  const spent = await soundcloud(sandbox, token, '/tracks/1')
  t.equal(spent.status, 429)
  t.equal(spent.json.errors[0].meta.reset_time, '2026/06/02 09:00:00 +0000')
  clock.advance(24 * HOUR_MS)
  t.equal((await soundcloud(sandbox, token, '/tracks/1')).status, 200)
  sandbox.settings.set({ soundcloud: { callsPerDay: 100, callsPerMinute: 1 } })
  const burst = await soundcloud(sandbox, token, '/tracks/1')
  t.equal(burst.status, 429)
  t.match(burst.json, { error_code: 'rate_limit_exceeded', errors: [{ error_message: 'rate_limit_exceeded' }] })
  sandbox.settings.set({ soundcloud: { burstReply: 'cdn_html' } })
  const cdn = await soundcloud(sandbox, token, '/tracks/1')
  t.equal(cdn.status, 403)
  t.match(cdn.headers.get('content-type'), /^text\/html/)
})

t.test('junk rate headers are there on demand only', async t => {
  const sandbox = await open(t)
  const token = await soundcloudToken(sandbox)
  t.equal((await soundcloud(sandbox, token, '/tracks/1')).headers.get('x-ratelimit-limit'), null)
  sandbox.settings.set({ soundcloud: { junkRateHeaders: true } })
  t.equal((await soundcloud(sandbox, token, '/tracks/1')).headers.get('x-ratelimit-limit'), '-1')
})

t.test('a partial answer leaves tracks out silently', async t => {
  const sandbox = await open(t)
  const token = await soundcloudToken(sandbox)
  sandbox.faults.add({ platform: 'soundcloud', kind: 'partial' })
  const { json } = await soundcloud(sandbox, token, '/tracks', { ...FULL, urns: urns(1, 2, 3) })
  t.same(json.collection.map((track: Json) => track.urn), [urnOf(1), urnOf(3)])
})

t.test('every known error can be asked for, on the token host too', async t => {
  const sandbox = await open(t)
  for (const error of sandbox.faults.errorNames('soundcloud')) {
    sandbox.faults.add({ platform: 'soundcloud', path: '/oauth/token', kind: 'error', error })
    const { status } = await soundcloudGrant(sandbox)
    t.ok(status >= 400, `${error} gives ${status}`)
  }
  t.equal((await soundcloudGrant(sandbox)).status, 200)
})
