import t from 'tap'
import { openPlatforms } from '../src/index.js'
import { BROKEN, inAWord, openTraps } from './traps.js'

const BATCH = '/'
const handle = (n: number): string => `artist.${n}`
const handles = (count: number): string[] => Array.from({ length: count }, (_, n) => handle(n))

const { row, trap, end } = await openTraps(t, 'instagram')

row('Happy path', 'the count is that of the account inside, not of ours outside', async (t, { sandbox, ask, costs }) => {
  t.strictSame(await ask('gigpro', '@Artist.1'), [4564, sandbox.entities.countOf('instagram', handle(1))])
  t.strictSame(costs(), [[BATCH, 200, 2]])
})

row('Missing id', 'a part with code 110/2207013 is a missing account', async (t, { sandbox, ask, costs }) => {
  sandbox.entities.set('instagram', handle(1), 'missing')
  t.strictSame(await ask(handle(1), 'gigpro'), ['not_found', 4564])
  t.strictSame(costs(), [[BATCH, 200, 2]])
})

trap('an OAuthException that is only "not found"', async (t, { sandbox, ask, costs }) => {
  sandbox.entities.set('instagram', handle(1), 'missing')
  t.strictSame(await ask(handle(1)), ['not_found'])
  t.strictSame(costs(), [[BATCH, 200, 1]])
})

row('Hidden count', 'a personal account is not told from a missing one', async (t, { sandbox, ask }) => {
  sandbox.entities.set('instagram', handle(1), 'hidden')
  sandbox.entities.set('instagram', handle(2), 'personal')
  t.strictSame(await ask(handle(1), handle(2)), ['not_found', 'not_found'])
})

row('Other states', 'nor is an age-gated one', async (t, { sandbox, ask }) => {
  sandbox.entities.set('instagram', handle(1), 'age_gated')
  t.strictSame(await ask(handle(1)), ['not_found'])
})

row('Duplicate ids', 'they are one part and one charge', async (t, { ask, costs }) => {
  t.strictSame(await ask('gigpro', '@GigPro', 'https://www.instagram.com/gigpro/'), [4564, 4564, 4564])
  t.strictSame(costs(), [[BATCH, 200, 1]])
})

row('Too many ids', 'fifty are one call, more are never sent', async (t, { client, ask, costs }) => {
  await t.rejects(client.fetchCounts(handles(51)), RangeError)
  t.strictSame(costs(), [])
  await ask(...handles(50))
  t.strictSame(costs(), [[BATCH, 200, 50]])
})

row('No ids', 'nothing is called', async (t, { ask, costs }) => {
  t.strictSame(await ask(), [])
  t.strictSame(costs(), [])
})

row('Malformed id', 'it is never sent, since it would be read as a query', async (t, { sandbox, ask }) => {
  t.strictSame(await ask('x){id,followers_count}', 'gigpro', 'two..dots', 'a,b', 'ＧigPro'),
    ['invalid_id', 4564, 'invalid_id', 'invalid_id', 'invalid_id'])
  t.strictSame(sandbox.calls.list('instagram').map(({ ids }) => ids), [['gigpro']])
})

row('Legacy form', 'the host of Instagram Login has no such lookup, and saying so is final', async (t, { sandbox, reopen, costs }) => {
  const client = reopen({}, { baseUrl: `${sandbox.url}/graph.instagram.com/v26.0` })
  t.strictSame((await client.fetchCounts(['gigpro'])).map(inAWord), ['request'])
  t.equal(costs().length, 1)
})

row('Bad token', 'code 190, at the top or in every part, is for a person to mend', async (t, { sandbox, reopen, costs }) => {
  for (const tokenErrorLevel of ['call', 'parts'] as const) {
    sandbox.settings.set({ graph: { tokenErrorLevel } })
    const stranger = reopen({}, { accessToken: sandbox.credentials.facebook.accessToken, appSecret: undefined })
    t.strictSame((await stranger.fetchCounts(['gigpro', handle(1)])).map(inAWord), ['auth', 'auth'], tokenErrorLevel)
    t.equal(costs().length, 1)
  }
})

trap('an account of ours that the token may not use is for a person to mend', async (t, { reopen }) => {
  t.strictSame((await reopen({}, { accountId: '17841400000000000' }).fetchCounts(['gigpro', handle(1)])).map(inAWord), ['auth', 'auth'])
})

trap('a demanded proof is sent and right', async (t, { sandbox, ask, reopen }) => {
  sandbox.settings.set({ instagram: { proofRequired: true } })
  t.strictSame(await ask('gigpro'), [4564])
  t.strictSame((await reopen({}, { appSecret: undefined }).fetchCounts(['gigpro'])).map(inAWord), ['auth'])
})

row('Token lifecycle', 'a token that expires is for a person to mend', async (t, { sandbox, ask }) => {
  sandbox.settings.set({ instagram: { tokenExpiresAt: sandbox.clock.now() + 1000 } })
  t.strictSame(await ask('gigpro'), [4564])
  sandbox.clock.advance(1000)
  t.strictSame(await ask('gigpro'), ['auth'])
})

row('Permission lost', 'in every part, as code 10 or 200: no account is missing', async (t, { sandbox, ask, costs }) => {
  for (const permission of ['refused', 'code_200'] as const) {
    sandbox.settings.set({ instagram: { permission } })
    t.strictSame(new Set(await ask(...handles(50))), new Set(['auth']), permission)
    t.equal(costs().length, 1)
  }
})

trap('fifty accounts missing at once are believed only if one that was there still is', async (t, { ask, costs, fault }) => {
  await ask('gigpro')
  costs()
  fault({ kind: 'error', error: '110/2207013', level: 'parts' })
  t.strictSame(new Set(await ask(...handles(50))), new Set(['not_found']))
  t.strictSame(costs(), [[BATCH, 200, 50], [BATCH, 200, 1]])
  fault({ kind: 'error', error: '110/2207013', level: 'parts', times: 2 })
  t.strictSame(new Set(await ask(...handles(50))), new Set(['auth']))
})

row('Quota exhausted', 'Facebook draws on the same budget; 80002 comes in either place', async (t, { sandbox, ask, fault }) => {
  sandbox.settings.set({ graph: { callsPerHour: 3 } })
  const { baseUrls, credentials } = sandbox
  const { clients, close } = openPlatforms({ facebook: { baseUrl: baseUrls.facebook, ...credentials.facebook } })
  t.teardown(close)
  await clients.facebook?.fetchCounts(['1000001', '1000002'])
  t.strictSame(await ask('gigpro', handle(1)), [4564, 'throttled'], 'the third call of the hour and the fourth')
  t.strictSame(await ask('gigpro'), ['throttled'])
  sandbox.settings.set({ graph: { callsPerHour: 100 } })
  fault({ kind: 'error', error: '80002' })
  t.strictSame(await ask('gigpro'), ['throttled'])
  fault({ kind: 'error', error: '80002', level: 'parts', ids: [handle(1)] })
  t.strictSame(await ask('gigpro', handle(1)), [4564, 'throttled'])
})

row('Burst limit', 'code 17 is a throttle', async (t, { sandbox, ask, costs }) => {
  sandbox.settings.set({ graph: { callsPerMinute: 1 } })
  t.strictSame(await ask('gigpro', handle(1)), [4564, 'throttled'])
  t.strictSame(await ask('gigpro'), ['throttled'])
  t.equal(costs().length, 2)
})

row('Usage headers', 'the time to regain access is when to ask again', async (t, { sandbox, ask, fault }) => {
  sandbox.settings.set({ graph: { businessUsagePercent: 100, callsPerHour: 100 } })
  t.strictSame(await ask('gigpro'), [4564])
  fault({ kind: 'error', error: '80002' })
  t.strictSame(await ask('gigpro'), ['throttled@2026-11-23T12:15:00'])
})

row('Cost accounting', 'each part is a call, missing ones too', async (t, { sandbox, ask }) => {
  sandbox.entities.set('instagram', handle(1), 'missing')
  await ask(...handles(50))
  t.equal(sandbox.calls.totals('instagram').cost, 50)
})

row('Server error', 'codes 1 and 2 with 500 are tried three times', async (t, { ask, costs, fault }) => {
  for (const error of ['1', '2']) {
    fault({ kind: 'error', error, times: 2 })
    t.strictSame(await ask('gigpro'), [4564])
    fault({ kind: 'error', error, times: 3 })
    t.strictSame(await ask('gigpro'), ['status'])
    t.equal(costs().length, 6)
  }
})

row('Partial answer', 'only the parts that are null are asked for again, once', async (t, { sandbox, ask, costs, fault }) => {
  fault({ kind: 'null_part', ids: [handle(1)] })
  t.ok((await ask(...handles(5))).every(word => typeof word === 'number'))
  t.strictSame(costs(), [[BATCH, 200, 5], [BATCH, 200, 1]])
  t.strictSame(sandbox.calls.list('instagram').at(-1)?.ids, [handle(1)])
})

trap('a 200 with nothing usable: every part failed', async (t, { ask, fault }) => {
  fault({ kind: 'null_part', times: 2 })
  t.strictSame(await ask('gigpro', handle(1)), ['timeout', 'timeout'])
})

row('Slow', 'a batch ends with its time, and has been charged all the same', async (t, { reopen, costs, fault }) => {
  const client = reopen({ timeoutMs: 60, deadlineMs: 200 })
  fault({ kind: 'delay', ms: 60_000, times: 'always' })
  t.strictSame((await client.fetchCounts(['gigpro'])).map(inAWord), ['timeout'])
  t.strictSame(costs(), [[BATCH, 200, 1]])
})

row('Connection reset, malformed JSON', 'no broken answer gives a count or makes an account unknown, nor does a broken part', async (t, { ask, costs, fault }) => {
  for (const [broken, word, isRepeated] of BROKEN) {
    fault({ ...broken, times: isRepeated ? 3 : 1 })
    t.strictSame(await ask('gigpro', handle(1)), [word, word], JSON.stringify(broken))
    t.equal(costs().length, isRepeated ? 3 : 1)
  }
  fault({ kind: 'malformed_part', ids: [handle(1)] })
  t.strictSame(await ask('gigpro', handle(1)), [4564, 'reply'])
})

end([])
