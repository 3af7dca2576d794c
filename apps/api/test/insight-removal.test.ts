import { createHash } from 'node:crypto'
import { t, type Test } from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import { addToken, buildTestApi, onEachStore, type TestStores } from './build-test-api.js'
import { finishRefresh } from './finish-refresh.js'

const path = '/api/user_insights/'
const ARTIST = {
  connects: 7,
  twitter_handle: 'a-personal-handle',
  works: [{ item_id: 'a-personal-work', source_type: 1, is_individual_work: true, in_app_plays: 7 }]
}

onEachStore(t, async (t: Test, stores: TestStores) => {
  const api = await buildTestApi(t, stores)
  const call = async (method: 'GET' | 'HEAD' | 'PUT' | 'DELETE', url: string | number, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> =>
    await api.send({ method, url: `${path}${url}`, headers, ...(method === 'PUT' && { payload: {} }) })
  const create = async (): Promise<number> => (await api.send({ method: 'POST', url: path, payload: ARTIST })).json().id

  t.test('DELETE erases the insight and answers a receipt that stays', async t => {
    const id = await create()
    await finishRefresh(stores.store, id, { youtube: 30, x: 5 })
    const answer = await call('DELETE', id)
    t.equal(answer.statusCode, 200)
    const { hash, ...receipt } = answer.json()
    t.match(receipt, { id, deleted_at: /^20.*Z$/, removed: { insights: 1, works: 1, accounts: 1 } })
    t.notMatch(answer.payload, 'personal')
    t.same(api.dropped, [id], 'what waited in the queue is taken out')
    for (const url of [`${id}`, `${id}/score`, `${id}/refresh`]) t.match((await call('GET', url)).json(), { status: 404, code: 'INS_INSIGHT_UNKNOWN' })
    t.match((await call('DELETE', id)).json(), { status: 404, code: 'INS_INSIGHT_UNKNOWN' }, 'once is enough')
    t.match((await call('PUT', id)).json(), { status: 404 })
    const again = await call('GET', `${id}/receipt/`)
    t.same(again.json(), { ...receipt, hash }, 'the receipt can be read again')
    t.equal((await call('HEAD', `${id}/receipt`)).statusCode, 200)
    const { deleted_at: at, removed: { accounts, insights, works } } = again.json()
    const text = `{"deleted_at":"${at}","id":${id},"removed":{"accounts":${accounts},"insights":${insights},"works":${works}}}`
    t.equal(hash, createHash('sha256').update(text).digest('hex'), 'and checked by whoever has it')
  })

  t.test('there is no receipt of what was never deleted', async t => {
    const id = await create()
    for (const url of [`${id}/receipt`, '999999/receipt']) t.match((await call('GET', url)).json(), { status: 404, code: 'INS_RECEIPT_UNKNOWN' })
    t.match((await call('GET', '0/receipt')).json(), { status: 400, errors: [{ pointer: '/id' }] })
  })

  t.test('what is sent with a DELETE is read, and refused where it can not be', async t => {
    const id = await create()
    const remove = async (contentType: string, payload: string): Promise<LightMyRequestResponse> =>
      await api.send({ method: 'DELETE', url: `${path}${id}`, headers: { 'content-type': contentType }, payload })
    t.match((await remove('text/plain', 'now')).json(), { status: 415, code: 'INS_REQUEST_MEDIA_TYPE' })
    t.match((await remove('application/json', ' '.repeat(1024 * 1024 + 1))).json(), { status: 413, code: 'INS_REQUEST_TOO_LARGE' })
    t.match((await remove('application/json', '{')).json(), { status: 400, code: 'INS_REQUEST_MALFORMED' })
    t.equal((await remove('application/json', '{}')).statusCode, 200)
  })

  t.test('If-Match guards a DELETE', async t => {
    const id = await create()
    await api.send({ method: 'PATCH', url: `${path}${id}`, payload: { connects: 8 } })
    for (const tags of ['"1"', 'W/"2"', '"x"']) {
      t.match((await call('DELETE', id, { 'if-match': tags })).json(), { status: 412, code: 'INS_INSIGHT_CHANGED' })
    }
    t.match((await call('DELETE', id, { 'if-match': '2' })).json(), { status: 400, errors: [{ pointer: '/if-match' }] })
    t.equal((await call('GET', id)).statusCode, 200)
    t.equal((await call('DELETE', 999_999, { 'if-match': '*' })).statusCode, 404)
    t.equal((await call('DELETE', id, { 'if-match': '"1", "2"' })).statusCode, 200)
  })

  t.test('of two DELETEs at once one answers the receipt', async t => {
    const id = await create()
    const answers = await Promise.all([call('DELETE', id), call('DELETE', id, { 'if-match': '*' })])
    t.same(answers.map(({ statusCode }) => statusCode).sort(), [200, 404])
  })

  t.test('a queue that is away does not stop a DELETE', async t => {
    const away = await buildTestApi(t, stores, { dropRefresh: async () => { throw new Error('away') } })
    const hanging = await buildTestApi(t, stores, { dropRefresh: async () => { await new Promise(() => {}) } })
    for (const { send, logged } of [away, hanging]) {
      t.equal((await send({ method: 'DELETE', url: `${path}${await create()}` })).statusCode, 200)
      t.ok(logged.some(({ msg }) => String(msg).includes('was not dropped')))
    }
  })

  t.test('a token that may only read deletes nothing, and can read receipts', async t => {
    const [kept, gone] = [await create(), await create()]
    await call('DELETE', gone)
    const authorization = `Token ${await addToken(stores, ['read'])}`
    t.equal((await call('DELETE', kept, { authorization })).statusCode, 403)
    t.equal((await call('GET', `${gone}/receipt`, { authorization })).statusCode, 200)
  })
})
