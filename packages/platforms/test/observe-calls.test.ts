import t from 'tap'
import { openPlatforms, type PlatformCall } from '../src/index.js'
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

t.test('each batch of a loader is one call, whoever asked for its ids, and holds no id', async t => {
  const server = await startServer(t, (_, response) => sendJson(response, { data: [] }))
  const calls: PlatformCall[] = []
  const platforms = openPlatforms({ x: { baseUrl: server.url, bearerToken: 't' } }, { onCall: call => { calls.push(call) } })
  t.teardown(() => platforms.close())
  await Promise.all(['one', 'two', 'ONE', 'three', 'not a handle!'].map(async id => await platforms.loaders.x?.load(id)))
  t.strictSame(calls.map(({ seconds, ...rest }) => rest), [{ platform: 'x', outcome: 'ok', ids: 3, maxBatchSize: 100 }])
})
