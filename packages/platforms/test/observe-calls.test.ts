import t from 'tap'
import { NO_LIMITS, openPlatforms, type PlatformCall } from '../src/index.js'
import { observeCalls } from '../src/observe-calls.js'
import type { CallFailure, CountOutcome } from '../src/port.js'
import { sendJson, startServer } from './fake-server.js'

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

t.test('each batch of a loader is one call, whoever asked for its ids, and holds no id', async t => {
  const server = await startServer(t, (_, response) => sendJson(response, { data: [] }))
  const calls: PlatformCall[] = []
  const platforms = openPlatforms({ x: { baseUrl: server.url, bearerToken: 't' } }, { onCall: call => { calls.push(call) } })
  t.teardown(() => platforms.close())
  await Promise.all(['one', 'two', 'ONE', 'three', 'not a handle!'].map(async id => await platforms.loaders.x?.load(id)))
  t.strictSame(calls.map(({ seconds, ...rest }) => rest), [{ platform: 'x', outcome: 'ok', ids: 3, maxBatchSize: 100 }])
})
