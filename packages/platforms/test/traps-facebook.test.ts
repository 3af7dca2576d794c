import t from 'tap'
import { BROKEN, inAWord, openTraps } from './traps.js'

const PAGE = '4546477'
const page = (n: number): string => String(1_000_000 + n)
const pages = (count: number): string[] => Array.from({ length: count }, (_, n) => page(n))
const BATCH = '/'

const { row, trap, end } = await openTraps(t, 'facebook')

row('Happy path', 'counts are in the parts of one batch, whose bodies are JSON text', async (t, { sandbox, ask, costs }) => {
  t.strictSame(await ask(PAGE, page(1)), [4546, sandbox.entities.countOf('facebook', page(1))])
  t.strictSame(costs(), [[BATCH, 200, 2]])
})

trap('ids over 2^53 surviving a round trip', async (t, { sandbox, ask }) => {
  const [big, neighbour] = ['99999999999999999998', '99999999999999999999']
  sandbox.entities.set('facebook', big, { count: 1 })
  sandbox.entities.set('facebook', neighbour, { count: 2 })
  t.strictSame(await ask(big, neighbour), [1, 2])
  t.strictSame(sandbox.calls.list('facebook')[0]?.ids, [big, neighbour])
})

row('Missing id', 'a part with code 100/33 among good ones is a missing page', async (t, { sandbox, ask, costs }) => {
  sandbox.entities.set('facebook', page(1), 'missing')
  t.strictSame(await ask(page(1), PAGE), ['not_found', 4546])
  t.strictSame(costs(), [[BATCH, 200, 2]])
})

trap('a missing page alone is believed once a page that exists has answered', async (t, { sandbox, ask, costs }) => {
  sandbox.entities.set('facebook', page(1), 'missing')
  t.strictSame(await ask(page(1)), ['not_found'])
  t.strictSame(costs(), [[BATCH, 200, 1], [BATCH, 200, 1]], 'the witness costs a call')
  t.strictSame(await ask(page(1)), ['not_found'])
  t.strictSame(costs(), [[BATCH, 200, 1]], 'and is not asked at every miss')
})

row('Hidden count', 'a follower count that is absent is hidden, and likes are no stand-in', async (t, { sandbox, ask }) => {
  sandbox.entities.set('facebook', page(1), 'hidden')
  t.strictSame(await ask(page(1)), ['hidden'])
})

row('Other states', 'an unpublished page is missing, a page with a permission of its own fails alone', async (t, { sandbox, ask }) => {
  sandbox.entities.set('facebook', page(1), 'unpublished')
  sandbox.entities.set('facebook', page(2), 'restricted')
  t.strictSame(await ask(page(1), page(2), PAGE), ['not_found', 'auth', 4546])
})

row('Duplicate ids', 'they are one part and one charge, since each part would be charged', async (t, { ask, costs }) => {
  t.strictSame(await ask(PAGE, ` ${PAGE}`, PAGE), [4546, 4546, 4546])
  t.strictSame(costs(), [[BATCH, 200, 1]])
})

row('Too many ids', 'fifty are one call, more are never sent, and being told so is final', async (t, { client, ask, costs, fault }) => {
  await t.rejects(client.fetchCounts(pages(51)), RangeError)
  t.strictSame(costs(), [])
  await ask(...pages(50))
  t.strictSame(costs(), [[BATCH, 200, 50]])
  const error = { message: 'Too many requests in batch message. Maximum batch size is 50', type: 'GraphBatchException' }
  fault({ kind: 'status', status: 400, body: { error } })
  t.strictSame(await ask(PAGE), ['request'])
  t.equal(costs().length, 1)
})

row('No ids', 'nothing is called, and being told so is final', async (t, { ask, costs, fault }) => {
  t.strictSame(await ask(), [])
  t.strictSame(costs(), [])
  fault({ kind: 'error', error: '100' })
  t.strictSame(await ask(PAGE), ['request'])
  t.equal(costs().length, 1)
})

row('Malformed id', 'a name is never sent, and an alias that is not known is missing', async (t, { ask, costs, fault }) => {
  t.strictSame(await ask('cocacola', PAGE, '12345?fields=x'), ['invalid_id', 4546, 'invalid_id'])
  t.strictSame(costs(), [[BATCH, 200, 1]])
  fault({ kind: 'error', error: '803', level: 'parts', ids: [page(1)] })
  t.strictSame(await ask(page(1), PAGE), ['not_found', 4546])
})

row('Legacy form', 'the ids parameter is never used, and its 500 with code 100 is final', async (t, { sandbox, ask, costs, fault }) => {
  await ask(...pages(3))
  t.ok(sandbox.calls.list('facebook').every(({ method, path }) => method === 'POST' && path === BATCH))
  costs()
  fault({ kind: 'status', status: 500, body: { error: { message: 'The ids query parameter is deprecated in v26.0+.', code: 100 } }, times: 3 })
  t.strictSame(await ask(PAGE), ['request'])
  t.equal(costs().length, 1)
})

trap('a 500 that must not be retried', async (t, { sandbox, costs }) => {
  const answer = await fetch(`${sandbox.baseUrls.facebook}/?ids=${PAGE}`)
  t.equal(answer.status, 500)
  t.match(await answer.json(), { error: { code: 100 } })
  t.strictSame(costs(), [[BATCH, 500, 1]], 'what a client of the old form gets')
})

row('Bad token', 'code 190, at the top or in every part, is for a person to mend', async (t, { sandbox, reopen, costs }) => {
  for (const tokenErrorLevel of ['call', 'parts'] as const) {
    for (const tokenErrorStatus of [400, 401] as const) {
      sandbox.settings.set({ graph: { tokenErrorLevel, tokenErrorStatus } })
      const stranger = reopen({}, { accessToken: 'wrong', appSecret: undefined })
      t.strictSame((await stranger.fetchCounts([PAGE, page(1)])).map(inAWord), ['auth', 'auth'], `${tokenErrorLevel} ${tokenErrorStatus}`)
      t.equal(costs().length, 1)
    }
  }
})

trap('a 400 that is auth, not a bug of ours', async (t, { client, fault }) => {
  fault({ kind: 'error', error: '190' })
  const [outcome] = await client.fetchCounts([PAGE])
  t.match(outcome, { failure: { reason: 'auth', code: 'INS_PLATFORM_AUTH', detail: 'Facebook refuses the credentials (code 190).' } })
})

trap('a demanded proof is sent and right; one that is missing or wrong is for a person to mend', async (t, { sandbox, ask, reopen }) => {
  sandbox.settings.set({ facebook: { proofRequired: true } })
  t.strictSame(await ask(PAGE), [4546])
  for (const appSecret of [undefined, 'of-another-app']) {
    t.strictSame((await reopen({}, { appSecret }).fetchCounts([PAGE])).map(inAWord), ['auth'], String(appSecret))
  }
})

row('Token lifecycle', 'an expired token and every other death of one are for a person to mend', async (t, { sandbox, ask, fault }) => {
  sandbox.settings.set({ facebook: { tokenExpiresAt: sandbox.clock.now() + 1000 } })
  t.strictSame(await ask(PAGE), [4546])
  sandbox.clock.advance(1000)
  t.strictSame(await ask(PAGE), ['auth'])
  for (const error of ['190/458', '190/459', '190/460', '190/463', '190/467', '190/492', '102', '368', '3']) {
    fault({ kind: 'error', error })
    t.strictSame(await ask(PAGE), ['auth'], error)
  }
})

row('Permission lost', 'in every part, as code 10, vaguely, or as if no page existed: none is missing', async (t, { sandbox, ask, costs }) => {
  for (const [permission, calls] of [['refused', 2], ['vague', 1], ['not_found', 2]] as const) {
    for (const count of [1, 50]) {
      sandbox.settings.set({ facebook: { permission } })
      t.strictSame(new Set(await ask(...pages(count))), new Set(['auth']), `${permission}, ${count} pages`)
      t.equal(costs().length, calls)
    }
  }
})

row('Quota exhausted', 'in mid-batch the parts before it count, then the whole call is throttled', async (t, { sandbox, ask, costs, fault }) => {
  sandbox.settings.set({ graph: { callsPerHour: 3 } })
  const words = await ask(...pages(5))
  t.strictSame(words.map(word => typeof word), ['number', 'number', 'number', 'string', 'string'])
  t.strictSame(words.slice(3), ['throttled', 'throttled'])
  for (const throttleStatus of [400, 403, 429] as const) {
    sandbox.settings.set({ graph: { throttleStatus } })
    t.strictSame(await ask(PAGE), ['throttled'], String(throttleStatus))
  }
  t.strictSame(costs().map(([, status]) => status), [200, 400, 403, 429], 'none of them is repeated')
  sandbox.clock.advance(3_600_000)
  t.strictSame(await ask(PAGE), [4546], 'an hour later it is over')
  for (const error of ['4', '32', '341', '613', '613/1996', '80001']) {
    fault({ kind: 'error', error })
    t.strictSame(await ask(PAGE), ['throttled'], `${error} for the call`)
    fault({ kind: 'error', error, level: 'parts', ids: [PAGE] })
    t.strictSame((await ask(PAGE, page(1)))[0], 'throttled', `${error} in a part`)
  }
})

row('Burst limit', 'code 17 is a throttle, in parts and for the call', async (t, { sandbox, ask, costs }) => {
  sandbox.settings.set({ graph: { callsPerMinute: 1 } })
  t.strictSame(await ask(PAGE, page(1)), [4546, 'throttled'])
  t.strictSame(await ask(PAGE), ['throttled'])
  t.equal(costs().length, 2)
})

row('Usage headers', 'the time to regain access is when to ask again', async (t, { sandbox, ask, fault }) => {
  sandbox.settings.set({ graph: { businessUsagePercent: 100 } })
  t.strictSame(await ask(PAGE), [4546], 'a good answer is one, whatever they say')
  fault({ kind: 'error', error: '80001' })
  t.strictSame(await ask(PAGE), ['throttled@2026-11-23T12:15:00'])
})

row('Cost accounting', 'each part is a call, missing ones too', async (t, { sandbox, ask }) => {
  sandbox.entities.set('facebook', page(1), 'missing')
  await ask(...pages(50))
  t.equal(sandbox.calls.totals('facebook').cost, 50)
})

row('Server error', 'codes 1 and 2 with 500 are tried three times', async (t, { ask, costs, fault }) => {
  for (const error of ['1', '2']) {
    fault({ kind: 'error', error, times: 2 })
    t.strictSame(await ask(PAGE), [4546])
    fault({ kind: 'error', error, times: 3 })
    t.strictSame(await ask(PAGE), ['status'])
    t.equal(costs().length, 6)
    fault({ kind: 'error', error, level: 'parts', ids: [PAGE] })
    t.strictSame((await ask(PAGE, page(1))).map(word => word === 'status'), [true, false], 'in a part it fails that page alone')
    costs()
  }
})

row('Partial answer', 'only the parts that are null are asked for again, once', async (t, { sandbox, ask, costs, fault }) => {
  fault({ kind: 'null_part', ids: [page(1)] })
  t.ok((await ask(...pages(5))).every(word => typeof word === 'number'))
  t.strictSame(costs(), [[BATCH, 200, 5], [BATCH, 200, 1]])
  t.strictSame(sandbox.calls.list('facebook').at(-1)?.ids, [page(1)])
  fault({ kind: 'null_part', ids: [page(1)], times: 2 })
  t.strictSame(await ask(page(1), PAGE), ['timeout', 4546])
})

trap('a 200 with nothing usable: every part failed', async (t, { ask, costs, fault }) => {
  fault({ kind: 'null_part', times: 2 })
  t.strictSame(await ask(PAGE, page(1)), ['timeout', 'timeout'])
  fault({ kind: 'malformed_part' })
  t.strictSame(await ask(PAGE, page(1)), ['reply', 'reply'])
  t.strictSame(costs().map(([, , cost]) => cost), [2, 2, 2])
})

row('Slow', 'a batch ends with its time, and has been charged all the same', async (t, { reopen, costs, fault }) => {
  const client = reopen({ timeoutMs: 60, deadlineMs: 200 })
  fault({ kind: 'delay', ms: 60_000, times: 'always' })
  t.strictSame((await client.fetchCounts([PAGE])).map(inAWord), ['timeout'])
  t.strictSame(costs(), [[BATCH, 200, 1]], 'one try, which may take all the time there is')
})

row('Connection reset, malformed JSON', 'no broken answer gives a count or makes a page unknown, nor does a broken part', async (t, { ask, costs, fault }) => {
  for (const [broken, word, isRepeated] of BROKEN) {
    fault({ ...broken, times: isRepeated ? 3 : 1 })
    t.strictSame(await ask(PAGE, page(1)), [word, word], JSON.stringify(broken))
    t.equal(costs().length, isRepeated ? 3 : 1)
  }
  fault({ kind: 'malformed_part', ids: [page(1)] })
  t.strictSame(await ask(PAGE, page(1)), [4546, 'reply'])
})

end([])
