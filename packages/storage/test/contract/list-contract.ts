import fc from 'fast-check'
import {
  defaultFields, explain, INSIGHT_1, PLATFORMS, toSignals, type InsightFields, type SourceRecord, type SourceState
} from '@insights/shared'
import {
  LIST_KEYS, LIST_STATES, type ListedInsight, type ListFilter, type ListOrder, type ListPage, type ListPosition
} from '../../src/list-port.js'
import type { InsightDocument, InsightStore } from '../../src/port.js'

type Tap = import('tap').Test

const STATES: readonly SourceState[] = ['ok', 'pending', 'stale', 'not_found']
const BY_ID: ListOrder = { key: 'id', isDescending: false }
const LONG_LEASE = { leaseMs: 600_000 }

/** What an insight of the test is like; what is not said comes by chance. */
interface Planted {
  score: number
  states: SourceState[]
  isDone: boolean
  isRunning: boolean
  isNamed: boolean
}

/** The promises of `InsightLists`. `open` gives a store with no insights in it. */
export function listContract (t: Tap, name: string, open: () => Promise<InsightStore>): void {
  const contract = (title: string, test: (t: Tap, store: InsightStore) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async t => { await test(t, await open()) })
  }

  contract('filters, orders and pages agree with a plain list in memory', async (t, store) => {
    const insights = await plant(store, fc.sample(planted, { numRuns: 60, seed: 7 }))
    await fc.assert(fc.asyncProperty(anyFilter(insights), anyOrder, fc.integer({ min: 1, max: 25 }), fc.boolean(), async (filter, order, limit, isBackward) => {
      const expected = idsOf(insights.filter(insight => fulfils(insight, filter)).sort(comparison(order)))
      const pages = await readAll(store, { filter, order, limit, isBackward })
      const ids = (isBackward ? pages.reverse() : pages).flatMap(page => idsOf(page.insights))
      t.same(ids, expected, JSON.stringify({ filter, order, limit, isBackward }))
    }), { numRuns: 150 })
  })

  contract('a page is followed by what comes after it and preceded by what comes before', async (t, store) => {
    const insights = await plant(store, fc.sample(planted, { numRuns: 30, seed: 3 }))
    for (const key of LIST_KEYS) {
      for (const isDescending of [false, true]) {
        const order = { key, isDescending }
        const expected = idsOf([...insights].sort(comparison(order)))
        const first = await page(store, order, null)
        const second = await page(store, order, first.far)
        const third = await page(store, order, second.far)
        t.same(idsOf([...first.insights, ...second.insights, ...third.insights]), expected)
        t.equal(third.far, null)
        const back = await page(store, order, third.near, true)
        t.same(idsOf(back.insights), idsOf(second.insights))
        const start = await page(store, order, back.far, true)
        t.same(idsOf(start.insights), idsOf(first.insights))
        t.equal(start.far, null, 'there is nothing before the first page')
      }
    }
  })

  contract('what is created and removed between two pages disturbs no other insight', async (t, store) => {
    const insights = await plant(store, fc.sample(planted, { numRuns: 40, seed: 5 }))
    for (const key of LIST_KEYS) {
      const order = { key, isDescending: false }
      const there = idsOf([...insights].filter(insight => insight !== null).sort(comparison(order)))
      const seen: number[] = []
      const removed = new Set<number>()
      let from: ListPosition | null = null
      do {
        const { insights: some, far }: ListPage = await store.list({ order, filter: {}, limit: 7, from, isBackward: false })
        seen.push(...idsOf(some))
        const last = some.at(-1)
        if (last !== undefined && key === 'updated_at') {
          await store.remove(last.id)
          removed.add(last.id)
          insights.splice(insights.findIndex(({ id }) => id === last.id), 1)
        }
        await store.create(defaultFields())
        from = far
      } while (from !== null && seen.length < 200)
      t.same(seen.filter(id => there.includes(id)), there, `${key}: each exactly once`)
      t.equal(key === 'updated_at', removed.size > 0)
    }
  })

  contract('an empty store has an empty page in every direction', async (t, store) => {
    for (const isBackward of [false, true]) {
      t.same(await store.list({ order: BY_ID, filter: {}, limit: 5, from: null, isBackward }), { insights: [], near: null, far: null })
    }
  })

  contract('an external id finds its insight in every order', async (t, store) => {
    const { id } = await store.create({ ...defaultFields(), external_id: 'listed-1' })
    await store.create({ ...defaultFields(), external_id: 'listed-2' })
    for (const key of LIST_KEYS) {
      const query = { order: { key, isDescending: true }, limit: 5, from: null, isBackward: false }
      t.same(idsOf((await store.list({ ...query, filter: { externalId: 'listed-1' } })).insights), [id])
      t.same(idsOf((await store.list({ ...query, filter: { externalId: 'listed-1', minScore: 1 } })).insights), [])
      t.same((await store.list({ ...query, filter: { externalId: '$ne' } })).insights, [])
    }
  })

  contract('the secret of the cursors is random, and the same at every call', async (t, store) => {
    const [one, other] = await Promise.all([store.cursorSecret(), store.cursorSecret()])
    t.equal(one, other)
    t.match(one, /^[\w-]{43}$/)
    t.equal(await store.cursorSecret(), one)
  })
}

const planted: fc.Arbitrary<Planted> = fc.record({
  score: fc.constantFrom(0, 0.01, 7, 7, 7, 12.5, 99.99, 100),
  states: fc.array(fc.constantFrom(...STATES), { minLength: 0, maxLength: 3 }),
  isDone: fc.boolean(),
  isRunning: fc.boolean(),
  isNamed: fc.boolean()
})

const anyOrder = fc.record({ key: fc.constantFrom(...LIST_KEYS), isDescending: fc.boolean() }, { noNullPrototype: true })

function anyFilter (insights: readonly ListedInsight[]): fc.Arbitrary<ListFilter> {
  const score = fc.constantFrom(0, 0.01, 0.02, 7, 12.5, 100)
  return fc.record({
    minScore: score,
    maxScore: score,
    updatedSince: fc.constantFrom(...insights.map(insight => insight.updated_at)),
    state: fc.constantFrom(...LIST_STATES),
    externalId: fc.constantFrom('planted-1', 'planted-5', 'nobody'),
    sourceStates: fc.array(fc.record({
      platform: fc.constantFrom(...PLATFORMS), state: fc.constantFrom(...STATES, 'not_provided' as const)
    }, { noNullPrototype: true }), { minLength: 1, maxLength: 2 })
  }, { requiredKeys: [], noNullPrototype: true }).map(filter =>
    // Most filters say little; one that says everything finds nothing.
    Object.fromEntries(Object.entries(filter).slice(0, 2)) as ListFilter)
}

function fulfils (insight: ListedInsight, filter: ListFilter): boolean {
  const { is_running: isRunning, is_pending: isPending } = insight.refresh
  const state = isRunning ? 'running' : isPending ? 'pending' : 'done'
  return insight.score >= (filter.minScore ?? 0) && insight.score <= (filter.maxScore ?? 100) &&
    insight.updated_at >= (filter.updatedSince ?? '') &&
    (filter.state ?? state) === state &&
    (filter.externalId ?? insight.fields.external_id) === insight.fields.external_id &&
    (filter.sourceStates ?? []).every(wanted => {
      const records = insight.sources.filter(({ platform }) => platform === wanted.platform)
      return wanted.state === 'not_provided' ? records.length === 0 : records.some(record => record.state === wanted.state)
    })
}

function comparison ({ key, isDescending }: ListOrder): (a: ListedInsight, b: ListedInsight) => number {
  const valueOf = (insight: ListedInsight): number =>
    key === 'id' ? 0 : key === 'insight_score' ? insight.score : Date.parse(insight.updated_at)
  return (a, b) => (valueOf(a) - valueOf(b) || a.id - b.id) * (isDescending ? -1 : 1)
}

async function readAll (
  store: InsightStore, query: { filter: ListFilter, order: ListOrder, limit: number, isBackward: boolean }
): Promise<ListPage[]> {
  const pages: ListPage[] = []
  let from: ListPosition | null = null
  do {
    const page: ListPage = await store.list({ ...query, from })
    if (page.insights.length > query.limit) throw new Error('a page is too long')
    pages.push(page)
    from = page.far
  } while (from !== null)
  return pages
}

async function page (store: InsightStore, order: ListOrder, from: ListPosition | null, isBackward = false): Promise<ListPage> {
  return await store.list({ order, filter: {}, limit: 10, from, isBackward })
}

function idsOf (insights: readonly ListedInsight[]): number[] {
  return insights.map(({ id }) => id)
}

/** Stores insights that differ in all that lists look at, and reads them as they then are. */
async function plant (store: InsightStore, wanted: readonly Planted[]): Promise<ListedInsight[]> {
  const created: InsightDocument[] = []
  for (const [index, one] of wanted.entries()) {
    const fields: InsightFields = {
      ...defaultFields(),
      external_id: one.isNamed ? `planted-${index}` : null,
      twitter_handle: one.states.includes('ok') ? 'a' : null,
      works: one.states.map((_state, n) => ({ item_id: String(n), source_type: n === 2 ? 2 : 1, is_individual_work: true, in_app_plays: 0 }))
    }
    created.push(await store.create(fields))
  }
  const { documents } = await store.startRefreshes(idsOf(created), LONG_LEASE)
  await store.saveResults(documents.map(document => {
    const { score, states, isRunning, isDone } = wanted[created.findIndex(({ id }) => id === document.id)] as Planted
    const sources = document.sources.map((source, n): SourceRecord => ({ ...source, state: states[n] ?? 'pending' }))
    const breakdown = { ...explain(INSIGHT_1, toSignals(document.fields, sources, INSIGHT_1)), score }
    const end = isRunning ? null : { done: isDone ? document.refresh.wanted : 0, nextInMs: null }
    return { id: document.id, claim: document.refresh.claim, identity_rev: document.identity_rev, rev: document.rev, sources, breakdown, end }
  }))
  return await Promise.all(created.map(async ({ id }) => await store.find(id) as InsightDocument))
}
