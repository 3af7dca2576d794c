import { once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { t, type Test } from 'tap'
import { AppError } from '@insights/shared'
import { KEY_LIFE_MS, type InsightStore } from '@insights/storage'
import { addToken, buildTestApi, onEachStore, type TestStores } from './build-test-api.js'

const path = '/api/user_insights/'
const ARTIST = { twitter_handle: 'a-personal-handle', number_of_roles: 2 }
const AWAY = new AppError('INS_STORE_UNAVAILABLE', 'away', { retryAfterSeconds: 5 })

/** The headers of an answer that a repeat has as well. */
const kept = ({ headers }: LightMyRequestResponse): object =>
  Object.fromEntries(['content-type', 'location', 'etag', 'last-modified'].map(name => [name, headers[name]]))

onEachStore(t, async (t: Test, stores: TestStores) => {
  const api = await buildTestApi(t, stores)
  const post = async (key: string, payload: unknown = ARTIST, options: InjectOptions = {}): Promise<LightMyRequestResponse> =>
    await api.send({ method: 'POST', url: path, payload: payload as object, ...options, headers: { 'idempotency-key': key, ...options.headers } })
  const count = async (): Promise<number> => (await api.send({ url: `${path}?limit=100` })).json().results.length
  /** The repeat of a client that has learnt nothing yet. */
  const untilSettled = async (send: () => Promise<LightMyRequestResponse>): Promise<LightMyRequestResponse> => {
    let answer = await send()
    while (answer.json().code === 'INS_IDEMPOTENCY_RUNNING') answer = await send()
    return answer
  }

  t.test('a create that is sent again under its key gets the first answer and makes nothing', async t => {
    const before = await count()
    const first = await post('sent-twice')
    t.equal(first.statusCode, 201)
    t.equal(first.headers['idempotency-replayed'], undefined)
    await api.send({ method: 'PATCH', url: `${path}${first.json().id}`, payload: { number_of_roles: 5 } })
    for (const key of ['sent-twice', '"sent-twice"']) {
      const again = await post(key)
      t.match([again.statusCode, again.payload], [201, first.payload], 'as it was first given, whatever has changed')
      t.same(kept(again), kept(first))
      t.equal(again.headers['idempotency-replayed'], 'true')
      t.not(again.headers['x-request-id'], first.headers['x-request-id'])
    }
    t.equal(await count(), before + 1)
    t.notMatch(JSON.stringify(api.logged), 'sent-twice')
  })

  t.test('the first answer is that of a create without a key', async t => {
    const [plain, keyed] = [await api.send({ method: 'POST', url: path, payload: ARTIST }), await post('as without')]
    const names = (answer: LightMyRequestResponse): string[] => Object.keys(answer.headers).sort()
    t.same(names(keyed), names(plain))
    t.same({ ...keyed.json(), id: 0 }, { ...plain.json(), id: 0 })
    t.same(Object.keys(keyed.json()), Object.keys(plain.json()))
  })

  t.test('of twenty creates at once under one key one makes an insight', async t => {
    const before = await count()
    const answers = await Promise.all(Array.from({ length: 20 }, async () => await post('at once')))
    const [first] = answers.filter(({ statusCode, headers }) => statusCode === 201 && headers['idempotency-replayed'] === undefined)
    for (const answer of answers) {
      if (answer.statusCode === 201) t.equal(answer.payload, first?.payload)
      else t.match([answer.json(), answer.headers], [{ status: 409, code: 'INS_IDEMPOTENCY_RUNNING' }, { 'retry-after': '1' }])
    }
    t.equal((await post('at once')).payload, first?.payload)
    t.equal(await count(), before + 1)
  })

  t.test('what says the same is the same request, in any order and form', async t => {
    const { payload } = await post('in any form', { connects: 7, number_of_roles: 2 })
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const same of [
      await post('in any form', { number_of_roles: 2, connects: 7, works: [], twitter_handle: null, id: 9 }),
      await post('in any form', 'number_of_roles=2&connects=7', { headers: form })
    ]) t.equal(same.payload, payload)
  })

  t.test('another request under the key is refused and harms nothing', async t => {
    const { payload } = await post('another')
    const other = await post('another', { ...ARTIST, number_of_roles: 3 })
    t.match(other.json(), { status: 422, code: 'INS_IDEMPOTENCY_MISMATCH' })
    t.notMatch(other.payload, 'another"')
    t.equal((await post('another')).payload, payload)
  })

  t.test('an equal key of another token is another key', async t => {
    const mine = await post('of two tokens')
    const theirs = await post('of two tokens', {}, { headers: { authorization: `Token ${await addToken(stores, ['write'])}` } })
    t.equal(theirs.statusCode, 201)
    t.not(theirs.json().id, mine.json().id)
  })

  t.test('what can be no key is a fault that is named', async t => {
    for (const key of ['', '""', 'x'.repeat(256), `"${'x'.repeat(256)}"`, 'k\u00e4se', 'a\tb', '"open', '"a", "b"', '"a";p=1', '"a\\b"', '"']) {
      const answer = await post(key)
      t.match(answer.json(), { status: 400, errors: [{ pointer: '/idempotency-key', code: 'format', detail: /1 to 255 printable ASCII/ }] }, key)
    }
    for (const key of ['x'.repeat(255), `"${'\\"'.repeat(255)}"`, 'a b,c"d', '1', '"\\\\"']) t.equal((await post(key)).statusCode, 201, key)
  })

  t.test('a refused request leaves its key free for another one', async t => {
    t.equal((await post('refused', { connects: -1 })).statusCode, 400)
    await post('names an id', { external_id: 'taken' })
    t.match((await post('refused', { external_id: 'taken' })).json(), { code: 'INS_EXTERNAL_ID_TAKEN' })
    t.equal((await post('refused', { external_id: 'free' })).statusCode, 201)
    t.equal((await post('names an id', { external_id: 'taken' })).headers['idempotency-replayed'], 'true')
  })

  t.test('after an error that says nothing of the insight the repeat gives the one that was made', async t => {
    const { store } = stores
    const lost: Partial<InsightStore> = {
      create: async (fields, hold) => {
        await store.create(fields, hold)
        throw AWAY
      }
    }
    const unkept: Partial<InsightStore> = { keys: { ...store.keys, complete: async () => { throw AWAY } } }
    for (const [key, broken] of Object.entries({ lost, unkept })) {
      const before = await count()
      const away = await buildTestApi(t, stores, { store: { ...store, ...broken } })
      const headers = { authorization: `Token ${api.token}`, 'idempotency-key': key }
      t.match((await away.send({ method: 'POST', url: path, payload: ARTIST, headers })).json(), { status: 503 })
      t.equal(await count(), before + 1)
      const answer = await untilSettled(async () => await post(key))
      t.equal(answer.statusCode, 201)
      t.equal(answer.headers['idempotency-replayed'], undefined, 'nobody got an answer before')
      t.equal((await post(key)).payload, answer.payload)
      t.equal(await count(), before + 1)
    }
  })

  t.test('a key whose insight was erased makes no other one, and holds nothing of it', async t => {
    const { id } = (await post('erased')).json()
    await api.send({ method: 'DELETE', url: `${path}${id}` })
    const before = await count()
    for (const payload of [ARTIST, {}]) {
      const answer = await post('erased', payload)
      t.match(answer.json(), { status: 410, code: 'INS_IDEMPOTENCY_ERASED', detail: /another key/ })
      t.notMatch(answer.payload, 'personal')
    }
    t.equal(await count(), before)
  })

  t.test('a token is made once under a key, and not shown a second time', async t => {
    const admin = { authorization: `Token ${await addToken(stores, ['admin'])}` }
    const send = async (url: string, key: string, payload?: object): Promise<LightMyRequestResponse> =>
      await api.app.inject({ method: 'POST', url, ...(payload !== undefined && { payload }), headers: { ...admin, 'idempotency-key': key } })
    const made = await send('/api/tokens', 'token', { name: 'host', scopes: ['read', 'write'] })
    t.equal(made.statusCode, 201)
    const { id, token } = made.json()
    const tokens = await stores.tokens.list()
    const again = await send('/api/tokens', 'token', { scopes: ['write', 'read'], name: 'host' })
    t.match(again.json(), { status: 409, code: 'INS_IDEMPOTENCY_TOKEN' })
    t.match(again.json().detail, id)
    t.notMatch(again.payload, token)
    t.match((await send('/api/tokens', 'token', { name: 'other', scopes: ['read'] })).json(), { status: 422 })
    t.match((await send('/api/tokens/0000000000000000/rotate', 'rotation')).json(), { status: 404 })
    const rotated = await send(`/api/tokens/${id}/rotate`, 'rotation')
    t.equal(rotated.statusCode, 201)
    t.match((await send(`/api/tokens/${id}/rotate`, 'rotation')).json(), { code: 'INS_IDEMPOTENCY_TOKEN', detail: new RegExp(rotated.json().id) })
    t.equal((await stores.tokens.list()).length, tokens.length + 1)
    t.equal((await send(path, 'token', ARTIST)).statusCode, 201, 'for another call it is another key')
  })

  t.test('a token whose making was cut short is named, and not made a second time', async t => {
    const authorization = `Token ${await addToken(stores, ['admin'])}`
    const away = await buildTestApi(t, stores, { tokens: { ...stores.tokens, add: async token => await stores.tokens.add(token).then(() => { throw AWAY }) } })
    const ask = { method: 'POST', url: '/api/tokens', payload: { name: 'cut', scopes: ['read'] }, headers: { authorization, 'idempotency-key': 'cut' } } as const
    t.equal((await away.send(ask)).statusCode, 503)
    const cut = (await stores.tokens.list()).filter(({ name }) => name === 'cut')
    const again = await untilSettled(async () => await api.send(ask))
    t.match(again.json(), { code: 'INS_IDEMPOTENCY_TOKEN', detail: new RegExp(cut[0]?.id ?? '') })
    t.same((await stores.tokens.list()).filter(({ name }) => name === 'cut'), cut)
  })

  t.test('a bulk refuses a key, and what makes nothing does not mind one', async t => {
    const { id } = (await post('for others')).json()
    const bulk = await post('bulk', '{}\n', { url: `${path}bulk`, headers: { 'content-type': 'application/x-ndjson' } })
    t.match(bulk.json(), { status: 400, errors: [{ pointer: '/idempotency-key', code: 'value', detail: /external_id/ }] })
    for (const roles of [1, 2]) {
      t.equal((await post('for others', { number_of_roles: roles }, { url: '/api/score' })).json().lines.find(({ signal }: { signal: string }) => signal === 'number_of_roles').value, roles)
      t.equal((await api.send({ method: 'POST', url: `${path}${id}/refresh`, headers: { 'idempotency-key': 'for others' } })).statusCode, 202)
    }
  })

  t.test('a key that is sent twice is a fault', async t => {
    await api.app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = api.app.server.address() as AddressInfo
    const before = await count()
    const sent = request({ port, path, method: 'POST', headers: { authorization: `Token ${api.token}`, 'content-type': 'application/json', 'Idempotency-Key': ['a', 'b'] } })
    sent.end('{}')
    const [response] = await once(sent, 'response')
    t.match(JSON.parse(String(Buffer.concat(await response.toArray()))), { status: 400, errors: [{ pointer: '/idempotency-key', code: 'duplicate', detail: 'must be sent once' }] })
    t.equal(await count(), before)
  })

  const { passKeyTime } = stores
  // Where only the server could move its time, the contract suite shows it.
  if (passKeyTime === undefined) return
  t.test('a day later the key is new', async t => {
    const { id } = (await post('a day later')).json()
    await passKeyTime(KEY_LIFE_MS - 60_000)
    t.equal((await post('a day later')).json().id, id)
    await passKeyTime(60_000)
    const next = await post('a day later', {})
    t.equal(next.statusCode, 201)
    t.not(next.json().id, id)
  })
})
