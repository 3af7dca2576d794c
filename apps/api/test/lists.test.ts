import type { LightMyRequestResponse } from 'fastify'
import { t } from 'tap'
import { buildTestApi, onEachStore } from './build-test-api.js'
import { finishRefresh } from './finish-refresh.js'

const PATH = '/api/user_insights'

onEachStore(t, async (t, stores) => {
  const api = await buildTestApi(t, stores)
  const get = async (query = ''): Promise<LightMyRequestResponse> => await api.send({ url: `${PATH}${query}` })
  const follow = async (link: string): Promise<LightMyRequestResponse> => await api.send({ url: link.replace('http://localhost:80', '') })
  const idsOf = (answer: LightMyRequestResponse): number[] => answer.json().results.map(({ id }: { id: number }) => id)
  const create = async (body: object = {}): Promise<number> => (await api.send({ method: 'POST', url: PATH, payload: body })).json().id

  t.same((await get()).json(), { next: null, previous: null, results: [] }, 'an empty list has no neighbours')
  const ids: number[] = []
  for (let n = 0; n < 7; n++) ids.push(await create({ twitter_handle: `artist${n}`, external_id: `list-${n}` }))
  await finishRefresh(stores.store, ids[2] as number, { x: 5_000_000 })
  await finishRefresh(stores.store, ids[4] as number, { x: 4_000 })

  t.test('pages are linked in both directions, with and without the slash', async t => {
    const first = await get('/?limit=3')
    t.equal(first.statusCode, 200)
    t.same(idsOf(first), ids.slice(0, 3))
    t.equal(first.json().previous, null)
    t.match(first.json().next, /^http:\/\/localhost:80\/api\/user_insights\?limit=3&cursor=[\w.-]+$/)
    const second = await follow(first.json().next)
    t.same(idsOf(second), ids.slice(3, 6))
    const last = await follow(second.json().next)
    t.same([idsOf(last), last.json().next], [ids.slice(6), null])
    t.same(idsOf(await follow(last.json().previous)), ids.slice(3, 6))
    const start = await follow(second.json().previous)
    t.same([idsOf(start), start.json().previous], [ids.slice(0, 3), null])
    t.same(idsOf(await follow(start.json().next)), ids.slice(3, 6))
  })

  t.test('a listed insight is answered as it is alone', async t => {
    const { results: [listed] } = (await get('?external_id=list-2')).json()
    t.same(listed, (await api.send({ url: `${PATH}/${ids[2] as number}` })).json())
  })

  t.test('orders and filters are those of the store', async t => {
    t.same(idsOf(await get('?ordering=-id&limit=2')), ids.slice(5).reverse())
    t.same(idsOf(await get('?ordering=-insight_score&limit=2')), [ids[2], ids[4]])
    t.same(idsOf(await get('?min_score=0.01&ordering=insight_score')), [ids[4], ids[2]])
    t.same(idsOf(await get('?max_score=0&limit=100')), ids.filter(id => id !== ids[2] && id !== ids[4]))
    t.same(idsOf(await get('?state=done')), [ids[2], ids[4]])
    t.same(idsOf(await get('?source_state=x:ok')), [ids[2], ids[4]])
    t.same(idsOf(await get('?source_state=x:ok&source_state=youtube:not_provided&min_score=5')), [ids[2]])
    t.same(idsOf(await get('?source_state=x:ok&source_state=x:pending')), [], 'all have to hold')
    t.same(idsOf(await get('?updated_since=2999-01-01T00:00:00Z')), [])
    t.equal(idsOf(await get('?updated_since=2020-01-01T01:00:00%2B01:00')).length, 7)
  })

  t.test('times at the ends of the calendar harm nothing', async t => {
    for (const early of ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00%2B23:59']) t.equal(idsOf(await get(`?updated_since=${early}`)).length, 7, early)
    for (const late of ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59-12:00']) t.same(idsOf(await get(`?updated_since=${late}`)), [], late)
  })

  t.test('links keep what was asked for', async t => {
    const { next } = (await get('?source_state=x:pending&source_state=facebook:not_provided&limit=1&ordering=-updated_at')).json()
    const query = new URL(next).searchParams
    t.same(query.getAll('source_state'), ['x:pending', 'facebook:not_provided'])
    t.same([query.get('limit'), query.get('ordering')], ['1', '-updated_at'])
  })

  t.test('pages stay where they are while insights come and go', async t => {
    const own = [await create(), await create(), await create(), await create()]
    const first = await get(`?limit=${7 + 2}`)
    t.same(idsOf(first).slice(-2), own.slice(0, 2))
    await stores.store.remove(own[1] as number)
    await create()
    t.same(idsOf(await follow(first.json().next)).slice(0, 2), own.slice(2))
    await stores.store.remove(own[0] as number)
  })

  t.test('a cursor that was changed or belongs to another list is refused', async t => {
    const { next } = (await get('?limit=2&ordering=insight_score')).json()
    const cursor = new URL(next).searchParams.get('cursor') ?? ''
    const place = Buffer.from(JSON.stringify([0, '0.00', 1])).toString('base64url')
    const [, signature = ''] = cursor.split('.')
    const foreign = [
      `?ordering=id&cursor=${cursor}`, `?ordering=insight_score&min_score=1&cursor=${cursor}`, `?ordering=insight_score&cursor=${cursor}x`,
      `?ordering=insight_score&cursor=${place}.${signature}`, `?ordering=insight_score&cursor=${place}`, '?cursor=', '?cursor=.', '?cursor=%00'
    ]
    for (const query of foreign) {
      const answer = await get(query)
      t.equal(answer.statusCode, 400, query)
      t.match(answer.json().errors, [{ pointer: '/cursor', code: 'value' }])
    }
    t.equal((await get(`?ordering=insight_score&limit=5&cursor=${cursor}`)).statusCode, 200, 'the limit may change')
  })

  t.test('a cursor of one process is understood by another one', async t => {
    const other = await buildTestApi(t, stores)
    const { next } = (await get('?limit=3')).json()
    t.equal((await other.send({ url: next.replace('http://localhost:80', '') })).statusCode, 200)
  })

  t.test('every parameter that is wrong or unknown is named', async t => {
    const answer = await get('?limit=0&ordering=name&min_score=a&max_score=101&updated_since=yesterday&state=asleep&external_id=' +
      '&source_state=x&offset=3&__proto__=1')
    t.equal(answer.statusCode, 400)
    t.same(answer.json().errors.map(({ pointer, code }: Record<string, string>) => `${pointer} ${code}`).sort(), [
      '/__proto__ unknown_field', '/external_id length', '/limit range', '/max_score range', '/min_score type', '/offset unknown_field',
      '/ordering value', '/source_state/0 format', '/state value', '/updated_since format'
    ])
    t.same((await get('?limit=5&limit=6')).json().errors.map(({ code }: { code: string }) => code), ['duplicate'])
    for (const day of ['2026-13-45', '2026-02-30', '2027-02-29']) {
      t.match((await get(`?updated_since=${day}T00:00:00Z`)).json().errors, [{ pointer: '/updated_since', code: 'format' }], day)
    }
    t.equal((await get('?updated_since=2028-02-29T00:00:00Z')).statusCode, 200)
    for (const limit of ['101', '1.5', '1e1', '', '+5', '%205', '0x1']) t.equal((await get(`?limit=${limit}`)).statusCode, 400, limit)
  })

  t.test('links begin as the service is addressed, unless its address is given', async t => {
    const hosted = await api.send({ url: `${PATH}?limit=1`, headers: { host: 'insights.example:8080', 'x-forwarded-host': 'evil.example' } })
    t.match(hosted.json().next, /^http:\/\/insights\.example:8080\/api\/user_insights\?limit=1&cursor=/)
    const odd = await api.send({ url: `${PATH}?limit=1`, headers: { host: 'a/b?c' } })
    t.match(odd.json().next, /^http:\/\/127\.0\.0\.1:\d+\/api\//)
    const named = await buildTestApi(t, stores, {}, { publicUrl: 'https://insights.example/base' })
    t.match((await named.send({ url: `${PATH}?limit=1` })).json().next, /^https:\/\/insights\.example\/base\/api\/user_insights\?limit=1&cursor=/)
    const created = await named.send({ method: 'POST', url: PATH, payload: {} })
    t.equal(created.headers.location, `https://insights.example/base${PATH}/${String(created.json().id)}`)
    const asked = await named.send({ method: 'POST', url: `${PATH}/${String(created.json().id)}/refresh` })
    t.equal(asked.headers.location, `${String(created.headers.location)}/refresh`)
  })

  t.test('HEAD answers like GET, and reading needs its scope', async t => {
    t.equal((await api.send({ method: 'HEAD', url: PATH })).statusCode, 200)
    t.equal((await api.app.inject({ url: PATH })).statusCode, 401)
  })
})
