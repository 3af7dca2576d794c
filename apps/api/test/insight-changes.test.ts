import { t, type Test } from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import { AppError } from '@insights/shared'
import { addToken, buildTestApi, onEachStore, type TestApi, type TestStores } from './build-test-api.js'
import { finishRefresh } from './finish-refresh.js'

const path = '/api/user_insights/'
const work = { item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7 }
const ARTIST = { number_of_roles: 1, profile_views: 8, facebook_page_id: 4546477, twitter_handle: 'gigpro', works: [work] }
const COUNTS = { youtube: 30, x: 4546, facebook: 4546 }

onEachStore(t, async (t: Test, stores: TestStores) => {
  const api: TestApi = await buildTestApi(t, stores)
  const send = async (
    method: 'GET' | 'HEAD' | 'PUT' | 'PATCH', id: number, payload?: object | string, headers: Record<string, string> = {}
  ): Promise<LightMyRequestResponse> => await api.send({ method, url: `${path}${id}`, headers, ...(payload !== undefined && { payload }) })
  const create = async (payload: object = ARTIST): Promise<number> =>
    (await api.send({ method: 'POST', url: path, payload })).json().id
  const createRefreshed = async (): Promise<number> => {
    const id = await create()
    await finishRefresh(stores.store, id, COUNTS)
    return id
  }

  t.test('every answer with an insight carries its entity tag, which changes with the fields alone', async t => {
    const created = await api.send({ method: 'POST', url: path, payload: ARTIST })
    t.equal(created.headers.etag, '"1"')
    const { id } = created.json()
    await finishRefresh(stores.store, id, COUNTS)
    t.equal((await send('GET', id)).headers.etag, '"1"', 'a refresh of counts never changes it')
    t.equal((await send('HEAD', id)).headers.etag, '"1"')
    t.equal((await send('PATCH', id, { connects: 1 })).headers.etag, '"2"')
    t.equal((await send('PUT', id, ARTIST)).headers.etag, '"3"')
    t.equal((await send('GET', id)).headers.etag, '"3"')
  })

  t.test('a GET under the current tag is a 304 without a body', async t => {
    const id = await create()
    for (const tags of ['"1"', 'W/"1"', '"x", "1"', '"x",W/"1" , "y"', '*']) {
      for (const method of ['GET', 'HEAD'] as const) {
        const answer = await send(method, id, undefined, { 'if-none-match': tags })
        t.match([answer.statusCode, answer.payload, answer.headers.etag], [304, '', '"1"'], `${method} ${tags}`)
        t.ok(answer.headers['last-modified'])
      }
    }
    for (const tags of ['"2"', '"11"', 'W/"2", "0"', '""']) {
      t.equal((await send('GET', id, undefined, { 'if-none-match': tags })).statusCode, 200, tags)
    }
    t.equal((await api.send({ url: `${path}999999`, headers: { 'if-none-match': '*' } })).statusCode, 404)
  })

  t.test('with a time as well it is a 304 only if no count has changed either', async t => {
    const now = api.clock.now()
    t.teardown(() => { api.clock.set(now) })
    const id = await createRefreshed()
    api.clock.set(Date.now() + 60_000)
    const { headers } = await send('GET', id)
    const unchanged = { 'if-none-match': String(headers.etag), 'if-modified-since': String(headers['last-modified']) }
    t.equal((await send('GET', id, undefined, unchanged)).statusCode, 304)
    t.equal((await send('GET', id, undefined, { 'if-modified-since': unchanged['if-modified-since'] })).statusCode, 304, 'the time alone')
    const old = { ...unchanged, 'if-modified-since': new Date(Date.parse(unchanged['if-modified-since']) - 1_000).toUTCString() }
    t.equal((await send('GET', id, undefined, old)).statusCode, 200, 'the client has the tag and older counts')
    t.equal((await send('GET', id, undefined, { ...unchanged, 'if-none-match': '"9"' })).statusCode, 200)
    for (const day of ['99 Nov 2094', '30 Feb 2094', '29 Feb 2095', '01 Nov 0049']) {
      t.equal((await send('GET', id, undefined, { ...unchanged, 'if-modified-since': `Sun, ${day} 08:49:37 GMT` })).statusCode, 200, day)
    }
    t.equal((await send('GET', id, undefined, { ...unchanged, 'if-modified-since': 'Sun, 29 Feb 2096 08:49:37 GMT' })).statusCode, 304)
  })

  t.test('what has just changed is dated a second earlier, so that a change in the same second is not missed', async t => {
    const now = api.clock.now()
    t.teardown(() => { api.clock.set(now) })
    const id = await create()
    const changed = Date.parse((await stores.store.find(id))?.updated_at ?? '')
    const shown = async (): Promise<number> => Date.parse(String((await send('GET', id)).headers['last-modified']))
    api.clock.set(changed + 4_999)
    const early = await shown()
    t.equal((await send('GET', id, undefined, { 'if-modified-since': new Date(early).toUTCString() })).statusCode, 200)
    api.clock.set(changed + 5_000)
    t.equal(await shown(), early + 1_000)
  })

  t.test('PUT replaces all of it: what is left out takes its default', async t => {
    const id = await createRefreshed()
    const answer = await send('PUT', id, { connects: 3 })
    t.equal(answer.statusCode, 200)
    t.match(answer.json(), { id, connects: 3, number_of_roles: 0, profile_views: 0, facebook_page_id: null, twitter_handle: null, works: [] })
    t.match(answer.json(), { twitter_followers_count: null, facebook_page_followers_count: null }, 'the counts of accounts that are gone went with them')
    t.same((await send('GET', id)).json(), answer.json())
    t.equal(api.announced.at(-1), id, 'its refresh is announced')
    t.same(await stores.store.claimDue({ limit: 1_000, leaseMs: 1 }).then(ids => ids.includes(id)), true, 'it is due at once')
  })

  t.test('what was read can be edited and put back: fields of the service are ignored', async t => {
    const id = await createRefreshed()
    const got = (await send('GET', id)).json()
    const answer = await send('PUT', id, { ...got, connects: 4, insight_score: '99.00', twitter_followers_count: 1, id: 1 })
    t.equal(answer.statusCode, 200)
    t.match(answer.json(), { ...got, connects: 4, insight_score: answer.json().insight_score })
    t.ok(answer.json().insight_score > got.insight_score, 'the score follows the fields at once')
    t.equal(answer.json().works[0].non_app_plays, 30, 'the counts of what stayed are there')
  })

  t.test('a PUT that changes nothing changes nothing: neither tag nor refresh', async t => {
    const id = await createRefreshed()
    const before = await stores.store.find(id)
    const announced = api.announced.length
    const answer = await send('PUT', id, (await send('GET', id)).json())
    t.match([answer.statusCode, answer.headers.etag], [200, '"1"'])
    t.same(await stores.store.find(id), before)
    t.equal(api.announced.length, announced)
  })

  t.test('PUT and PATCH never create an insight', async t => {
    for (const method of ['PUT', 'PATCH'] as const) {
      for (const headers of [{}, { 'if-match': '*' }, { 'if-none-match': '*' }] as Array<Record<string, string>>) {
        const answer = await send(method, 999_999, ARTIST, headers)
        t.match([answer.statusCode, answer.json().code], [404, 'INS_INSIGHT_UNKNOWN'])
      }
    }
    t.equal((await send('GET', 999_999)).statusCode, 404)
  })

  t.test('PATCH changes what it names, and null brings back the default', async t => {
    const id = await create()
    const headers = { 'content-type': 'application/merge-patch+json' }
    const answer = await send('PATCH', id, JSON.stringify({ connects: 5, twitter_handle: null, number_of_roles: null, insight_score: null }), headers)
    t.equal(answer.statusCode, 200)
    t.match(answer.json(), { id, connects: 5, twitter_handle: null, number_of_roles: 0, profile_views: 8, facebook_page_id: 4546477, works: [work] })
    t.match((await send('PATCH', id, { works: [{ ...work, item_id: 'other' }] })).json().works, [{ ...work, item_id: 'other' }], 'works are replaced as a whole')
    t.same((await send('PATCH', id, { works: null })).json().works, [])
    t.match((await send('PATCH', id, {})).headers, { etag: '"4"' }, 'nothing is said, nothing is changed')
  })

  t.test('PATCH takes forms too, in which an empty text says nothing', async t => {
    const id = await create()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await send('PATCH', id, 'connects=5&twitter_handle=null&number_of_roles=&has_about=true', headers)
    t.equal(answer.statusCode, 200)
    t.match(answer.json(), { connects: 5, twitter_handle: null, number_of_roles: 1, has_about: true, works: [work] })
  })

  t.test('a change that is not valid is refused with every fault and changes nothing', async t => {
    const id = await create()
    const before = await stores.store.find(id)
    const bad = { connects: -1, twiter_handle: null, works: [{ ...work, source_type: 9, non_app_plays: null }, work, work], has_about: null }
    const faults = async (method: 'PUT' | 'PATCH', payload: object): Promise<string[]> => {
      const answer = await send(method, id, payload)
      t.match([answer.statusCode, answer.json().code], [400, 'INS_REQUEST_INVALID'])
      return answer.json().errors.map(({ pointer, code }: { pointer: string, code: string }) => `${pointer} ${code}`).sort()
    }
    const shared = ['/connects range', '/twiter_handle unknown_field', '/works/0/source_type value', '/works/2 duplicate']
    t.same(await faults('PATCH', bad), shared)
    t.same(await faults('PUT', bad), ['/connects range', '/has_about type', ...shared.slice(1)])
    for (const body of ['[]', '5', 'null', '"x"']) {
      for (const method of ['PUT', 'PATCH'] as const) {
        t.equal((await send(method, id, body, { 'content-type': 'application/json' })).statusCode, 400, `${method} ${body}`)
      }
    }
    t.same(await stores.store.find(id), before)
  })

  t.test('a body of a type that the method does not take is a 415', async t => {
    const id = await create()
    const cases: Array<['PUT' | 'PATCH', string]> = [
      ['PUT', 'application/merge-patch+json'], ['PATCH', 'application/json-patch+json'], ['PATCH', 'text/plain']
    ]
    for (const [method, type] of cases) {
      const answer = await send(method, id, '{}', { 'content-type': type })
      t.match([answer.statusCode, answer.json().code], [415, 'INS_REQUEST_MEDIA_TYPE'], `${method} ${type}`)
      t.equal(String(answer.headers['accept-patch']).includes('merge-patch'), method === 'PATCH')
    }
  })

  t.test('If-Match lets a change pass only on the version that it names', async t => {
    const id = await create()
    const passes: Array<[tags: string, status: number]> = [
      ['"2"', 412], ['W/"1"', 412], ['"01"', 412], ['""', 412], ['"a", "b"', 412], ['"x" , "1"', 200], ['"2"', 200], ['*', 200]
    ]
    let connects = 0
    for (const [tags, status] of passes) {
      const method = connects % 2 === 0 ? 'PUT' : 'PATCH'
      const answer = await send(method, id, { connects: ++connects }, { 'if-match': tags })
      t.equal(answer.statusCode, status, `${method} ${tags}`)
      if (status === 412) t.match(answer.json(), { code: 'INS_INSIGHT_CHANGED' })
    }
    t.match((await send('GET', id)).json(), { connects: passes.length })
  })

  t.test('If-None-Match and If-Unmodified-Since guard changes as well', async t => {
    const id = await create()
    t.equal((await send('PUT', id, {}, { 'if-none-match': '*' })).statusCode, 412, 'only where there is none: never')
    t.equal((await send('PUT', id, {}, { 'if-none-match': '"1"' })).statusCode, 412)
    t.equal((await send('PATCH', id, {}, { 'if-unmodified-since': 'Sun, 06 Nov 1994 08:49:37 GMT' })).statusCode, 412)
    t.equal((await send('PATCH', id, {}, { 'if-unmodified-since': 'Mon, 30 Feb 2099 08:49:37 GMT' })).statusCode, 412, 'a day that no calendar has')
    t.equal((await send('PATCH', id, {}, { 'if-unmodified-since': new Date(Date.now() + 60_000).toUTCString() })).statusCode, 200)
  })

  t.test('the time of an answer from the first seconds after a change fits no condition of a change; the tag does', async t => {
    const { headers, ...created } = await api.send({ method: 'POST', url: path, payload: {} })
    const { id } = created.json()
    t.equal((await send('PATCH', id, { connects: 1 }, { 'if-unmodified-since': String(headers['last-modified']) })).statusCode, 412)
    t.equal((await send('PATCH', id, { connects: 1 }, { 'if-match': String(headers['etag']) })).statusCode, 200)
  })

  t.test('a condition that can not be read is refused by name, and nothing happens', async t => {
    const id = await create()
    const cases: Array<['GET' | 'PUT' | 'PATCH', string, string]> = [
      ['PUT', 'if-match', '1'], ['PATCH', 'if-match', '"1'], ['PUT', 'if-match', '"1" "2"'], ['PUT', 'if-match', ''],
      ['GET', 'if-none-match', '1'], ['GET', 'if-modified-since', 'yesterday'], ['PATCH', 'if-unmodified-since', '2026-11-23T12:00:00Z']
    ]
    for (const [method, name, value] of cases) {
      const answer = await send(method, id, method === 'GET' ? undefined : { connects: 9 }, { [name]: value })
      t.equal(answer.statusCode, 400, `${name}: ${value}`)
      t.match(answer.json().errors, [{ pointer: `/${name}`, code: 'format' }])
    }
    t.equal((await stores.store.find(id))?.rev, 1)
  })

  t.test('fault 31: of two PATCHes under one tag one is a 200 and the other a 412', async t => {
    for (let round = 0; round < 20; round++) {
      const id = await create()
      const answers = await Promise.all([{ connects: 1 }, { profile_views: 1 }].map(async patch => await send('PATCH', id, patch, { 'if-match': '"1"' })))
      t.same(answers.map(answer => answer.statusCode).sort(), [200, 412])
    }
  })

  t.test('PATCHes of different fields at the same moment all survive, and none is computed twice', async t => {
    const id = await create({})
    const reads = t.capture(stores.store, 'find', stores.store.find)
    const names = ['number_of_roles', 'number_of_acts', 'profile_views', 'profile_searches', 'connects', 'twitter_handle', 'instagram_handle', 'has_about']
    const patches = names.map((name, index) => ({ [name]: name.endsWith('handle') ? name : name === 'has_about' || index + 1 }))
    const answers = await Promise.all(patches.map(async patch => await send('PATCH', id, patch)))
    t.ok(answers.every(answer => answer.statusCode === 200))
    t.equal(reads().length, names.length)
    t.match((await send('GET', id)).json(), Object.assign({}, ...patches))
    t.equal((await stores.store.find(id))?.rev, 1 + names.length)
  })

  t.test('while the store is away all who change an insight at the moment are told at once, not one after the other', async t => {
    const [id, other] = [await create({}), await create({})]
    const { find } = stores.store
    let goAway = (): void => {}
    const away = new Promise<never>((_resolve, reject) => { goAway = () => { reject(new AppError('INS_STORE_UNAVAILABLE', 'away')) } })
    const reads = t.capture(stores.store, 'find', async (asked: number) => asked === id ? await away : await find(asked))
    const changing = [1, 2, 3, 4, 5].map(async connects => await send('PATCH', id, { connects }))
    t.equal((await send('PATCH', other, { connects: 1 })).statusCode, 200, 'it came later: the others wait by now')
    goAway()
    t.same((await Promise.all(changing)).map(({ statusCode }) => statusCode), [503, 503, 503, 503, 503])
    t.equal(reads().filter(({ args: [asked] }) => asked === id).length, 1)
  })

  t.test('a token that may only read changes nothing', async t => {
    const id = await create()
    const token = await addToken(stores, ['read'])
    for (const method of ['PUT', 'PATCH'] as const) {
      t.equal((await send(method, id, {}, { authorization: `Token ${token}` })).statusCode, 403)
    }
  })
})
