import type { LightMyRequestResponse } from 'fastify'
import { t } from 'tap'
import { explain, INSIGHT_1, toSignals, toTimestamp, type Platform } from '@insights/shared'
import type { InsightStore, SourceObservation } from '@insights/storage'
import { buildTestApi, onEachStore } from './build-test-api.js'

const PATH = '/api/user_insights'
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Noon of a Wednesday, within the time for which all is given; the observations of tests lie before it. */
const NOON = Math.floor((Date.now() / DAY - 6) / 7) * 7 * DAY + 6 * DAY + DAY / 2

const observed = (platform: Platform, id: string, at: number, count: number | null): SourceObservation =>
  ({ platform, source_id: id, at: toTimestamp(at), count, state: count === null ? 'rate_limited' : 'ok' })

/** Saves what a run has observed. */
async function observe (store: InsightStore, id: number, observations: SourceObservation[]): Promise<void> {
  const { documents: [run] } = await store.startRefreshes([id], { leaseMs: 60_000 })
  if (run === undefined) throw new Error('not started')
  const { identity_rev: identityRev, rev, refresh, sources, fields } = run
  const breakdown = explain(INSIGHT_1, toSignals(fields, sources, INSIGHT_1))
  const end = { done: refresh.wanted, nextInMs: DAY }
  await store.saveResults([{ id, claim: refresh.claim, identity_rev: identityRev, rev, sources, breakdown, observations, end }])
}

interface Answer { id: number, interval: string, from: string, to: string, next: string | null, sources: Array<{ platform: string, source_id: string, growth_per_day: number | null, points: object[] }> }

onEachStore(t, async (t, stores) => {
  const api = await buildTestApi(t, stores)
  api.clock.set(NOON)
  const get = async (id: number, query = ''): Promise<LightMyRequestResponse> => await api.send({ url: `${PATH}/${id}/history${query}` })
  const read = async (id: number, query = ''): Promise<Answer> => (await get(id, query)).json()
  const create = async (body: object): Promise<number> => (await api.send({ method: 'POST', url: PATH, payload: body })).json().id
  const works = (count: number, type: 1 | 2 = 2): object[] => Array.from({ length: count }, (_one, n) => (
    { item_id: `${1000 + n}`, source_type: type, is_individual_work: true, in_app_plays: 0 }))

  const id = await create({ twitter_handle: 'gigpro', instagram_handle: 'gigpro', works: works(2) })
  await observe(stores.store, id, [
    observed('x', 'gigpro', NOON - 9 * DAY, 100),
    observed('x', 'gigpro', NOON - 3 * DAY, 0),
    observed('x', 'gigpro', NOON - 3 * DAY + HOUR, null),
    observed('x', 'gigpro', NOON - 2 * DAY, null),
    observed('x', 'gigpro', NOON - DAY - 2 * HOUR, 160),
    observed('x', 'gigpro', NOON - DAY, 151),
    observed('soundcloud', '1001', NOON - 5 * HOUR, 7),
    observed('soundcloud', '1001', NOON - HOUR, 9)
  ])

  t.test('by day, gaps are gaps, and each source has its growth', async t => {
    const answer = await read(id)
    t.match(answer, { id, interval: 'day', from: toTimestamp(NOON - 30 * DAY), to: toTimestamp(NOON), next: null })
    const point = (at: number, count: number | null): object =>
      ({ start: toTimestamp(at - at % DAY), at: toTimestamp(at), count, state: count === null ? 'rate_limited' : 'ok' })
    t.strictSame(answer.sources, [
      { platform: 'instagram', source_id: 'gigpro', growth_per_day: null, points: [] },
      { platform: 'soundcloud', source_id: '1000', growth_per_day: null, points: [] },
      // Two counts four hours apart say nothing about days.
      { platform: 'soundcloud', source_id: '1001', growth_per_day: null, points: [point(NOON - HOUR, 9)] },
      {
        platform: 'x',
        source_id: 'gigpro',
        // (151 - 100) / 8 days
        growth_per_day: 6.38,
        points: [point(NOON - 9 * DAY, 100), point(NOON - 3 * DAY, 0), point(NOON - 2 * DAY, null), point(NOON - DAY, 151)]
      }
    ])
  })

  t.test('by week and raw', async t => {
    const weekly = (await read(id, '?interval=week&source=x')).sources[0]?.points
    const monday = NOON - 2 * DAY - DAY / 2
    t.match(weekly, [{ start: toTimestamp(monday - 7 * DAY), count: 0 }, { start: toTimestamp(monday), count: 151 }])
    const raw = (await read(id, '?interval=raw&source=x')).sources[0]?.points
    t.strictSame(raw?.map(one => Object.keys(one)).at(0), ['at', 'count', 'state'])
    t.equal(weekly?.length, 2)
    t.same(raw?.map(one => (one as { count: number | null }).count), [100, 0, null, null, 160, 151])
  })

  t.test('sources and times can be chosen; the end is not part of the range', async t => {
    const ids = async (query: string): Promise<string[]> => (await read(id, query)).sources.map(source => `${source.platform}:${source.source_id}`)
    t.same(await ids('?source=soundcloud'), ['soundcloud:1000', 'soundcloud:1001'])
    t.same(await ids('?source=soundcloud:1001&source=x:gigpro'), ['soundcloud:1001', 'x:gigpro'])
    t.same(await ids('?source=youtube&source=x:other'), [], 'what the insight does not have gives nothing')
    const from = toTimestamp(NOON - 3 * DAY)
    const to = encodeURIComponent(toTimestamp(NOON - DAY).replace('Z', '+00:00'))
    const [x] = (await read(id, `?source=x&interval=raw&from=${from}&to=${to}`)).sources
    t.same(x?.points.map(one => (one as { count: number | null }).count), [0, null, null, 160])
    t.equal(x?.growth_per_day, 83.48, '160 in 46 hours')
    t.same((await read(id, `?source=x&from=${from}&to=${from}`)).sources, [{ platform: 'x', source_id: 'gigpro', growth_per_day: null, points: [] }])
  })

  t.test('times at the ends of the calendar harm nothing', async t => {
    for (const query of ['to=0000-01-01T00:00:00Z', 'from=0000-01-01T00:00:00%2B23:59', 'to=9999-12-31T23:59:59-23:59', 'from=9999-12-31T23:59:59-23:59&to=9999-12-31T23:59:59-23:59']) {
      t.equal((await get(id, `?${query}`)).statusCode, 200, query)
    }
    t.equal((await read(id, '?from=0000-01-01T00:00:00Z&source=x')).sources[0]?.points.length, 4)
  })

  t.test('every faulty parameter is named', async t => {
    const faultsOf = async (query: string): Promise<string[]> => {
      const answer = await get(id, query)
      t.equal(answer.statusCode, 400, query)
      return answer.json().errors.map(({ pointer }: { pointer: string }) => pointer).sort()
    }
    t.same(await faultsOf('?source=myspace&source=x&from=yesterday&to=2026&interval=year&limit=3'), ['/from', '/interval', '/limit', '/source/0', '/to'])
    t.same(await faultsOf('?from=2026-13-01T00:00:00Z&to=2026-02-31T24:61:00Z&cursor=abc'), ['/cursor', '/from', '/to'])
    t.same(await faultsOf('?from=2026-02-30T00:00:00Z&to=2027-02-29T00:00:00Z'), ['/from', '/to'], 'days that no calendar has')
    t.same(await faultsOf('?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z'), ['/from'])
    for (const cursor of ['', 'bnVsbA', Buffer.from('["x","a","b"]').toString('base64url'), Buffer.from('["x", "a"]').toString('base64url')]) {
      t.same(await faultsOf(`?cursor=${cursor}`), ['/cursor'])
    }
    t.same(await faultsOf('?from=2026-01-01T00:00:00Z&from=2026-01-02T00:00:00Z'), ['/from'])
    t.equal((await api.send({ url: `${PATH}/nought/history` })).statusCode, 400)
  })

  t.test('there is no history of an insight that is not there, and none of what it no longer has', async t => {
    t.match((await get(404_404)).json(), { code: 'INS_INSIGHT_UNKNOWN' })
    const gone = await create({ twitter_handle: 'gigpro', instagram_handle: 'gigpro' })
    await observe(stores.store, gone, [observed('x', 'gigpro', NOON - DAY, 5), observed('instagram', 'gigpro', NOON - DAY, 6)])
    await api.send({ method: 'PATCH', url: `${PATH}/${gone}`, payload: { twitter_handle: 'other' } })
    t.match((await read(gone)).sources, [{ platform: 'instagram', points: [{ count: 6 }] }, { platform: 'x', source_id: 'other', points: [] }])
    await api.send({ method: 'PATCH', url: `${PATH}/${gone}`, payload: { twitter_handle: 'gigpro' } })
    t.match((await read(gone, '?source=x')).sources, [{ source_id: 'gigpro', points: [] }], 'it does not come back')
    await api.send({ method: 'DELETE', url: `${PATH}/${gone}` })
    t.equal((await get(gone)).statusCode, 404)
    t.same(await stores.history.read(gone, [{ platform: 'instagram', source_id: 'gigpro' }], { from: null, to: null, limit: 9 }), [])
  })

  t.test('many works come in pages, each of them whole, over the same time', async t => {
    const many = await create({ works: works(120), twitter_handle: 'gigpro' })
    await observe(stores.store, many, works(120).map((_one, n) => observed('soundcloud', `${1000 + n}`, NOON - DAY, n)))
    const seen: string[] = []
    let answer = await read(many, '?source=soundcloud&interval=week')
    const pages = [answer.sources.length]
    seen.push(...answer.sources.map(source => source.source_id))
    while (answer.next !== null) {
      api.clock.set(api.clock.now() + HOUR)
      const { from, to } = answer
      answer = (await api.send({ url: answer.next.replace('http://localhost:80', '') })).json()
      t.match(answer, { from, to, interval: 'week' })
      pages.push(answer.sources.length)
      seen.push(...answer.sources.map(source => source.source_id))
    }
    t.same(pages, [50, 50, 20])
    t.same(seen, works(120).map((_one, n) => `${1000 + n}`))
  })

  t.test('an answer holds no more than its bound, and no part of a source', async t => {
    const dense = await create({ works: works(3) })
    const minutes = (work: string, count: number): SourceObservation[] =>
      Array.from({ length: count }, (_one, n) => observed('soundcloud', work, NOON - (n + 1) * 60_000, n))
    await observe(stores.store, dense, [...minutes('1000', 2_000), ...minutes('1001', 3_000), ...minutes('1002', 1)])
    const first = await read(dense, '?interval=raw')
    t.same(first.sources.map(({ points }) => points.length), [2_000, 3_000])
    const second: Answer = (await api.send({ url: String(first.next).replace('http://localhost:80', '') })).json()
    t.same([second.sources.map(({ points }) => points.length), second.next], [[1], null])
    await api.send({ method: 'POST', url: `${PATH}/${dense}/refresh` })
    await observe(stores.store, dense, minutes('1001', 5_001).slice(3_000))
    t.same((await read(dense, '?interval=raw')).sources.length, 1)
    t.match((await get(dense, '?source=soundcloud:1001')).json(), { status: 400, errors: [{ pointer: '/from' }] })
    t.equal((await get(dense, `?source=soundcloud:1001&from=${toTimestamp(NOON - DAY)}`)).statusCode, 200)
  })
})
