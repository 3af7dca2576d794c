import fc from 'fast-check'
import { t } from 'tap'
import {
  explain, INSIGHT_1, toSignals, type InsightFields, type SourceRecord
} from '@insights/shared'
import { buildTestApi, openTestStores } from './build-test-api.js'

const stores = await openTestStores(t)
const api = await buildTestApi(t, stores)

const EXAMPLE_2 = {
  number_of_roles: 1,
  number_of_acts: 8,
  profile_views: 8,
  profile_searches: 7,
  connects: 2,
  facebook_page_id: 4546477,
  twitter_handle: 'gigpro',
  instagram_handle: 'gigpro',
  twitter_followers_count: 4546,
  facebook_page_followers_count: 4546,
  instagram_followers_count: 4564,
  works: [
    { item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7, non_app_plays: 30 },
    { item_id: '230230230', source_type: 2, is_individual_work: false, in_app_plays: 30, non_app_plays: 230 }
  ]
}

const compute = async (payload: object): Promise<ReturnType<typeof api.send>> =>
  await api.send({ method: 'POST', url: '/api/score', payload })

/** The insight after a refresh in which the platforms gave these counts, in the order of its sources; `null` = none. */
async function storeWith (fields: InsightFields, counts: ReadonlyArray<number | null>): Promise<number> {
  const { id } = await stores.store.create(fields)
  const { documents: [document] } = await stores.store.startRefreshes([id], { leaseMs: 60_000 })
  if (document === undefined) throw new Error('there is nothing to refresh')
  const sources = document.sources.map((source, index): SourceRecord => {
    const count = counts[index] ?? null
    return count === null ? source : { ...source, state: 'ok', count }
  })
  const breakdown = explain(INSIGHT_1, toSignals(fields, sources, INSIGHT_1))
  const end = { done: document.refresh.wanted, nextInMs: null }
  await stores.store.saveResults([{ id, claim: document.refresh.claim, identity_rev: document.identity_rev, rev: document.rev, sources, breakdown, end }])
  return id
}

t.test('the documented example computes to the documented score, and nothing is stored', async t => {
  const before = await stores.countInsights()
  const answer = await compute(EXAMPLE_2)
  t.equal(answer.statusCode, 200)
  t.match(answer.json(), { insight_score: '7.00', model: 'insight-1', score: 7, coverage: 100, score_range: { low: 7, high: 7 } })
  t.equal(answer.json().lines.length, 11)
  t.equal(await stores.countInsights(), before)
})

t.test('an insight sent as it was answered computes to what is stored with it', async t => {
  const figure = fc.oneof(fc.nat(100_000), fc.maxSafeNat())
  const handle = fc.option(fc.constantFrom('gigpro', ' @gigpro', '   ', ''))
  const fields = fc.record({
    external_id: fc.constant(null),
    has_about: fc.boolean(),
    number_of_roles: figure,
    number_of_acts: figure,
    profile_views: figure,
    profile_searches: figure,
    connects: figure,
    facebook_page_id: fc.option(fc.bigInt(0n, 99_999_999_999_999_999_999n).map(String)),
    twitter_handle: handle,
    instagram_handle: handle,
    works: fc.uniqueArray(fc.record({
      item_id: fc.constantFrom('a', 'b', 'c'),
      source_type: fc.constantFrom(1 as const, 2 as const),
      is_individual_work: fc.boolean(),
      in_app_plays: figure
    }, { noNullPrototype: true }), { selector: work => `${work.source_type}:${work.item_id}`, maxLength: 5 })
  }, { noNullPrototype: true })
  const counts = fc.array(fc.option(figure), { minLength: 8, maxLength: 8 })
  await fc.assert(fc.asyncProperty(fields, counts, async (fields, counts) => {
    const id = await storeWith(fields, counts)
    const insight = (await api.send({ url: `/api/user_insights/${id}` })).json()
    const stored = (await api.send({ url: `/api/user_insights/${id}/score` })).json()
    const { insight_score: score, ...breakdown } = (await compute(insight)).json()
    t.strictSame(breakdown, stored)
    t.equal(score, insight.insight_score)
  }), { numRuns: 60 })
})

t.test('a count that is given counts without the account, and one that is not could still earn points', async t => {
  const given = (await compute({ twitter_followers_count: 5_000_000 })).json()
  t.equal(given.insight_score, '8.00')
  t.match((await compute({ twitter_handle: 'gigpro' })).json(), { insight_score: '0.00', score_range: { low: 0, high: 8 } })
  t.match((await compute({ twitter_handle: 'gigpro', twitter_followers_count: null })).json(), { score_range: { high: 8 } })
  t.match((await compute({ twitter_handle: 'gigpro', twitter_followers_count: 0 })).json(), { score_range: { high: 0 } }, 'none is known')
})

t.test('a form computes as well', async t => {
  const { works, ...rest } = EXAMPLE_2
  const form = new URLSearchParams({ ...JSON.parse(JSON.stringify(rest)), works: JSON.stringify(works) })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await api.send({ method: 'POST', url: '/api/score/', headers, payload: form.toString() })
  t.match(answer.json(), { insight_score: '7.00' })
})

t.test('every fault is named', async t => {
  const answer = await compute({
    model: 'insight-9',
    connects: -1,
    twitter_followers_count: 1.5,
    instagram_followers_count: '7',
    x: 1,
    works: [{ item_id: 'a', source_type: 1, is_individual_work: true, in_app_plays: 0, non_app_plays: -1 }]
  })
  t.equal(answer.statusCode, 400)
  const faults = answer.json().errors.map((fault: { pointer: string, code: string }) => `${fault.pointer} ${fault.code}`)
  t.same(faults.sort(), [
    '/connects range', '/instagram_followers_count type', '/model value', '/twitter_followers_count type',
    '/works/0/non_app_plays range', '/x unknown_field'
  ])
  t.match((await compute({ model: 7 })).json(), { errors: [{ pointer: '/model', code: 'type', detail: 'must be "insight-1"' }] })
  t.match((await api.send({ method: 'POST', url: '/api/score' })).json(), { status: 400 })
  t.equal((await compute({ model: 'insight-1' })).statusCode, 200)
  const works = ['a', 'a'].map(id => ({ item_id: id, source_type: 1, is_individual_work: true, in_app_plays: 0 }))
  t.match((await compute({ works })).json(), { errors: [{ pointer: '/works/1', code: 'duplicate' }] })
})
