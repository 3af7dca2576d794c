import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { BROKEN, inAWord, openTraps, type Stage } from './traps.js'

const TRACKS = '/tracks'
const TOKEN = '/oauth/token'
const track = (n: number): string => String(5000 + n)
const tracks = (count: number): string[] => Array.from({ length: count }, (_, n) => track(n))
const single = (id: string): string => `/tracks/soundcloud:tracks:${id}`

const { row, trap, end } = await openTraps(t, 'soundcloud')

/** Gets the token, so that what follows is about tracks alone. */
async function warmUp ({ ask, costs }: Stage): Promise<void> {
  await ask(track(0))
  costs()
}

row('Happy path', 'a token and a call give counts, in pages and as a bare list', async (t, stage) => {
  const { sandbox, ask, costs, fault } = stage
  const count = sandbox.entities.countOf('soundcloud', track(1))
  t.strictSame(await ask('230230230', track(1)), [230, count])
  t.strictSame(costs(), [[TOKEN, 200, 1], [TRACKS, 200, 1]])
  fault({ kind: 'status', status: 200, body: [{ urn: 'soundcloud:tracks:230230230', playback_count: 230 }] })
  t.strictSame(await ask('230230230'), [230], 'the older form')
})

row('Missing id', 'it is left out of the batch, and its own 404 confirms it', async (t, stage) => {
  const { sandbox, ask, costs } = stage
  await warmUp(stage)
  sandbox.entities.set('soundcloud', track(1), 'missing')
  sandbox.entities.set('soundcloud', track(2), { count: 7 })
  t.strictSame(await ask(track(1), track(2)), ['not_found', 7])
  t.strictSame(costs(), [[TRACKS, 200, 1], [single(track(1)), 404, 1]])
})

row('Hidden count', 'null, absent, and a zero that is not revealed are hidden', async (t, { sandbox, ask }) => {
  sandbox.entities.set('soundcloud', track(1), 'hidden')
  for (const hiddenAs of ['null', 'absent', 'zero'] as const) {
    sandbox.settings.set({ soundcloud: { hiddenAs } })
    t.strictSame(await ask(track(1)), ['hidden'], hiddenAs)
  }
})

row('Other states', 'previews, blocked and private tracks are what they are', async (t, { sandbox, ask }) => {
  sandbox.entities.set('soundcloud', track(1), { state: 'preview', count: 1 })
  sandbox.entities.set('soundcloud', track(2), { state: 'blocked', count: 2 })
  sandbox.entities.set('soundcloud', track(3), 'private')
  t.strictSame(await ask(track(1), track(2), track(3)), [1, 2, 'not_found'])
})

trap('a miss that is really "blocked"', async (t, stage) => {
  const { sandbox, ask, costs } = stage
  await warmUp(stage)
  sandbox.entities.set('soundcloud', track(1), { state: 'blocked', count: 5 })
  t.strictSame(await ask(track(1)), [5])
  t.strictSame(costs(), [[TRACKS, 200, 1]], 'asked for with the others, not singly')
})

trap('a track that batches forget is found singly', async (t, stage) => {
  const { sandbox, ask, costs } = stage
  await warmUp(stage)
  sandbox.entities.set('soundcloud', track(1), { state: 'unlisted', count: 6 })
  t.strictSame(await ask(track(1)), [6])
  t.strictSame(costs(), [[TRACKS, 200, 1], [single(track(1)), 200, 1]])
})

row('Duplicate ids', 'number and URN are one track, asked for once', async (t, { sandbox, ask }) => {
  sandbox.entities.set('soundcloud', track(1), { count: 9 })
  t.strictSame(await ask(track(1), `soundcloud:tracks:${track(1)}`), [9, 9])
  t.strictSame(sandbox.calls.list('soundcloud').at(-1)?.ids, [`soundcloud:tracks:${track(1)}`])
})

row('Too many ids', 'fifty are one call and one page, more are never sent', async (t, stage) => {
  const { client, ask, costs } = stage
  await warmUp(stage)
  await t.rejects(client.fetchCounts(tracks(51)), RangeError)
  t.strictSame(costs(), [])
  t.ok((await ask(...tracks(50))).every(word => typeof word === 'number'))
  t.strictSame(costs(), [[TRACKS, 200, 1]])
})

row('No ids', 'nothing is called, since the answer would be tracks nobody asked for', async (t, { ask, costs }) => {
  t.strictSame(await ask(), [])
  t.strictSame(costs(), [])
})

row('Malformed id', 'it is never sent, and being told so is final', async (t, stage) => {
  const { ask, costs, fault } = stage
  await warmUp(stage)
  t.strictSame(await ask('soundcloud:users:5', track(1), 'https://soundcloud.com/a/b').then(words => words.map(word => typeof word)), ['string', 'number', 'string'])
  t.strictSame(costs(), [[TRACKS, 200, 1]])
  fault({ kind: 'error', error: 'badRequest' })
  t.strictSame(await ask(track(1)), ['request'])
  t.equal(costs().length, 1)
})

row('Legacy form', 'tracks that were not asked for, as the old parameter gives, are no answer', async (t, stage) => {
  const { ask, costs, fault } = stage
  await warmUp(stage)
  fault({ kind: 'strangers', path: TRACKS })
  t.strictSame((await ask(track(1))).map(word => typeof word), ['number'], 'the track itself is asked')
  t.strictSame(costs().map(([path]) => path), [TRACKS, single(track(1))])
})

row('Bad token', 'a token that is refused is replaced once; a secret that is refused is for a person to mend', async (t, stage) => {
  const { reopen, ask, costs, fault } = stage
  await warmUp(stage)
  fault({ kind: 'error', error: 'unauthorized', path: TRACKS })
  t.strictSame((await ask(track(1))).map(word => typeof word), ['number'])
  t.strictSame(costs(), [[TRACKS, 401, 0], [TOKEN, 200, 1], [TRACKS, 200, 1]])
  fault({ kind: 'error', error: 'unauthorized', path: TRACKS, times: 'always' })
  t.strictSame(await ask(track(1)), ['auth'])
  t.equal(costs().filter(([path]) => path === TOKEN).length, 1, 'one new token, not one per call')
  const stranger = reopen({}, { clientSecret: 'wrong' })
  t.strictSame((await stranger.fetchCounts([track(1)])).map(inAWord), ['auth'])
  t.strictSame(costs(), [[TOKEN, 401, 0]])
})

row('Token lifecycle', 'a token is renewed two minutes early by its refresh token, each of which works once', async (t, stage) => {
  const { sandbox, ask, costs } = stage
  sandbox.settings.set({ soundcloud: { tokenGrantsPer12Hours: 1 } })
  await warmUp(stage)
  for (let hour = 0; hour < 5; hour++) {
    sandbox.clock.advance(3_400_000)
    await ask(track(1))
    t.strictSame(costs(), [[TRACKS, 200, 1]], 'not before')
    sandbox.clock.advance(100_000)
    t.strictSame((await ask(track(1))).map(word => typeof word), ['number'])
    t.strictSame(costs(), [[TOKEN, 200, 1], [TRACKS, 200, 1]])
  }
})

trap('a refresh token that somebody else has used costs one grant more', async (t, stage) => {
  const { sandbox, ask, costs, fault } = stage
  for (const status of [400, 401] as const) {
    await warmUp(stage)
    fault({ kind: 'status', status, body: { error: 'invalid_grant' }, path: TOKEN })
    sandbox.clock.advance(3_500_000)
    t.strictSame((await ask(track(1))).map(word => typeof word), ['number'])
    t.strictSame(costs(), [[TOKEN, status, 0], [TOKEN, 200, 1], [TRACKS, 200, 1]])
  }
})

trap('the token host limiting a restart loop', async (t, { sandbox, reopen, costs }) => {
  sandbox.settings.set({ soundcloud: { tokenGrantsPerHour: 2 } })
  const words: Array<string | number> = []
  for (let start = 0; start < 4; start++) words.push(...(await reopen({}).fetchCounts(['230230230'])).map(inAWord))
  t.strictSame(words, [230, 230, 'throttled@2026-11-23T13:00:00', 'throttled@2026-11-23T13:00:00'])
  sandbox.settings.set({ soundcloud: { tokenLimitReply: 'terse' } })
  costs()
  const client = reopen({})
  t.strictSame((await client.fetchCounts(['230230230'])).map(inAWord), ['throttled@2026-11-23T13:00:00'], 'an hour unless it says more')
  await client.fetchCounts(['230230230'])
  t.strictSame(costs(), [[TOKEN, 429, 0]], 'and it is left alone meanwhile')
})

row('Quota exhausted', 'the time in the answer is when to ask again', async (t, stage) => {
  const { sandbox, ask, costs } = stage
  await warmUp(stage)
  sandbox.settings.set({ soundcloud: { callsPerDay: 1 } })
  t.strictSame(await ask(track(1)), ['throttled@2026-11-24T12:00:00'])
  t.equal(costs().length, 1)
})

row('Burst limit', 'a 429 without a time and a 403 page of the CDN are throttles', async (t, stage) => {
  const { sandbox, ask, costs } = stage
  await warmUp(stage)
  for (const [burstReply, status] of [['json', 429], ['cdn_html', 403]] as const) {
    sandbox.settings.set({ soundcloud: { callsPerMinute: 1, burstReply } })
    t.strictSame(await ask(track(1)), ['throttled'], burstReply)
    t.strictSame(costs(), [[TRACKS, status, 0]])
  }
})

trap('a 429 in any of its four shapes is one', async (t, stage) => {
  const { ask, costs, fault } = stage
  await warmUp(stage)
  for (const [error, word] of [
    ['rateLimitShort', 'throttled'], ['rateLimit', 'throttled@2026-11-23T12:01:00'],
    ['tokenRateLimit', 'throttled@2026-11-23T12:01:00'], ['tokenRateLimitTerse', 'throttled']
  ] as const) {
    fault({ kind: 'error', error })
    t.strictSame(await ask(track(1)), [word], error)
    t.equal(costs().length, 1)
  }
})

row('Usage headers', 'nonsense in them means nothing', async (t, { sandbox, ask }) => {
  sandbox.settings.set({ soundcloud: { junkRateHeaders: true } })
  t.strictSame(await ask('230230230'), [230])
})

row('Cost accounting', 'calls at the same time share one token', async (t, { ask, costs }) => {
  await Promise.all([ask(track(1)), ask(track(2)), ask(track(3))])
  t.strictSame(costs().filter(([path]) => path === TOKEN).length, 1)
})

row('Server error', 'three tries; of the token host two, since a lost grant counts', async (t, stage) => {
  const { reopen, ask, costs, fault } = stage
  await warmUp(stage)
  for (const error of ['internalError', 'badGateway', 'unavailable'] as const) {
    fault({ kind: 'error', error, times: 2 })
    t.strictSame(await ask('230230230'), [230])
    fault({ kind: 'error', error, times: 3 })
    t.strictSame(await ask('230230230'), ['status'])
    t.equal(costs().length, 6)
    fault({ kind: 'error', error, path: TOKEN, times: 2 })
    t.strictSame((await reopen({}).fetchCounts(['230230230'])).map(inAWord), ['status'])
    t.equal(costs().length, 2)
  }
})

row('Partial answer', 'pages are followed, and what no page has is asked for singly', async (t, stage) => {
  const { sandbox, ask, costs, fault } = stage
  await warmUp(stage)
  sandbox.settings.set({ soundcloud: { maxPageSize: 2 } })
  t.ok((await ask(...tracks(5))).every(word => typeof word === 'number'))
  t.strictSame(costs().map(([path]) => path), [TRACKS, TRACKS, TRACKS])
  fault({ kind: 'partial', ids: ['soundcloud:tracks:230230230'], path: TRACKS, times: 'always' })
  t.strictSame(await ask('230230230'), [230])
  t.strictSame(costs().map(([path]) => path), [TRACKS, single('230230230')])
})

row('Slow', 'a call ends with its time, on the token host too', async (t, { reopen, costs, fault }) => {
  for (const path of [TRACKS, TOKEN]) {
    const client = reopen({ timeoutMs: 60, deadlineMs: 200 })
    fault({ kind: 'delay', ms: 60_000, path, times: 4 })
    t.strictSame((await client.fetchCounts([track(1)])).map(inAWord), ['timeout'], path)
    // A grant may go on for others after its caller has gone.
    await turn()
    t.ok(costs().some(([called]) => called === path))
  }
})

row('Connection reset, malformed JSON', 'no broken answer gives a count or makes a track unknown, on the token host too', async (t, stage) => {
  const { ask, costs, fault, reopen } = stage
  await warmUp(stage)
  for (const [broken, word, isRepeated] of BROKEN.filter(([fault]) => !('body' in fault && Array.isArray(fault.body)))) {
    fault({ ...broken, times: isRepeated ? 3 : 1, path: TRACKS })
    t.strictSame(await ask(track(1), track(2)), [word, word], JSON.stringify(broken))
    t.equal(costs().length, isRepeated ? 3 : 1)
    fault({ ...broken, times: isRepeated ? 2 : 1, path: TOKEN })
    t.strictSame((await reopen({}).fetchCounts([track(1)])).map(inAWord), [word], `token host: ${JSON.stringify(broken)}`)
    t.equal(costs().length, isRepeated ? 2 : 1)
  }
  fault({ kind: 'wrong_type', body: [], path: TRACKS })
  t.strictSame((await ask(track(1))).map(word => typeof word), ['number'], 'an empty list is an answer, so the track is asked for singly')
})

end(['Permission lost'])
