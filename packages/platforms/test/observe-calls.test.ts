import { t, type Test } from 'tap'
import { startCall } from '../src/deadline.js'
import { NO_LIMITS, openPlatforms, type PlatformCall, type PlatformLimits, type Platforms } from '../src/index.js'
import { observeCalls } from '../src/observe-calls.js'
import type { CallFailure, CountOutcome } from '../src/port.js'
import { sendJson, startServer, type Respond } from './fake-server.js'
import { errorPart, relativeUrls, sendParts } from './graph-dialect.js'
import { sendToken } from './soundcloud-dialect.js'

const good: CountOutcome = { kind: 'ok', count: 1 }
const failed = (reason: CallFailure['reason']): CountOutcome =>
  ({ kind: 'failed', failure: { reason, code: 'INS_PLATFORM_STATUS', detail: 'It failed.', retryAt: null } })

async function observe (answer: () => Promise<CountOutcome[]>): Promise<PlatformCall[]> {
  const calls: PlatformCall[] = []
  const fetchCounts = observeCalls({ platform: 'x', maxBatchSize: 100, fetchCounts: answer }, call => { calls.push(call) })
  await fetchCounts(['a', 'b']).catch(() => undefined)
  return calls
}

t.test('a call is told of once, with what became of it', async t => {
  const cases: Array<[PlatformCall['outcome'], CountOutcome[]]> = [
    ['ok', [good, { kind: 'not_found' }]],
    ['partial', [good, failed('transient')]],
    ['quota', [failed('quota'), failed('quota')]],
    ['auth', [failed('auth'), failed('auth')]]
  ]
  for (const [outcome, outcomes] of cases) {
    const calls = await observe(async () => outcomes)
    t.match(calls, [{ platform: 'x', outcome, ids: 2, maxBatchSize: 100 }])
    t.equal(calls.length, 1)
    t.ok((calls[0]?.seconds ?? -1) >= 0)
  }
})

t.test('a client that throws is told of as an error, and the error passes', async t => {
  t.match(await observe(async () => { throw new Error('a bug') }), [{ outcome: 'error', ids: 2 }])
  const fetchCounts = observeCalls({ platform: 'x', maxBatchSize: 1, fetchCounts: async () => { throw new Error('a bug') } }, () => {})
  await t.rejects(fetchCounts(['a']), { message: 'a bug' })
})

t.test('what was held back is no call, and no part of one', async t => {
  const held: CountOutcome = { kind: 'failed', failure: { reason: 'quota', code: 'INS_PLATFORM_QUOTA', detail: 'It is used up.', retryAt: null, isHeldBack: true } }
  t.same(await observe(async () => [held, held]), [])
  t.match(await observe(async () => [good, held]), [{ outcome: 'ok', ids: 1, maxBatchSize: 100 }])
})

t.test('a limit that is used up, and a pause after a refusal, make no calls', async t => {
  const server = await startServer(t, ({ path }, response) => {
    if (path === '/2/users/by') sendJson(response, { data: [] })
    else sendJson(response, { error: { code: 403, errors: [{ reason: 'accessNotConfigured' }] } }, 403)
  })
  const calls: PlatformCall[] = []
  const platforms = openPlatforms({ x: { baseUrl: server.url, bearerToken: 't' }, youtube: { baseUrl: server.url, apiKey: 'k' } }, {
    limits: { ...NO_LIMITS, x: { callsPer15Minutes: null, centsPerDay: 2 } }, onCall: call => { calls.push(call) }
  })
  t.teardown(() => platforms.close())
  const load = async (platform: 'x' | 'youtube', ids: string[]): Promise<void> => {
    await Promise.all(ids.map(async id => await platforms.loaders[platform]?.load(id, { urgency: 'on_demand' })))
  }
  await load('x', ['one', 'two', 'three'])
  await load('x', ['four'])
  await load('youtube', ['video000001'])
  const asked = server.requests.length
  await load('youtube', ['video000002'])
  t.equal(server.requests.length, asked)
  t.match(calls, [{ platform: 'x', outcome: 'ok', ids: 2 }, { platform: 'youtube', outcome: 'auth', ids: 1 }])
  t.equal(calls.length, 2)
})

interface Stage {
  calls: PlatformCall[]
  load: (platform: 'youtube' | 'soundcloud' | 'facebook', ids: string[]) => Promise<unknown>
  platforms: Platforms
}

async function openStage (t: Test, respond: Respond, limits: Partial<PlatformLimits>): Promise<Stage> {
  const { url } = await startServer(t, respond)
  const calls: PlatformCall[] = []
  const platforms = openPlatforms({
    youtube: { baseUrl: url, apiKey: 'k' },
    soundcloud: { baseUrl: url, tokenUrl: `${url}/token`, clientId: 'c', clientSecret: 's' },
    facebook: { baseUrl: url, accessToken: 't' }
  }, { limits: { ...NO_LIMITS, ...limits }, onCall: call => { calls.push(call) } })
  t.teardown(() => platforms.close())
  return {
    calls,
    platforms,
    load: async (platform, ids) => await Promise.all(ids.map(async id => await platforms.loaders[platform]?.load(id, { urgency: 'on_demand' })))
  }
}

t.test('a spent day of one method of YouTube is a call, though the other method is held back', async t => {
  const { calls, load, platforms } = await openStage(t, (_, response) => {
    sendJson(response, { error: { code: 403, errors: [{ domain: 'youtube.quota', reason: 'quotaExceeded' }] } }, 403)
  }, { youtube: { unitsPerDay: 5 } })
  await platforms.governor.gateOf('youtube').reserve({ charge: { videos: 5 } }, startCall(60_000, 'on_demand'))
  await load('youtube', ['video000001', 'video000002'])
  t.match(calls, [{ platform: 'youtube', outcome: 'quota', ids: 2 }])
  await load('youtube', ['video000003'])
  t.equal(calls.length, 1, 'now both are held back')
})

t.test('a list of SoundCloud is a call of all its tracks, though those it leaves out are held back', async t => {
  const { calls, load } = await openStage(t, ({ path }, response) => {
    if (path === '/token') sendToken(response)
    else sendJson(response, { collection: [{ urn: 'soundcloud:tracks:1', playback_count: 1 }] })
  }, { soundcloud: { ...NO_LIMITS.soundcloud, callsPerSecond: 0.05 } })
  await load('soundcloud', ['1', '2', '3'])
  t.match(calls, [{ platform: 'soundcloud', outcome: 'partial', ids: 3 }])
  await load('soundcloud', ['4'])
  t.equal(calls.length, 1, 'now its list is held back')
})

t.test('a list of SoundCloud that leaves all out is a call too', async t => {
  const { calls, load } = await openStage(t, ({ path }, response) => {
    if (path === '/token') sendToken(response)
    else sendJson(response, { collection: [] })
  }, { soundcloud: { ...NO_LIMITS.soundcloud, callsPerSecond: 0.05 } })
  await load('soundcloud', ['1', '2'])
  t.match(calls, [{ platform: 'soundcloud', outcome: 'throttled', ids: 2 }])
})

t.test('a batch of missing pages is a call, though the one that is asked for besides is held back', async t => {
  const { calls, load } = await openStage(t, (request, response) => {
    sendParts(response, relativeUrls(request).map(() => errorPart({ code: 100, error_subcode: 33 })))
  }, { facebook: { callsPerHour: 2 }, instagram: { callsPerHour: 2 } })
  await load('facebook', ['12345', '67890', '54321'])
  t.match(calls, [{ platform: 'facebook', outcome: 'quota', ids: 2 }], 'the third page found no room')
  await load('facebook', ['12345'])
  t.equal(calls.length, 1)
})

t.test('each batch of a loader is one call, whoever asked for its ids, and holds no id', async t => {
  const server = await startServer(t, (_, response) => sendJson(response, { data: [] }))
  const calls: PlatformCall[] = []
  const platforms = openPlatforms({ x: { baseUrl: server.url, bearerToken: 't' } }, { onCall: call => { calls.push(call) } })
  t.teardown(() => platforms.close())
  await Promise.all(['one', 'two', 'ONE', 'three', 'not a handle!'].map(async id => await platforms.loaders.x?.load(id)))
  t.strictSame(calls.map(({ seconds, ...rest }) => rest), [{ platform: 'x', outcome: 'ok', ids: 3, maxBatchSize: 100 }])
})
