import t from 'tap'
import { createSandboxClock } from '../src/index.js'
import { discovery, graph, graphBatch, open, PAGE_FIELDS, partCodes, request, type Json } from './requests.js'

const bodyOf = (part: Json) => JSON.parse(part.body)

t.test('a discovery answers the account inside, and the id of the asking account outside', async t => {
  const sandbox = await open(t)
  const { status, json } = await graphBatch(sandbox, 'instagram', [discovery('gigpro'), discovery('blue.bottle_1')])
  t.equal(status, 200)
  const { business_discovery: account, id } = bodyOf(json[0])
  t.equal(id, sandbox.credentials.instagram.accountId)
  t.match(account, { username: 'gigpro', followers_count: 4564, id: /^1784\d+$/ })
  t.not(account.id, id)
  t.type(bodyOf(json[1]).business_discovery.followers_count, 'number')
})

t.test('a handle is found alone and in any case, and the call log names it', async t => {
  const sandbox = await open(t)
  const { json } = await graph(sandbox, 'instagram', discovery('GigPro'))
  t.equal(json.business_discovery.username, 'gigpro')
  t.same(sandbox.calls.list('instagram')[0]?.ids, ['GigPro'])
})

t.test('only the fields asked for come back, and an unknown one is an error', async t => {
  const sandbox = await open(t)
  const { accountId } = sandbox.credentials.instagram
  const fields = (list: string) => `${accountId}?fields=business_discovery.username(gigpro)%7B${list}%7D`
  const { json } = await graph(sandbox, 'instagram', fields('followers_count'))
  t.same(Object.keys(json.business_discovery), ['followers_count', 'id'])
  t.equal((await graph(sandbox, 'instagram', fields('nonsense'))).json.error.code, 100)
})

for (const state of ['missing', 'hidden', 'personal', 'age_gated'] as const) {
  t.test(`an account that is ${state} can not be found, with an error that looks like a refused token`, async t => {
    const sandbox = await open(t)
    sandbox.entities.set('instagram', 'Some.One', state)
    const { status, json } = await graphBatch(sandbox, 'instagram', [discovery('some.one'), discovery('gigpro')])
    t.equal(status, 200)
    t.equal(json[0].code, 400)
    t.match(bodyOf(json[0]).error, {
      message: 'Invalid user id',
      type: 'OAuthException',
      code: 110,
      error_subcode: 2207013,
      is_transient: false,
      error_user_title: 'Cannot find User',
      error_user_msg: 'The user with username: some.one cannot be found.'
    })
    t.equal(json[1].code, 200)
  })
}

t.test('malformed handles can not be found, and broken fields are a syntax error', async t => {
  const sandbox = await open(t)
  const urls = ['.dot', 'dot.', 'two..dots', 'sp ace', 'a'.repeat(31), ''].map(handle => discovery(encodeURIComponent(handle)))
  t.same(partCodes(await graphBatch(sandbox, 'instagram', urls)), urls.map(() => 110))
  t.same(partCodes(await graphBatch(sandbox, 'instagram', [discovery('x)%7Bid%7D,name(')])), [100])
})

t.test('another account to ask from is not there', async t => {
  const sandbox = await open(t)
  const { status, json } = await graph(sandbox, 'instagram', '17841400000000000?fields=id')
  t.equal(status, 400)
  t.match(json.error, { code: 100, error_subcode: 33 })
})

t.test('batches have the same bounds and charges as for Facebook', async t => {
  const sandbox = await open(t)
  const urls = (count: number) => Array.from({ length: count }, () => discovery('gigpro'))
  t.equal((await graphBatch(sandbox, 'instagram', urls(50))).json.length, 50)
  t.equal(sandbox.calls.list('instagram')[0]?.cost, 50)
  t.equal((await graphBatch(sandbox, 'instagram', urls(51))).json.error.type, 'GraphBatchException')
  t.equal((await graphBatch(sandbox, 'instagram', [])).status, 400)
})

t.test('tokens are its own: that of Facebook is refused, and they die separately', async t => {
  const sandbox = await open(t, { settings: { instagram: { token: 'expired' } } })
  const foreign = await graphBatch(sandbox, 'instagram', [discovery('gigpro')], { access_token: sandbox.credentials.facebook.accessToken })
  t.equal(foreign.json.error.code, 190)
  t.match((await graph(sandbox, 'instagram', discovery('gigpro'))).json.error, { code: 190, error_subcode: 463 })
  t.equal((await graph(sandbox, 'facebook', `4546477?${PAGE_FIELDS}`)).status, 200)
  sandbox.settings.set({ graph: { tokenErrorLevel: 'parts' } })
  t.same(partCodes(await graphBatch(sandbox, 'instagram', [discovery('gigpro')])), [190])
})

t.test('a lost permission is code 10 or 200 in every part', async t => {
  const sandbox = await open(t, { settings: { instagram: { permission: 'refused' } } })
  const codes = async () => partCodes(await graphBatch(sandbox, 'instagram', [discovery('gigpro'), discovery('nasa')]))
  t.same(await codes(), [10, 10])
  sandbox.settings.set({ instagram: { permission: 'code_200' } })
  t.same(await codes(), [200, 200])
})

t.test('Facebook and Instagram draw on one budget when they share an app', async t => {
  const clock = createSandboxClock(Date.parse('2026-11-23T10:00:00.000Z'))
  clock.freeze()
  const sandbox = await open(t, { clock, settings: { graph: { callsPerHour: 2 } } })
  await graphBatch(sandbox, 'facebook', [`4546477?${PAGE_FIELDS}`, `4546478?${PAGE_FIELDS}`])
  t.equal((await graph(sandbox, 'instagram', discovery('gigpro'))).json.error.code, 4)
  sandbox.settings.set({ graph: { oneApp: false } })
  const own = await graph(sandbox, 'instagram', discovery('gigpro'))
  t.equal(own.status, 200)
  t.equal(JSON.parse(own.headers.get('x-app-usage') ?? '').call_count, 50)
})

t.test('the business use case throttle comes on demand', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'instagram', kind: 'error', error: '80002', level: 'parts' })
  t.same(partCodes(await graphBatch(sandbox, 'instagram', [discovery('gigpro')])), [80002])
  sandbox.faults.add({ platform: 'instagram', kind: 'null_part', ids: ['gigpro'] })
  const { json } = await graphBatch(sandbox, 'instagram', [discovery('gigpro'), discovery('nasa')])
  t.equal(json[0], null)
  t.equal(json[1].code, 200)
})

t.test('the Instagram Login host has no discovery', async t => {
  const sandbox = await open(t)
  const { status, json } = await request(`${sandbox.url}/graph.instagram.com/v26.0/${discovery('gigpro')}`)
  t.equal(status, 400)
  t.match(json.error.message, 'nonexisting field (business_discovery)')
})

t.test('the app usage header rises per part, in per cent', async t => {
  const sandbox = await open(t, { settings: { graph: { callsPerHour: 10 } } })
  const { headers } = await graphBatch(sandbox, 'instagram', [discovery('artist.1'), discovery('artist.2')])
  t.match(JSON.parse(headers.get('x-app-usage') ?? ''), { call_count: 20 })
})

t.test('a bad token is code 190, at the top or in every part', async t => {
  const sandbox = await open(t, { settings: { instagram: { token: 'expired' } } })
  t.match((await graphBatch(sandbox, 'instagram', [discovery('gigpro')])).json, { error: { code: 190, error_subcode: 463 } })
  sandbox.settings.set({ graph: { tokenErrorLevel: 'parts' } })
  t.same(partCodes(await graphBatch(sandbox, 'instagram', [discovery('gigpro'), discovery('nasa')])), [190, 190])
})

t.test('a burst is code 17', async t => {
  const sandbox = await open(t, { settings: { graph: { callsPerMinute: 1 } } })
  t.same(partCodes(await graphBatch(sandbox, 'instagram', [discovery('gigpro'), discovery('nasa')])), [null, 17])
})

t.test('parts can be null or broken, and codes 1 and 2 are transient 500s', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'instagram', kind: 'null_part', ids: ['nasa'] })
  sandbox.faults.add({ platform: 'instagram', kind: 'malformed_part', ids: ['nasa'] })
  const ask = () => graphBatch(sandbox, 'instagram', [discovery('gigpro'), discovery('nasa')])
  t.match((await ask()).json, [{ code: 200 }, null])
  const broken = (await ask()).json[1].body
  t.throws(() => JSON.parse(broken))
  for (const error of ['1', '2']) {
    sandbox.faults.add({ platform: 'instagram', kind: 'error', error })
    t.match(await ask(), { status: 500, json: { error: { is_transient: true } } })
  }
})
