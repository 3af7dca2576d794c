import { t, type Test } from 'tap'
import { openPlatforms, type Platforms } from '@insights/platforms'
import { openSandbox } from '@insights/sandbox'
import type { LightMyRequestResponse } from 'fastify'
import type { PlatformInsight } from '../src/deps.js'
import { anyToken, buildBareApi, noStores } from './build-test-api.js'

const MODES = { youtube: 'live', soundcloud: 'not_configured', x: 'live', facebook: 'sandbox', instagram: 'not_configured' } as const
const LIMITS = {
  youtube: { unitsPerDay: 10 },
  soundcloud: { callsPerSecond: 0, grantsPer12Hours: 40, grantsPerHour: 25 },
  x: { callsPer15Minutes: 300, centsPerDay: 3 },
  facebook: { callsPerHour: null },
  instagram: { callsPerHour: null }
}

/** Real clients of a stand-in, whose clock stands still at a winter's noon. */
async function open (t: Test): Promise<{ clients: Platforms['clients'], ask: (readStatus?: PlatformInsight['readStatus']) => Promise<LightMyRequestResponse> }> {
  const sandbox = await openSandbox()
  sandbox.clock.freeze()
  sandbox.clock.set(Date.parse('2026-11-23T12:00:00Z'))
  const { baseUrls, credentials } = sandbox
  const opened = openPlatforms({
    youtube: { baseUrl: baseUrls.youtube, ...credentials.youtube },
    x: { baseUrl: baseUrls.x, ...credentials.x },
    facebook: { baseUrl: baseUrls.facebook, ...credentials.facebook }
  }, { clock: sandbox.clock, limits: LIMITS })
  t.teardown(async () => {
    await opened.close()
    await sandbox.close()
  })
  return {
    clients: opened.clients,
    ask: async (readStatus = opened.readStatus) => {
      const { app } = await buildBareApi(t, { ...noStores, tokens: anyToken, platforms: { modes: MODES, readStatus } })
      return await app.inject({ url: '/api/platforms', headers: { authorization: 'Token any' } })
    }
  }
}

t.test('what is used and left of each limit is shown, and what a platform that is not configured has not', async t => {
  const { clients, ask } = await open(t)
  await clients.youtube?.fetchCounts(['l4WNrvVjiTw'])
  await clients.x?.fetchCounts(['gigpro', 'somebody'], { urgency: 'on_demand' })
  const answer = await ask()
  t.equal(answer.statusCode, 200)
  const { platforms } = answer.json()
  t.same(platforms.youtube, {
    mode: 'live',
    buckets: [
      { name: 'stats', unit: 'units', limit: 10, used: 1, left: 9, left_for_planned: 7, resets_at: '2026-11-24T08:00:00.000Z' },
      { name: 'videos', unit: 'units', limit: 10, used: 0, left: 10, left_for_planned: 8, resets_at: '2026-11-24T08:00:00.000Z' }
    ],
    parked: null,
    circuit: 'closed',
    last_success_at: '2026-11-23T12:00:00.000Z',
    next_probe_at: null
  })
  t.match(platforms.x.buckets[1], { name: 'spend', unit: 'cents', limit: 3, used: 2, left: 1, left_for_planned: 1, resets_at: '2026-11-24T00:00:00.000Z' })
  t.match(platforms.facebook, { mode: 'sandbox', buckets: [{ name: 'calls', limit: null, used: 0, left: null, resets_at: null }] })
  t.same(platforms.soundcloud, { mode: 'not_configured', buckets: [], parked: null, circuit: 'closed', last_success_at: null, next_probe_at: null })
})

t.test('a platform that has refused says why and until when, and is not asked meanwhile', async t => {
  const sandbox = await openSandbox()
  const opened = openPlatforms({ x: { baseUrl: sandbox.baseUrls.x, bearerToken: 'not-the-right-one' } }, { clock: sandbox.clock })
  t.teardown(async () => {
    await opened.close()
    await sandbox.close()
  })
  await opened.clients.x?.fetchCounts(['gigpro'])
  await opened.clients.x?.fetchCounts(['gigpro'])
  t.equal(sandbox.calls.totals('x').calls, 1)
  const status = await opened.readStatus('x')
  t.match(status, { parked: { code: 'INS_PLATFORM_AUTH', detail: /credentials/, until: String } })
  t.equal(status.next_probe_at, status.parked?.until)
})

t.test('while the shared state can not be read the answer is 503', async t => {
  const { ask } = await open(t)
  const answer = await ask(async () => { throw new Error('away') })
  t.equal(answer.statusCode, 503)
  t.match(answer.json(), { code: 'INS_QUEUE_UNAVAILABLE' })
  t.equal(answer.headers['retry-after'], '5')
})
