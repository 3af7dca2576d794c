import t from 'tap'
import { BROKEN, inAWord, openTraps } from './traps.js'

const STATS = '/videos:batchGetStats'
const LIST = '/videos'
const video = (n: number): string => `video_${String(n).padStart(5, '0')}`
const videos = (count: number): string[] => Array.from({ length: count }, (_, n) => video(n))

const { row, trap, end } = await openTraps(t, 'youtube')

row('Happy path', 'both endpoints give counts out of decimal strings', async (t, { sandbox, ask, costs }) => {
  const count = sandbox.entities.countOf('youtube', 'dQw4w9WgXcQ')
  t.strictSame(await ask('l4WNrvVjiTw', 'dQw4w9WgXcQ'), [30, count])
  t.strictSame(costs(), [[STATS, 200, 1]])
  sandbox.settings.set({ youtube: { batchGetStats: 'status_404' } })
  t.strictSame(await ask('l4WNrvVjiTw', 'dQw4w9WgXcQ'), [30, count])
  t.strictSame(costs(), [[STATS, 404, 0], [LIST, 200, 1]])
})

for (const batchGetStats of ['status_404', 'status_501'] as const) {
  trap(`where batchGetStats is not enabled (${batchGetStats}) the list stands in for an hour`, async (t, { sandbox, ask, costs }) => {
    sandbox.settings.set({ youtube: { batchGetStats } })
    await ask(video(1))
    await ask(video(2))
    t.strictSame(costs().map(([path]) => path), [STATS, LIST, LIST])
    sandbox.clock.advance(3_600_000)
    await ask(video(3))
    t.strictSame(costs().map(([path]) => path), [STATS, LIST])
  })
}

trap('the list does not stand in for a refused request, a refused key or a server in trouble', async (t, { ask, costs, fault }) => {
  for (const error of ['invalidFields', 'keyInvalid', 'accessNotConfigured', 'internalError'] as const) {
    fault({ kind: 'error', error, times: 3 })
    await ask(video(1))
    t.notOk(costs().some(([path]) => path === LIST), error)
  }
})

row('Missing id', 'it is left out, whether or not a summary lists it', async (t, { sandbox, ask, costs }) => {
  sandbox.entities.set('youtube', video(1), 'missing')
  sandbox.entities.set('youtube', video(2), { count: 5 })
  t.strictSame(await ask(video(1), video(2)), ['not_found', 5])
  sandbox.settings.set({ youtube: { summary: false } })
  t.strictSame(await ask(video(1), video(2)), ['not_found', 5])
  t.strictSame(await ask(video(1)), ['not_found'], 'an empty list is an answer')
  t.strictSame(costs().map(([, , cost]) => cost), [1, 1, 1])
})

row('Hidden count', 'a view count that is absent is hidden, not 0', async (t, { sandbox, ask }) => {
  sandbox.entities.set('youtube', video(1), 'hidden')
  sandbox.entities.set('youtube', video(2), 'no_statistics')
  sandbox.entities.set('youtube', video(3), { count: 0 })
  t.strictSame(await ask(video(1), video(2), video(3)), ['hidden', 'hidden', 0])
})

row('Other states', 'a private video is not told from a missing one', async (t, { sandbox, ask }) => {
  sandbox.entities.set('youtube', video(1), 'private')
  t.strictSame(await ask(video(1)), ['not_found'])
})

row('Duplicate ids', 'they are asked for once, pasted addresses too', async (t, { sandbox, ask, costs }) => {
  sandbox.entities.set('youtube', video(1), { count: 9 })
  t.strictSame(await ask(video(1), `https://youtu.be/${video(1)}`, video(1)), [9, 9, 9])
  t.strictSame(sandbox.calls.list('youtube')[0]?.ids, [video(1)])
  t.strictSame(costs(), [[STATS, 200, 1]])
})

row('Too many ids', 'fifty are one call, more are never sent, and being told so is final', async (t, { client, ask, costs, fault }) => {
  await t.rejects(client.fetchCounts(videos(51)), RangeError)
  t.strictSame(costs(), [])
  await ask(...videos(50))
  t.strictSame(costs(), [[STATS, 200, 1]])
  fault({ kind: 'error', error: 'invalidFilters' })
  t.strictSame(await ask(video(1)), ['request'])
  t.equal(costs().length, 1)
})

row('No ids', 'nothing is called, and being told so is final', async (t, { ask, costs, fault }) => {
  t.strictSame(await ask(), [])
  t.strictSame(costs(), [])
  fault({ kind: 'error', error: 'idMissing' })
  t.strictSame(await ask(video(1)), ['request'])
  t.equal(costs().length, 1)
})

row('Malformed id', 'it is never sent and harms no other', async (t, { sandbox, ask }) => {
  t.strictSame(await ask('too short', 'l4WNrvVjiTw', 'a&key=b#1234'), ['invalid_id', 30, 'invalid_id'])
  t.strictSame(sandbox.calls.list('youtube').map(({ ids }) => ids), [['l4WNrvVjiTw']])
})

row('Bad token', 'a key that is not valid is a 400 for a person to mend, one that is not there a 403', async (t, { reopen, ask, costs, fault }) => {
  const stranger = reopen({}, { apiKey: 'of-another-project' })
  t.strictSame((await stranger.fetchCounts([video(1)])).map(inAWord), ['auth'])
  t.strictSame(costs(), [[STATS, 400, 0]])
  for (const [error, status] of [['keyInvalidOld', 400], ['keyMissing', 403]] as const) {
    fault({ kind: 'error', error })
    t.strictSame(await ask(video(1)), ['auth'], error)
    t.strictSame(costs(), [[STATS, status, 0]])
  }
})

trap('a 400 that is auth and not a bug of ours', async (t, { client, fault }) => {
  fault({ kind: 'error', error: 'keyInvalid' })
  const [outcome] = await client.fetchCounts([video(1)])
  t.match(outcome, { kind: 'failed', failure: { reason: 'auth', code: 'INS_PLATFORM_AUTH', detail: 'YouTube refuses the API key.' } })
})

row('Permission lost', 'an API that is switched off is for a person to mend', async (t, { sandbox, ask, costs }) => {
  sandbox.settings.set({ youtube: { apiEnabled: false } })
  t.strictSame(await ask(video(1)), ['auth'])
  t.strictSame(costs(), [[STATS, 403, 0]])
})

for (const [when, now, midnight] of [
  ['in winter', '2026-11-23T12:00:00Z', '2026-11-24T08:00:00'],
  ['in summer', '2026-07-01T12:00:00Z', '2026-07-02T07:00:00'],
  ['on the day the clocks go back', '2026-11-01T08:30:00Z', '2026-11-02T08:00:00'],
  ['on the day the clocks go forward', '2027-03-14T09:00:00Z', '2027-03-15T07:00:00']
] as const) {
  row('Quota exhausted', `each bucket is spent in its own way, until midnight in Los Angeles, ${when}`, async (t, { sandbox, ask, costs }) => {
    sandbox.clock.set(Date.parse(now))
    sandbox.settings.set({ youtube: { statsUnitsPerDay: 1, generalUnitsPerDay: 1, batchGetStats: 'status_404' } })
    await ask(video(1))
    t.strictSame(await ask(video(1)), [`quota@${midnight}`])
    t.strictSame(costs(), [[STATS, 404, 0], [LIST, 200, 1], [LIST, 403, 0]])
    sandbox.clock.set(Date.parse(`${midnight}Z`) - 1)
    t.strictSame(await ask(video(1)), [`quota@${midnight}`], 'a moment before')
    sandbox.clock.set(Date.parse(`${midnight}Z`))
    t.type((await ask(video(1)))[0], 'number', 'the next day has begun')
  })
}

for (const [error, status] of [['dailyLimit429', 429], ['quotaExceeded', 403], ['dailyLimitExceeded', 403]] as const) {
  trap(`a ${status} that means tomorrow (${error}), of one bucket and then of both`, async (t, { sandbox, ask, costs, fault }) => {
    fault({ kind: 'error', error })
    t.strictSame(await ask(video(1)), [sandbox.entities.countOf('youtube', video(1))], 'the other bucket stands in')
    t.strictSame(costs(), [[STATS, status, 0], [LIST, 200, 1]])
    fault({ kind: 'error', error, times: 2 })
    t.strictSame(await ask(video(1)), ['quota@2026-11-24T08:00:00'])
    t.strictSame(costs(), [[STATS, status, 0], [LIST, status, 0]], 'neither is repeated')
  })
}

row('Burst limit', 'a minute\'s limit is a throttle that does not say until when, and is not repeated', async (t, { sandbox, ask, costs, fault }) => {
  sandbox.settings.set({ youtube: { callsPerMinute: 1 } })
  await ask(video(1))
  costs()
  t.strictSame(await ask(video(1)), ['throttled'])
  t.strictSame(costs(), [[STATS, 429, 0]])
  for (const error of ['rateLimitExceeded', 'userRateLimitExceeded'] as const) {
    fault({ kind: 'error', error })
    t.strictSame(await ask(video(1)), ['throttled'], error)
    t.strictSame(costs(), [[STATS, 403, 0]])
  }
})

row('Cost accounting', 'a call costs one unit, however many ids it asks for', async (t, { sandbox, ask }) => {
  await ask(...videos(50))
  await ask(video(1))
  t.equal(sandbox.calls.totals('youtube').cost, 2)
})

row('Server error', 'three tries, then the count stays as it was', async (t, { ask, costs, fault }) => {
  for (const error of ['internalError', 'backendError', 'badGateway'] as const) {
    fault({ kind: 'error', error, times: 2 })
    t.strictSame(await ask('l4WNrvVjiTw'), [30], `${error} twice`)
    t.equal(costs().length, 3)
    fault({ kind: 'error', error, times: 3 })
    t.strictSame(await ask('l4WNrvVjiTw'), ['status'], `${error} three times`)
    t.equal(costs().length, 3)
  }
})

row('Partial answer', 'what is left out counts as a miss, never as 0', async (t, { ask, costs, fault }) => {
  fault({ kind: 'partial', ids: [video(1)] })
  t.strictSame(await ask('l4WNrvVjiTw', video(1)), [30, 'not_found'])
  t.strictSame(costs(), [[STATS, 200, 1]])
})

row('Slow', 'a call ends with its time, and has been charged all the same', async (t, { reopen, costs, fault }) => {
  const client = reopen({ timeoutMs: 60, deadlineMs: 200 })
  fault({ kind: 'delay', ms: 60_000, times: 'always' })
  t.strictSame((await client.fetchCounts([video(1)])).map(inAWord), ['timeout'])
  t.ok(costs().every(([path, status, cost]) => path === STATS && status === 200 && cost === 1))
})

row('Connection reset, malformed JSON', 'no broken answer gives a count or makes an id unknown', async (t, { ask, costs, fault }) => {
  for (const [broken, word, isRepeated] of BROKEN) {
    fault({ ...broken, times: isRepeated ? 3 : 1 })
    t.strictSame(await ask(video(1), video(2)), [word, word], JSON.stringify(broken))
    t.equal(costs().length, isRepeated ? 3 : 1)
  }
})

trap('a count beyond 2^53 is a reply that can not be used, one just below is exact', async (t, { ask, fault }) => {
  for (const [json, word] of [['"18446744073709551615"', 'reply'], ['"9007199254740993"', 'reply'], ['"9007199254740991"', 2 ** 53 - 1]] as const) {
    fault({ kind: 'count', json })
    t.strictSame(await ask(video(1)), [word], json)
  }
})

end(['Legacy form', 'Token lifecycle', 'Usage headers'])
