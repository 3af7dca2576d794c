import { tokenIdOf } from '@insights/shared'
import mongoose, { type Connection } from 'mongoose'
import { t, type Test } from 'tap'
import { LIST_KEYS, MAX_EXAMINED, type ListFilter, type ListPage, type ListPosition } from '../src/list-port.js'
import { MAX_COUNTED_DUE, type InsightDocument, type InsightStore } from '../src/port.js'
import { collectionOf, fieldsWith, findMongo, openLab, openRaw, resultOf, useMongo } from './mongo-lab.js'

type Filter = Record<string, unknown>

/** A question that the server must answer by looking for documents. */
interface Search {
  collection: string
  filter: Filter
  options: FindOptions
  /** Whether it is the condition of a write: by the time it is explained it may not hold any more. */
  isOfWrite: boolean
}

type FindOptions = Pick<mongoose.mongo.FindOptions, 'sort' | 'limit' | 'projection' | 'hint'>
type WriteOperation = Record<string, { filter: Filter, hint?: Filter }>

const LEASE = { leaseMs: 60_000 }
const { skip } = findMongo()

/** What the store asks the server for during `work`: the conditions of its reads and of its writes. */
async function searchesOf (work: () => Promise<unknown>): Promise<Search[]> {
  const searches: Search[] = []
  mongoose.set('debug', (collection: string, method: string, ...args: unknown[]) => {
    searches.push(...toSearches(method, args).map(search => ({ collection, ...search })))
  })
  try {
    await work()
  } finally {
    mongoose.set('debug', false)
  }
  return searches
}

function toSearches (method: string, args: unknown[]): Array<Omit<Search, 'collection'>> {
  if (method === 'bulkWrite') {
    return (args[0] as WriteOperation[]).flatMap(operation => Object.values(operation).map(({ filter, hint }) =>
      ({ filter, options: hint === undefined ? {} : { hint }, isOfWrite: true })))
  }
  if (method === 'insertMany') return []
  const isOfWrite = method !== 'find' && method !== 'findOne'
  const { sort, limit, projection, hint } = isOfWrite ? {} as FindOptions : args.at(-1) as FindOptions
  const options = Object.fromEntries(Object.entries({ sort, limit, projection, hint }).filter(([, value]) => value !== undefined))
  return [{ filter: args[0] as Filter, options, isOfWrite }]
}

/**
 * Asks the server how it answers: it may look at what it returns and at nothing else, for a write at the documents
 * that are addressed. One key more is where a scan ends, and where one of many ids begins.
 */
async function isByIndex (t: Test, raw: Connection, name: string, search: Search): Promise<number> {
  const { collection, filter, options, isOfWrite } = search
  const plan = await raw.collection(collection).find(filter, options).explain('executionStats')
  const { nReturned = 0, totalKeysExamined = NaN, totalDocsExamined = NaN } = plan['executionStats'] as Record<string, number>
  const { $in: addressed = [filter._id] } = filter._id as { $in?: unknown[] } | undefined ?? {}
  const most = isOfWrite ? addressed.length : nReturned
  const title = `${name}: ${JSON.stringify(filter)}`
  t.ok(totalDocsExamined <= most, `${title}: ${totalDocsExamined} documents for ${nReturned}`)
  const ends = most > 1 ? (isOfWrite ? 2 : 1) : 0
  t.ok(totalKeysExamined <= most + ends, `${title}: ${totalKeysExamined} keys for ${nReturned}`)
  t.notMatch(JSON.stringify(plan['queryPlanner']), /COLLSCAN|"SORT"/, title)
  return nReturned
}

/** Many insights that are not due for hours, which no call of the test is about. */
async function plantMany (
  raw: Connection, store: InsightStore, count: number, changeOf: (n: number) => object = () => ({})
): Promise<void> {
  const { id } = await store.create(fieldsWith())
  const collection = collectionOf(raw)
  const document = await collection.findOne({ _id: id }) as Record<string, unknown>
  await collection.insertMany(Array.from({ length: count }, (_one, index) => ({
    ...document,
    ...changeOf(index),
    _id: 1_000_000 + index,
    refresh: { ...document['refresh'] as object, due_at: new Date(Date.now() + 3_600_000 + index) }
  })))
  await store.remove(id)
}

if (skip === false) {
  const server = await useMongo()
  t.teardown(async () => { await server.stop() })

  t.test('every question of the store examines as many keys as it returns documents', async t => {
    const { insights, tokens, url } = await openLab(t, server)
    const raw = await openRaw(t, url)
    await plantMany(raw, insights, 2_000)
    const created = await Promise.all(Array.from({ length: 30 }, async () => await insights.create(fieldsWith())))
    const ids = created.map(({ id }) => id)
    const id = ids[0] ?? 0
    let runs: InsightDocument[] = []
    const token = { hash: 'a'.repeat(64), name: 'host', scopes: ['read' as const], expires_at: null }
    const calls: Record<string, () => Promise<unknown>> = {
      find: async () => await insights.find(id),
      replaceFields: async () => await insights.replaceFields(id, fieldsWith({ connects: 1 }), { ifRev: 1 }),
      'create with an external id': async () => await insights.create(fieldsWith({ external_id: 'artist-1' })),
      'replaceFields with another external id': async () => await insights.replaceFields(ids[2] ?? 0, fieldsWith({ external_id: 'artist-2' })),
      'replaceFields without an external id': async () => await insights.replaceFields(ids[2] ?? 0, fieldsWith()),
      importMany: async () => await insights.importMany([fieldsWith({ external_id: 'artist-1', connects: 3 }), fieldsWith({ external_id: 'artist-3' })]),
      requestRefresh: async () => await insights.requestRefresh(id),
      remove: async () => await insights.remove(id, { ifRev: 2 }),
      findReceipt: async () => await insights.findReceipt(id),
      'findReceipt of none': async () => await insights.findReceipt(ids[1] ?? 0),
      finishRemovals: async () => await insights.finishRemovals({ limit: 10, afterMs: 0 }),
      startRefreshes: async () => { runs = (await insights.startRefreshes(ids.slice(10, 20), LEASE)).documents },
      extendLeases: async () => { await insights.extendLeases(runs.map(({ id, refresh }) => ({ id, claim: refresh.claim })), LEASE) },
      saveResults: async () => await insights.saveResults(runs.map(resultOf)),
      'tokens.add': async () => await tokens.add(token),
      'tokens.findByHash': async () => await tokens.findByHash(token.hash),
      'tokens.list': async () => await tokens.list(),
      'tokens.markUsed': async () => { await tokens.markUsed(token.hash) },
      'tokens.expire': async () => await tokens.expire(tokenIdOf(token.hash), '2030-01-01T00:00:00.000Z'),
      'tokens.revoke': async () => await tokens.revoke(tokenIdOf(token.hash))
    }
    for (const [name, call] of Object.entries(calls)) {
      const searches = await searchesOf(call)
      t.ok(searches.length > 0, `${name} was seen`)
      for (const search of searches) await isByIndex(t, raw, name, search)
    }
  })

  t.test('a page of a list examines as many keys as it gives, in each order and wherever it begins', async t => {
    const { insights, url } = await openLab(t, server)
    const raw = await openRaw(t, url)
    await plantMany(raw, insights, 2_000, n => ({ score: n % 100, updated_at: new Date(n % 300 * 1_000) }))
    await insights.create(fieldsWith({ external_id: 'artist-1' }))
    const filters: Record<string, ListFilter[]> = {
      id: [{}], insight_score: [{}, { minScore: 20, maxScore: 60 }], updated_at: [{}, { updatedSince: new Date(60_000).toISOString() }]
    }
    for (const key of LIST_KEYS) {
      for (const filter of filters[key] as ListFilter[]) {
        for (const isDescending of [false, true]) {
          for (const isBackward of [false, true]) {
            const query = { order: { key, isDescending }, filter, limit: 50, isBackward }
            let from: ListPosition | null = null
            for (let count = 0; count < 3; count++) {
              const searches = await searchesOf(async () => { from = (await insights.list({ ...query, from })).far })
              t.ok(searches.length >= 1 && searches.length <= 2)
              for (const search of searches) await isByIndex(t, raw, `${key} ${String(isDescending)}`, search)
            }
          }
        }
      }
      const named = { order: { key, isDescending: false }, filter: { externalId: 'artist-1' }, limit: 50, from: null, isBackward: false }
      for (const search of await searchesOf(async () => await insights.list(named))) t.equal(await isByIndex(t, raw, 'externalId', search), 1)
    }
  })

  t.test('a filter that nothing fulfils is looked for in stretches, and misses nothing', async t => {
    const { insights, url } = await openLab(t, server)
    const raw = await openRaw(t, url)
    await plantMany(raw, insights, 2 * MAX_EXAMINED + 10)
    const { id } = await insights.create(fieldsWith())
    await collectionOf(raw).updateOne({ _id: 1_000_000 + MAX_EXAMINED }, { $set: { 'refresh.lease_until': new Date(Date.now() + 3_600_000) } })
    for (const key of LIST_KEYS) {
      const found: number[][] = []
      let from: ListPosition | null = null
      do {
        const page: ListPage = await insights.list({ order: { key, isDescending: false }, filter: { state: 'running' }, limit: 5, from, isBackward: false })
        found.push(page.insights.map(insight => insight.id))
        from = page.far
      } while (from !== null)
      t.equal(found.length, 3, 'three stretches')
      t.same(found.flat(), [1_000_000 + MAX_EXAMINED], `${id} and all others are not running`)
    }
  })

  t.test('planning costs what is due, not what is stored', async t => {
    const { insights, url } = await openLab(t, server)
    const raw = await openRaw(t, url)
    await plantMany(raw, insights, 2_000)
    await Promise.all(Array.from({ length: 30 }, async () => await insights.create(fieldsWith())))
    const [search] = await searchesOf(async () => await insights.claimDue({ limit: 0, ...LEASE }))
    t.equal(search, undefined, 'nothing asked for, nothing searched')
    const makeDue = async (): Promise<void> => {
      const due = { $set: { 'refresh.due_at': new Date(0) } }
      await collectionOf(raw).updateMany({ _id: { $lt: 1_000_000 } }, due)
    }
    for (const [asked, expected] of [[20, 20], [200, 30]] as const) {
      await makeDue()
      let claimed: number[] = []
      const searches = await searchesOf(async () => { claimed = await insights.claimDue({ limit: asked, ...LEASE }) })
      t.equal(claimed.length, expected)
      t.equal(searches.length, 2, 'one search, and one write of all that it found')
      await makeDue()
      for (const search of searches) t.equal(await isByIndex(t, raw, 'claimDue', search), expected)
    }
  })

  t.test('the backlog is answered by the index alone, up to its bound', async t => {
    const { insights, url } = await openLab(t, server)
    const raw = await openRaw(t, url)
    await plantMany(raw, insights, MAX_COUNTED_DUE + 500)
    t.same(await insights.backlog(), { due: 0, oldestDueAgeMs: null })
    const due = collectionOf(raw)
    await due.updateMany({ _id: { $lt: 1_000_100 } }, { $set: { 'refresh.due_at': new Date(0) } })
    t.match(await insights.backlog(), { due: 100, oldestDueAgeMs: Number })

    const pipelines: object[][] = []
    mongoose.set('debug', (_collection: string, _method: string, pipeline: unknown) => { pipelines.push(pipeline as object[]) })
    await insights.backlog()
    mongoose.set('debug', false)
    const [search] = pipelines[0] as [{ $match: Filter }]
    t.equal(await isByIndex(t, raw, 'backlog', {
      collection: 'insights', filter: search.$match, options: { sort: { 'refresh.due_at': 1, _id: 1 } }, isOfWrite: false
    }), 100)

    await due.updateMany({}, { $set: { 'refresh.due_at': new Date(0) } })
    t.equal((await insights.backlog()).due, MAX_COUNTED_DUE)
  })

  t.test('a planner that loses part of what it found to another one looks for more', async t => {
    const { insights } = await openLab(t, server)
    for (let count = 0; count < 4; count++) {
      await Promise.all(Array.from({ length: 20 }, async () => await insights.create(fieldsWith())))
    }
    const claims = await Promise.all([1, 2].map(async () => await insights.claimDue({ limit: 40, ...LEASE })))
    const ids = claims.flat()
    t.equal(new Set(ids).size, ids.length)
    t.ok(ids.length > 40, `${ids.length} of 80 were claimed in one go`)
  })
} else {
  t.plan(0, skip)
}
