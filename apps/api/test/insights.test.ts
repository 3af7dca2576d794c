import { t } from 'tap'
import { AppError } from '@insights/shared'
import type { InsightStore } from '@insights/storage'
import { buildTestApi, openTestStores } from './build-test-api.js'
import { finishRefresh } from './finish-refresh.js'

const stores = await openTestStores(t)
const api = await buildTestApi(t, stores)
const path = '/api/user_insights/'

const exampleOne = {
  number_of_roles: 2,
  works: [{ item_id: 'stuff gggg', source_type: 1, in_app_plays: 0, is_individual_work: true }]
}
const exampleTwo = {
  has_about: false,
  number_of_roles: 1,
  number_of_acts: 8,
  profile_views: 8,
  profile_searches: 7,
  connects: 2,
  facebook_page_id: 4546477,
  twitter_handle: 'gigpro',
  instagram_handle: 'gigpro',
  works: [
    { item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7 },
    { item_id: 'l4WNrvVjiTw', source_type: 2, is_individual_work: false, in_app_plays: 30 }
  ]
}

t.test('the first documented example is answered key by key', async t => {
  const answer = await api.send({ method: 'POST', url: path, payload: exampleOne })
  t.equal(answer.statusCode, 201)
  const { id } = answer.json()
  t.equal(answer.payload, `{"id":${id},"has_about":false,"number_of_roles":2,"number_of_acts":0,"profile_views":0,` +
    '"profile_searches":0,"connects":0,"facebook_page_id":null,"twitter_handle":null,"instagram_handle":null,' +
    '"insight_score":"0.00","twitter_followers_count":null,"works":[{"item_id":"stuff gggg","source_type":1,' +
    '"is_individual_work":true,"in_app_plays":0}],"facebook_page_followers_count":null,"instagram_followers_count":null}')
})

t.test('the second documented example is answered key by key after its refresh', async t => {
  const { id } = (await api.send({ method: 'POST', url: path, payload: exampleTwo })).json()
  await finishRefresh(stores.store, id, { youtube: 30, soundcloud: 230, x: 4546, facebook: 4546, instagram: 4564 })
  const answer = await api.send({ url: `${path}${id}` })
  t.equal(answer.statusCode, 200)
  t.equal(answer.payload, `{"id":${id},"has_about":false,"number_of_roles":1,"number_of_acts":8,"profile_views":8,` +
    '"profile_searches":7,"connects":2,"facebook_page_id":4546477,"twitter_handle":"gigpro","instagram_handle":"gigpro",' +
    '"insight_score":"7.00","twitter_followers_count":4546,"works":[{"item_id":"l4WNrvVjiTw","source_type":1,' +
    '"is_individual_work":true,"in_app_plays":7,"non_app_plays":30},{"item_id":"l4WNrvVjiTw","source_type":2,' +
    '"is_individual_work":false,"in_app_plays":30,"non_app_plays":230}],"facebook_page_followers_count":4546,' +
    '"instagram_followers_count":4564}')
})

t.test('an empty object is an insight of defaults', async t => {
  const answer = await api.send({ method: 'POST', url: path, payload: {} })
  t.equal(answer.statusCode, 201)
  t.match(answer.json(), { has_about: false, connects: 0, facebook_page_id: null, twitter_handle: null, works: [] })
})

t.test('creating answers where the insight is, and announces its refresh', async t => {
  const answer = await api.send({ method: 'POST', url: path, payload: exampleOne })
  const { id } = answer.json()
  t.equal(answer.headers.location, `/api/user_insights/${id}`)
  t.equal(api.announced.at(-1), id)
  t.same((await api.send({ url: String(answer.headers.location) })).json(), answer.json())
})

t.test('the slash at the end makes no difference', async t => {
  const created = await api.send({ method: 'POST', url: '/api/user_insights', payload: exampleTwo })
  t.equal(created.statusCode, 201)
  const { id } = created.json()
  t.same((await api.send({ url: `/api/user_insights/${id}/` })).json(), created.json())
  t.same((await api.send({ url: `/api/user_insights/${id}` })).json(), created.json())
})

t.test('HEAD answers like GET, without the body', async t => {
  const { id } = (await api.send({ method: 'POST', url: path, payload: {} })).json()
  const get = await api.send({ url: `${path}${id}` })
  const head = await api.send({ method: 'HEAD', url: `${path}${id}` })
  t.equal(head.statusCode, 200)
  t.equal(head.payload, '')
  t.equal(head.headers['content-length'], String(Buffer.byteLength(get.payload)))
})

t.test('read-only fields that are sent back are ignored, whatever they hold', async t => {
  const { id } = (await api.send({ method: 'POST', url: path, payload: exampleTwo })).json()
  await finishRefresh(stores.store, id, { youtube: 30, soundcloud: 230, x: 4546, facebook: 4546, instagram: 4564 })
  const got = (await api.send({ url: `${path}${id}` })).json()
  const copy = await api.send({ method: 'POST', url: path, payload: { ...got, insight_score: { a: [1] }, id: 'x' } })
  t.equal(copy.statusCode, 201)
  t.not(copy.json().id, id)
  t.match(copy.json(), { insight_score: '0.00', twitter_followers_count: null, facebook_page_followers_count: null })
  t.notOk('non_app_plays' in copy.json().works[0])
})

t.test('page ids are answered as numbers as long as those are exact', async t => {
  const cases: Array<[sent: unknown, answered: unknown]> = [
    [4546477, 4546477],
    ['4546477', 4546477],
    ['0004546477', 4546477],
    [0, 0],
    ['00', 0],
    [9007199254740991, 9007199254740991],
    ['9007199254740992', '9007199254740992'],
    ['99999999999999999999', '99999999999999999999'],
    [null, null]
  ]
  for (const [sent, answered] of cases) {
    const answer = await api.send({ method: 'POST', url: path, payload: { facebook_page_id: sent } })
    t.equal(answer.json().facebook_page_id, answered, `sent as ${JSON.stringify(sent)}`)
  }
})

t.test('whole numbers may be written in any way that JSON has for them', async t => {
  const payload = '{"connects":1.0,"profile_views":1e3,"profile_searches":-0,"number_of_acts":9007199254740991}'
  const answer = await api.send({ method: 'POST', url: path, payload, headers: { 'content-type': 'application/json' } })
  t.equal(answer.statusCode, 201)
  t.match(answer.payload, '"number_of_acts":9007199254740991,"profile_views":1000,"profile_searches":0,"connects":1,')
})

t.test('works keep their order and their texts as sent', async t => {
  const texts = ['b', 'a', ' ', '😀é\n"\\', 'x'.repeat(255)]
  const works = texts.map(text => ({ item_id: text, source_type: 2, is_individual_work: false, in_app_plays: 1 }))
  const answer = await api.send({ method: 'POST', url: path, payload: { works, twitter_handle: ' @Some One ' } })
  t.equal(answer.statusCode, 201)
  const got = (await api.send({ url: `${path}${answer.json().id}` })).json()
  t.same(got.works, works)
  t.equal(got.twitter_handle, ' @Some One ')
})

t.test('a well-formed id that nothing has is not found', async t => {
  for (const id of [999_999, 9007199254740991]) {
    const answer = await api.send({ url: `${path}${id}` })
    t.equal(answer.statusCode, 404)
    t.equal(answer.json().code, 'INS_INSIGHT_UNKNOWN')
  }
})

t.test('an insight is created even when nothing can be announced', async t => {
  const failures: Array<() => Promise<void>> = [
    async () => { throw new Error('the queue is away') },
    () => { throw new Error('thrown, not rejected') },
    async () => await new Promise(() => {})
  ]
  const failing = await buildTestApi(t, stores, { enqueueRefresh: async () => await failures.shift()?.() })
  for (let count = 1; count <= 3; count++) {
    const answer = await failing.send({ method: 'POST', url: path, payload: exampleOne })
    t.equal(answer.statusCode, 201)
    const warning = failing.logged.filter(line => line.level === 40).at(-1)
    t.match(warning, { insight_id: answer.json().id, failures: count, err: { message: String } })
  }
})

t.test('a store that is away or full is a problem that says what to do', async t => {
  const broken = (error: Error): InsightStore => ({ ...stores.store, create: async () => { throw error } })
  const away = await buildTestApi(t, { ...stores, store: broken(new AppError('INS_STORE_UNAVAILABLE', 'host of the store', { retryAfterSeconds: 7 })) })
  const full = await buildTestApi(t, { ...stores, store: broken(new AppError('INS_STORE_FULL', 'path of the store')) })

  const unavailable = await away.send({ method: 'POST', url: path, payload: {} })
  t.equal(unavailable.statusCode, 503)
  t.equal(unavailable.headers['retry-after'], '7')
  t.notMatch(unavailable.payload, /of the store/)
  t.equal((await full.send({ method: 'POST', url: path, payload: {} })).statusCode, 507)
  t.same([...away.announced, ...full.announced], [], 'nothing was stored, so nothing was announced')
})
