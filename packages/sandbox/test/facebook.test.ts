import { createHmac } from 'node:crypto'
import t from 'tap'
import { createSandboxClock, PUBLISHED_LIMITS } from '../src/index.js'
import { graph, graphBatch, open, PAGE_FIELDS, partCodes, request, type Json } from './requests.js'

const page = (id: string) => `${id}?${PAGE_FIELDS}`
const pages = (count: number) => Array.from({ length: count }, (_, index) => page(String(70000 + index)))
const BIG = '99999999999999999999'
const HOUR_MS = 3_600_000

t.test('a batch answers by position, each body as JSON text', async t => {
  const sandbox = await open(t)
  const { status, json } = await graphBatch(sandbox, 'facebook', [page('4546477'), page('19292868552')])
  t.equal(status, 200)
  t.same(Object.keys(json[0]), ['code', 'body'])
  t.same(JSON.parse(json[0].body), { id: '4546477', followers_count: 4546, fan_count: 4546 })
  t.type(JSON.parse(json[1].body).followers_count, 'number')
})

t.test('parts carry headers unless they are declined', async t => {
  const sandbox = await open(t)
  const { json } = await graphBatch(sandbox, 'facebook', [page('4546477')], { include_headers: 'true' })
  t.equal(json[0].headers[0].name, 'Content-Type')
})

t.test('a page is found alone, with the token in header or query, whatever the version', async t => {
  const sandbox = await open(t)
  t.equal((await graph(sandbox, 'facebook', page('4546477'))).json.followers_count, 4546)
  const token = sandbox.credentials.facebook.accessToken
  const old = await request(`${sandbox.url}/facebook/v20.0/4546477?fields=followers_count&access_token=${token}`)
  t.same(old.json, { id: '4546477', followers_count: 4546 })
  t.same((await graph(sandbox, 'facebook', '4546477')).json, { id: '4546477', name: 'Sandbox page 4546477' })
})

t.test('an id beyond 2^53 survives the round trip', async t => {
  const sandbox = await open(t)
  const { json } = await graphBatch(sandbox, 'facebook', [page(BIG)])
  t.equal(JSON.parse(json[0].body).id, BIG)
  t.same(sandbox.calls.list('facebook')[0]?.ids, [BIG])
})

t.test('missing and unpublished pages are parts with code 100, subcode 33, in an outer 200', async t => {
  const sandbox = await open(t)
  sandbox.entities.set('facebook', '70001', 'missing')
  sandbox.entities.set('facebook', '70002', 'unpublished')
  const { status, json } = await graphBatch(sandbox, 'facebook', [page('70001'), page('70002'), page('12')])
  t.equal(status, 200)
  for (const part of json) {
    t.equal(part.code, 400)
    t.match(JSON.parse(part.body).error, { code: 100, error_subcode: 33, type: 'GraphMethodException' })
  }
  t.match(JSON.parse(json[0].body).error.message, "Object with ID '70001' does not exist")
  t.equal((await graph(sandbox, 'facebook', page('70001'))).status, 400)
})

t.test('a hidden count is absent', async t => {
  const sandbox = await open(t)
  sandbox.entities.set('facebook', '70001', 'hidden')
  t.same(Object.keys((await graph(sandbox, 'facebook', page('70001'))).json), ['id', 'fan_count'])
})

t.test('an alias is a part with code 803, an unknown field one with code 100', async t => {
  const sandbox = await open(t)
  const { json } = await graphBatch(sandbox, 'facebook', ['gigpro?fields=id', '4546477?fields=id,nonsense'])
  t.equal(json[0].code, 404)
  t.match(JSON.parse(json[0].body).error, { code: 803, message: '(#803) Some of the aliases you requested do not exist: gigpro' })
  t.match(JSON.parse(json[1].body).error, { code: 100, message: 'nonexisting field (nonsense)' })
  sandbox.settings.set({ graph: { aliasStatus: 400 } })
  t.equal((await graph(sandbox, 'facebook', 'gigpro')).status, 400)
})

t.test('a page can lack a permission of its own', async t => {
  const sandbox = await open(t)
  sandbox.entities.set('facebook', '70001', 'restricted')
  t.same(partCodes(await graphBatch(sandbox, 'facebook', [page('70001'), page('70002')])), [10, null])
})

t.test('duplicates are a part and a charge each', async t => {
  const sandbox = await open(t)
  const { json } = await graphBatch(sandbox, 'facebook', [page('70001'), page('70001')])
  t.equal(json.length, 2)
  t.equal(sandbox.calls.list('facebook')[0]?.cost, 2)
})

t.test('50 parts pass, 51, none and nonsense are refused', async t => {
  const sandbox = await open(t)
  t.equal((await graphBatch(sandbox, 'facebook', pages(50))).json.length, 50)
  const tooMany = await graphBatch(sandbox, 'facebook', pages(51))
  t.equal(tooMany.status, 400)
  t.equal(tooMany.json.error.type, 'GraphBatchException')
  t.equal((await graphBatch(sandbox, 'facebook', [])).status, 400)
  t.equal((await graphBatch(sandbox, 'facebook', [], { batch: '{nonsense' })).status, 400)
  t.equal((await graph(sandbox, 'facebook', `?${PAGE_FIELDS}`)).status, 400)
  const posted = JSON.stringify([{ method: 'POST', relative_url: '70001' }, 5])
  t.same(partCodes(await graphBatch(sandbox, 'facebook', [], { batch: posted })), [100, 100])
})

t.test('the ids parameter is a 500 with code 100, however often', async t => {
  const sandbox = await open(t)
  for (const version of ['v26.0', 'v22.0']) {
    const { status, json } = await request(`${sandbox.url}/facebook/${version}/?ids=70001,70002`)
    t.equal(status, 500)
    t.same(json.error, { message: 'The ids query parameter is deprecated in v26.0+.', code: 100 })
  }
})

t.test('a bad token is code 190, at the top or in every part', async t => {
  const sandbox = await open(t)
  const bad = { access_token: 'wrong' }
  const top = await graphBatch(sandbox, 'facebook', pages(2), bad)
  t.equal(top.status, 400)
  t.match(top.json.error, { code: 190, type: 'OAuthException' })
  sandbox.settings.set({ graph: { tokenErrorLevel: 'parts', tokenErrorStatus: 401 } })
  const parts = await graphBatch(sandbox, 'facebook', pages(2), bad)
  t.equal(parts.status, 200)
  t.same(partCodes(parts), [190, 190])
  t.equal(parts.json[0].code, 401)
})

t.test('a token expires by the clock, or dies for a stated reason', async t => {
  const clock = createSandboxClock(Date.parse('2026-11-23T10:00:00.000Z'))
  clock.freeze()
  const sandbox = await open(t, { clock, settings: { facebook: { tokenExpiresAt: clock.now() + 1000 } } })
  t.equal((await graph(sandbox, 'facebook', page('70001'))).status, 200)
  clock.advance(1000)
  const expired = await graph(sandbox, 'facebook', page('70001'))
  t.match(expired.json.error, { code: 190, error_subcode: 463 })
  sandbox.settings.set({ facebook: { tokenExpiresAt: 0, token: 'password_changed' } })
  t.equal((await graph(sandbox, 'facebook', page('70001'))).json.error.error_subcode, 460)
})

t.test('a lost permission shows in every part, as code 10, vaguely, or as if nothing existed', async t => {
  const sandbox = await open(t)
  const errorsWith = async (permission: 'refused' | 'vague' | 'not_found') => {
    sandbox.settings.set({ facebook: { permission } })
    const { json } = await graphBatch(sandbox, 'facebook', pages(2))
    return json.map((part: Json) => JSON.parse(part.body).error)
  }
  t.same((await errorsWith('refused')).map((error: Json) => error.code), [10, 10])
  t.match((await errorsWith('vague'))[0].message, 'missing permission or reviewable feature')
  t.match(await errorsWith('not_found'), [{ code: 100, error_subcode: 33 }, { code: 100, error_subcode: 33 }])
})

t.test('the budget ends in the middle of a batch, then at the top, and recovers with the rolling hour', async t => {
  const clock = createSandboxClock(Date.parse('2026-11-23T10:00:00.000Z'))
  clock.freeze()
  const sandbox = await open(t, { clock, settings: { graph: { callsPerHour: 3, throttleStatus: 403 } } })
  const middle = await graphBatch(sandbox, 'facebook', pages(4))
  t.same(partCodes(middle), [null, null, null, 4])
  t.equal(middle.json[3].code, 403)
  const top = await graphBatch(sandbox, 'facebook', pages(1))
  t.equal(top.status, 403)
  t.equal(top.json.error.message, '(#4) Application request limit reached')
  sandbox.settings.set({ graph: { throttleLevel: 'parts' } })
  t.same(partCodes(await graphBatch(sandbox, 'facebook', pages(1))), [4])
  t.equal((await graph(sandbox, 'facebook', page('70001'))).json.error.code, 4)
  clock.advance(HOUR_MS)
  t.equal((await graph(sandbox, 'facebook', page('70001'))).status, 200)
})

t.test('calls made while throttled lengthen the block', async t => {
  const clock = createSandboxClock(Date.parse('2026-11-23T10:00:00.000Z'))
  clock.freeze()
  const sandbox = await open(t, { clock, settings: { graph: { callsPerHour: 1 } } })
  const statusOf = async () => (await graph(sandbox, 'facebook', page('70001'))).status
  t.equal(await statusOf(), 200)
  clock.advance(HOUR_MS / 2)
  t.equal(await statusOf(), 400)
  clock.advance(HOUR_MS / 2)
  t.equal(await statusOf(), 400, 'an hour after the only good call')
  clock.advance(HOUR_MS)
  t.equal(await statusOf(), 200)
})

t.test('a burst is code 17', async t => {
  const sandbox = await open(t, { settings: { graph: { callsPerMinute: 1 } } })
  t.same(partCodes(await graphBatch(sandbox, 'facebook', pages(2))), [null, 17])
})

t.test('the app usage header rises per part, in per cent', async t => {
  const sandbox = await open(t, { settings: PUBLISHED_LIMITS })
  t.equal((await graph(sandbox, 'facebook', page('70001'))).headers.get('x-app-usage'), null, 'nothing to tell yet')
  const { headers } = await graphBatch(sandbox, 'facebook', pages(49))
  t.same(JSON.parse(headers.get('x-app-usage') ?? ''), { call_count: 25, total_time: 12, total_cputime: 12 })
})

t.test('business usage is told on demand', async t => {
  const sandbox = await open(t, { settings: { graph: { businessUsagePercent: 100 } } })
  const { headers } = await graph(sandbox, 'facebook', page('70001'))
  const [usage] = Object.values(JSON.parse(headers.get('x-business-use-case-usage') ?? '{}')) as Json[]
  t.match(usage, [{ type: 'pages', call_count: 100, estimated_time_to_regain_access: 15 }])
})

t.test('every known error can be asked for, at the top and in parts', async t => {
  const sandbox = await open(t)
  for (const error of sandbox.faults.errorNames('facebook')) {
    sandbox.faults.add({ platform: 'facebook', kind: 'error', error })
    const top = await graphBatch(sandbox, 'facebook', pages(1))
    t.equal(top.json.error.code, Number.parseInt(error, 10), `${error} at the top`)
    t.ok(top.status >= 400, `${error} gives ${top.status}`)
    sandbox.faults.add({ platform: 'facebook', kind: 'error', error, level: 'parts' })
    t.equal(partCodes(await graphBatch(sandbox, 'facebook', pages(1)))[0], Number.parseInt(error, 10), `${error} in a part`)
  }
})

t.test('codes 1 and 2 are transient 500s', async t => {
  const sandbox = await open(t)
  for (const error of ['1', '2']) {
    sandbox.faults.add({ platform: 'facebook', kind: 'error', error })
    const { status, json } = await graph(sandbox, 'facebook', page('70001'))
    t.equal(status, 500)
    t.equal(json.error.is_transient, true)
  }
})

t.test('single parts can be null, broken JSON or an error, and are charged', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'facebook', kind: 'null_part', ids: ['70001'] })
  const withNull = await graphBatch(sandbox, 'facebook', pages(3))
  t.equal(withNull.json[1], null)
  t.equal(withNull.json[2].code, 200)
  sandbox.faults.add({ platform: 'facebook', kind: 'malformed_part', ids: ['70002'] })
  const withBroken = await graphBatch(sandbox, 'facebook', pages(3))
  t.equal(withBroken.json[2].code, 200)
  t.throws(() => JSON.parse(withBroken.json[2].body), 'half of a JSON text')
  sandbox.faults.add({ platform: 'facebook', kind: 'error', error: '613', level: 'parts', ids: ['70000'] })
  t.same(partCodes(await graphBatch(sandbox, 'facebook', pages(3))), [613, null, null])
  sandbox.faults.add({ platform: 'facebook', kind: 'null_part' })
  t.same((await graphBatch(sandbox, 'facebook', pages(3))).json, [null, null, null])
  t.equal(sandbox.calls.totals('facebook').cost, 12)
})

t.test('a proof that is sent has to be right, and one can be demanded', async t => {
  const sandbox = await open(t)
  const { accessToken, appSecret } = sandbox.credentials.facebook
  const proof = createHmac('sha256', appSecret).update(accessToken).digest('hex')
  const ask = (form: Record<string, string>) => graphBatch(sandbox, 'facebook', [`4546477?${PAGE_FIELDS}`], form)
  t.equal((await ask({ appsecret_proof: proof })).status, 200)
  t.match(await ask({ appsecret_proof: proof.replaceAll('0', '1') }), { status: 400, json: { error: { code: 100, message: /^Invalid appsecret_proof/ } } })
  t.equal((await ask({})).status, 200)
  sandbox.settings.set({ facebook: { proofRequired: true } })
  t.match(await ask({}), { status: 400, json: { error: { code: 100, message: /require an appsecret_proof/ } } })
  t.equal((await ask({ appsecret_proof: proof })).status, 200)
})
