import t from 'tap'
import { BROKEN, inAWord, openTraps } from './traps.js'

const BY = '/2/users/by'
const handle = (n: number): string => `artist_${n}`
const handles = (count: number): string[] => Array.from({ length: count }, (_, n) => handle(n))

const { row, trap, end } = await openTraps(t, 'x')

row('Happy path', 'counts come with handles in their own case, a cent each', async (t, { sandbox, ask, costs }) => {
  t.strictSame(await ask('gigpro', handle(1)), [4546, sandbox.entities.countOf('x', handle(1))])
  t.strictSame(costs(), [[BY, 200, 0.02]])
})

trap('handle case differing in the reply', async (t, { sandbox, ask }) => {
  sandbox.entities.set('x', 'gigpro', { count: 8 })
  t.strictSame(await ask('gigpro'), [8], 'the reply says Gigpro')
  t.strictSame(await ask('@GIGPRO', 'gigPro', 'https://x.com/GigPro'), [8, 8, 8])
})

row('Missing id', 'it is an error beside the data, and free', async (t, { sandbox, ask, costs }) => {
  sandbox.entities.set('x', handle(1), 'missing')
  t.strictSame(await ask(handle(1), 'gigpro'), ['not_found', 4546])
  t.strictSame(costs(), [[BY, 200, 0.01]])
})

trap('a 200 with nothing usable: every account is missing and there is no data', async (t, { sandbox, ask, costs }) => {
  for (const name of handles(3)) sandbox.entities.set('x', name, 'missing')
  t.strictSame(await ask(...handles(3)), ['not_found', 'not_found', 'not_found'])
  t.strictSame(costs(), [[BY, 200, 0]])
})

row('Other states', 'a suspended and a renamed account are not found, a protected one is', async (t, { sandbox, ask }) => {
  sandbox.entities.set('x', 'suspended', 'suspended')
  sandbox.entities.set('x', 'renamed', 'renamed')
  sandbox.entities.set('x', 'protected', { state: 'protected', count: 3 })
  t.strictSame(await ask('suspended', 'renamed', 'protected'), ['not_found', 'not_found', 3])
})

row('Duplicate ids', 'they are asked for and paid once', async (t, { ask, costs }) => {
  t.strictSame(await ask('gigpro', 'GigPro', '@gigpro'), [4546, 4546, 4546])
  t.strictSame(costs(), [[BY, 200, 0.01]])
})

row('Too many ids', 'a hundred are one call, more are never sent', async (t, { client, ask, costs }) => {
  await t.rejects(client.fetchCounts(handles(101)), RangeError)
  t.strictSame(costs(), [])
  await ask(...handles(100))
  t.strictSame(costs(), [[BY, 200, 1]])
})

row('No ids', 'nothing is called', async (t, { ask, costs }) => {
  t.strictSame(await ask(), [])
  t.strictSame(costs(), [])
})

row('Malformed id', 'it is never sent, since it would fail the whole call', async (t, { sandbox, ask, costs, fault }) => {
  t.strictSame(await ask('bad-name', 'gigpro', 'way_too_long_for_x', 'a,b'), ['invalid_id', 4546, 'invalid_id', 'invalid_id'])
  t.strictSame(sandbox.calls.list('x').map(({ ids }) => ids), [['gigpro']])
  costs()
  fault({ kind: 'status', status: 400, body: { title: 'Invalid Request', type: 'https://api.twitter.com/2/problems/invalid-request' } })
  t.strictSame(await ask('gigpro'), ['request'])
  t.equal(costs().length, 1, 'being told so is final')
})

row('Legacy form', 'only version 2 is called, and an address that is gone is final', async (t, { sandbox, reopen, costs }) => {
  for (const legacyStatus of [404, 410] as const) {
    sandbox.settings.set({ x: { legacyStatus } })
    const client = reopen({}, { baseUrl: `${sandbox.baseUrls.x}/1.1` })
    t.strictSame((await client.fetchCounts(['gigpro'])).map(inAWord), ['request'])
    t.strictSame(costs(), [[`/1.1${BY}`, legacyStatus, 0]])
  }
})

row('Bad token', 'a 401 is for a person to mend', async (t, { reopen, costs }) => {
  const stranger = reopen({}, { bearerToken: 'wrong' })
  t.strictSame((await stranger.fetchCounts(['gigpro'])).map(inAWord), ['auth'])
  t.strictSame(costs(), [[BY, 401, 0]])
})

row('Permission lost', 'an app that is not enrolled is for a person to mend', async (t, { sandbox, ask, costs }) => {
  for (const app of ['client_forbidden', 'unsupported_authentication'] as const) {
    sandbox.settings.set({ x: { app } })
    t.strictSame(await ask('gigpro'), ['auth'])
    t.strictSame(costs(), [[BY, 403, 0]])
  }
})

row('Quota exhausted', 'no credits is a 402; a cap ends on its date; a user is paid once per UTC day', async (t, { sandbox, ask, costs }) => {
  sandbox.settings.set({ x: { creditDollars: 0.02 } })
  await ask('gigpro')
  await ask('gigpro')
  sandbox.clock.set(Date.parse('2026-11-24T00:00:00Z'))
  await ask('gigpro')
  t.strictSame(costs().map(([, , dollars]) => dollars), [0.01, 0, 0.01])
  t.strictSame(await ask(handle(1)), ['quota'])
  sandbox.settings.set({ x: { creditDollars: 100, spendCapDollars: 0.02 } })
  t.strictSame(await ask(handle(1)), ['quota@2026-12-01T00:00:00'])
  t.strictSame(costs().map(([, status, dollars]) => [status, dollars]), [[402, 0], [403, 0]])
  sandbox.clock.set(Date.parse('2026-12-01T00:00:00Z'))
  t.type((await ask(handle(1)))[0], 'number')
})

trap('a 403 that is money, not auth', async (t, { client, fault }) => {
  fault({ kind: 'error', error: 'spendCapReached' })
  const [outcome] = await client.fetchCounts(['gigpro'])
  t.match(outcome, { failure: { reason: 'quota', code: 'INS_PLATFORM_QUOTA', detail: 'The account at X has reached its spend cap.' } })
})

row('Burst limit', 'the reset in the headers says until when, if it lies ahead', async (t, { sandbox, ask, costs, fault }) => {
  sandbox.settings.set({ x: { callsPer15Minutes: 1 } })
  await ask('gigpro')
  costs()
  t.strictSame(await ask('gigpro'), ['throttled@2026-11-23T12:15:02'], 'two seconds of margin')
  t.strictSame(costs(), [[BY, 429, 0]], 'and it is not repeated')
  fault({ kind: 'error', error: 'tooManyRequestsRemaining' })
  t.strictSame(await ask('gigpro'), ['throttled@2026-11-23T12:15:02'], 'calls that are said to remain are not believed')
  for (const error of ['tooManyRequestsNoHeaders', 'rateLimit88'] as const) {
    fault({ kind: 'error', error })
    t.match((await ask('gigpro'))[0], /^throttled/, error)
  }
  fault({ kind: 'status', status: 429, body: {}, headers: { 'x-rate-limit-reset': '1' } })
  t.strictSame(await ask('gigpro'), ['throttled'], 'a reset that has passed says nothing')
})

row('Usage headers', 'they are on every answer, and a good one is read whatever they say', async (t, { sandbox, ask }) => {
  sandbox.settings.set({ x: { callsPer15Minutes: 1 } })
  t.strictSame(await ask('gigpro'), [4546], 'none remains')
})

row('Cost accounting', 'a batch saves calls and no money', async (t, { sandbox, ask }) => {
  await ask(...handles(100))
  await ask(handle(1), handle(200))
  t.equal(sandbox.calls.totals('x').cost, 1.01)
})

row('Server error', 'three tries, then the count stays as it was', async (t, { ask, costs, fault }) => {
  for (const error of ['internalError', 'badGateway', 'unavailable', 'gatewayTimeout'] as const) {
    fault({ kind: 'error', error, times: 2 })
    t.strictSame(await ask('gigpro'), [4546])
    fault({ kind: 'error', error, times: 3 })
    t.strictSame(await ask('gigpro'), ['status'])
    t.equal(costs().length, 6)
  }
})

row('Partial answer', 'an account in neither data nor errors counts as a miss, never as 0', async (t, { sandbox, ask, fault }) => {
  sandbox.entities.set('x', handle(1), 'missing')
  fault({ kind: 'partial', ids: [handle(2)] })
  t.strictSame(await ask('gigpro', handle(1), handle(2)), [4546, 'not_found', 'not_found'])
})

row('Slow', 'a call ends with its time, and has been paid all the same', async (t, { reopen, costs, fault }) => {
  const client = reopen({ timeoutMs: 60, deadlineMs: 200 })
  fault({ kind: 'delay', ms: 60_000, times: 'always' })
  t.strictSame((await client.fetchCounts(['gigpro'])).map(inAWord), ['timeout'])
  t.equal(costs().reduce((sum, [, , dollars]) => sum + dollars, 0), 0.01, 'once, however often it was tried')
})

row('Connection reset, malformed JSON', 'no broken answer gives a count or makes an account unknown', async (t, { ask, costs, fault }) => {
  for (const [broken, word, isRepeated] of BROKEN) {
    fault({ ...broken, times: isRepeated ? 3 : 1 })
    t.strictSame(await ask('gigpro', handle(1)), [word, word], JSON.stringify(broken))
    t.equal(costs().length, isRepeated ? 3 : 1)
  }
})

end(['Hidden count', 'Token lifecycle'])
