import { defaultFields } from '@insights/shared'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import type { Connection } from 'mongoose'
import { t } from 'tap'
import type { Observation } from '../src/history-port.js'
import { firstStepAt } from '../src/history-rules.js'
import type { StoreDeps } from '../src/mongo/deps.js'
import { recordAround } from '../src/mongo/history.js'
import { createModels } from '../src/mongo/models.js'
import { createPgliteHistoryStore, createPgliteInsightStore, migratePglite } from '../src/pglite/index.js'
import { fromObservations, FIND_DUE, READ } from '../src/pglite/history.js'
import type { RefreshResult } from '../src/port.js'
import { historyContract } from './contract/history-contract.js'
import { collectionOf, findMongo, newDatabase, openLab, openRaw, resultOf, useMongo, type Lab } from './mongo-lab.js'

const db = await openMemoryDatabase()
t.teardown(async () => { await db.close() })
await migratePglite(db)

const { skip } = findMongo()
/** Opened before the first test: a file whose tests have all ended takes no more. */
const mongo = skip === false ? await openMongoLab() : null

async function openMongoLab (): Promise<{ lab: Lab, raw: Connection }> {
  const server = await useMongo()
  t.teardown(async () => { await server.stop() })
  const lab = await openLab(t, server, newDatabase())
  return { lab, raw: await openRaw(t, lab.url) }
}

/** Planted observations as results, the way that they are written. */
const toResults = (observations: readonly Observation[]): RefreshResult[] =>
  observations.map(one => ({ id: one.insight_id, observations: [one] }) as unknown as RefreshResult)

const PLANT = `insert into insights.observations (insight_id, platform, source_id, at, count, state, next_at)
  select insight_id, platform, source_id, at, count, state, next_at
  from json_populate_recordset(null::insights.observations, $1::json)`

historyContract(t, 'pglite', async () => ({
  store: createPgliteInsightStore(db),
  history: createPgliteHistoryStore(db),
  plant: async observations => { await db.query(PLANT, [fromObservations(toResults(observations))]) }
}))

t.test('pglite: reading and thinning out use their indexes and nothing else', async t => {
  await db.exec(`truncate insights.insights, insights.observations;
    insert into insights.observations
    select n / 100, 'x', 'gigpro', now() - n % 100 * interval '1 hour', n, 'ok', now() + n * interval '1 hour' from generate_series(1, 20000) as n;
    analyze insights.observations`)
  const planOf = async (sql: string, parameters: unknown[]): Promise<string> => {
    const { rows } = await db.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, parameters)
    return rows.map(row => row['QUERY PLAN']).join('\n')
  }
  const read = await planOf(READ, [7, JSON.stringify([{ platform: 'x', source_id: 'gigpro', limit_ms: 9e8 }]), null, null, 50])
  t.match(read, /Index Scan using observations_pkey/)
  t.notMatch(read, /Seq Scan|Filter/)
  const due = await planOf(FIND_DUE, [500])
  t.match(due, /Index Scan using observations_next on observations o .*\n +Index Cond: \(next_at <= statement_timestamp\(\)\)/)
  t.notMatch(due, /Seq Scan on observations|Sort/)
})

t.test('pglite: what is removed makes room for what comes', async t => {
  await db.exec('truncate insights.insights, insights.observations')
  const { id } = await createPgliteInsightStore(db).create({ ...defaultFields(), twitter_handle: 'gigpro' })
  const sizeAfterDay = async (day: number): Promise<number> => {
    await db.exec(`insert into insights.observations
      select ${id}, 'x', 'gigpro-' || n, now() - interval '2 days', n, 'ok', now() - interval '1 day' from generate_series(1, 2000) as n`)
    t.match(await createPgliteHistoryStore(db).compact({ limit: 2_000 }), { examined: 2_000, removed: 2_000 }, `day ${day}`)
    const { rows } = await db.query<{ bytes: number }>("select pg_relation_size('insights.observations')::int as bytes")
    return rows[0]?.bytes ?? 0
  }
  const first = await sizeAfterDay(1)
  await sizeAfterDay(2)
  t.ok(await sizeAfterDay(3) <= first * 1.2)
})

if (mongo !== null) {
  const { lab, raw } = mongo
  const observations = collectionOf(raw, 'observations')

  historyContract(t, 'mongo', async () => ({
    store: lab.insights,
    history: lab.history,
    plant: async planted => {
      await observations.insertMany(planted.map(one => ({
        _id: { insight: one.insight_id, platform: one.platform, source: one.source_id, at: new Date(one.at) } as never,
        count: one.count,
        state: one.state,
        next_at: new Date(firstStepAt(one))
      })))
    }
  }))

  t.test('mongo: what is erased in the moment after a save stays erased', async t => {
    const { id } = await lab.insights.create({ ...defaultFields(), twitter_handle: 'gigpro' })
    const { documents: [run] } = await lab.insights.startRefreshes([id], { leaseMs: 60_000 })
    if (run === undefined) throw new Error('not started')
    const observation = { platform: 'x' as const, source_id: 'gigpro', at: new Date().toISOString(), count: 5, state: 'ok' as const }
    const deps = { models: createModels(raw), log: lab.log } as unknown as StoreDeps
    await recordAround(deps, [{ ...resultOf(run), observations: [observation] }], async () => {
      await lab.insights.saveResults([resultOf(run)])
      await lab.insights.remove(id)
      return new Set([id])
    })
    t.equal(await observations.countDocuments({ '_id.insight': id }), 0)
  })

  t.test('mongo: reading and thinning out examine what they return', async t => {
    await observations.deleteMany({})
    const [now, hour] = [Date.now(), 3_600_000]
    await observations.insertMany(Array.from({ length: 2_000 }, (_one, n) => ({
      _id: { insight: Math.floor(n / 100), platform: 'x', source: 'gigpro', at: new Date(now - n % 100 * hour) } as never,
      count: n,
      state: 'ok',
      next_at: new Date(now + (n - 50) * hour)
    })))
    const of7 = { insight: 7, platform: 'x', source: 'gigpro' }
    const range = { _id: { $gte: { ...of7, at: new Date(0) }, $lt: { ...of7, at: new Date(now - 9.5 * hour) } } } as object
    const questions = [[range, { _id: 1 }, 90], [{ next_at: { $lte: new Date(now) } }, { next_at: 1 }, 51]] as const
    for (const [filter, sort, expected] of questions) {
      const { executionStats: stats } = await observations.find(filter).sort(sort).explain('executionStats') as { executionStats: Record<string, number> }
      t.equal(stats['nReturned'], expected)
      t.ok((stats['totalKeysExamined'] ?? NaN) <= expected + 1, `${stats['totalKeysExamined']} keys`)
    }
  })

  t.test('mongo: an observation that somebody else wrote is named in the log, in nobody\'s way, and removed in time', async t => {
    await observations.deleteMany({})
    const { id } = await lab.insights.create({ ...defaultFields(), twitter_handle: 'gigpro' })
    const key = (at: string): never => ({ insight: id, platform: 'x', source: 'gigpro', at: new Date(at) }) as never
    await observations.insertMany([
      { _id: key('2026-01-01T00:00:00Z'), count: 'many', state: 'ok', next_at: new Date(0) },
      { _id: key('2026-01-02T00:00:00Z'), count: 1, state: 'ok', next_at: new Date(0) }
    ])
    const source = { platform: 'x' as const, source_id: 'gigpro' }
    const counts = async (): Promise<unknown[]> => (await lab.history.read(id, [source], { from: null, to: null, limit: 9 })).map(({ count }) => count)
    t.same(await counts(), [1])
    t.same(await lab.history.compact({ limit: 10 }), { examined: 2, removed: 1 })
    t.same(await counts(), [1])
    t.match(lab.log.find('warn', 'observation'), [{ details: { reason: 'count is not a whole number from 0 to 2^53 - 1' } }])
  })
} else {
  t.test('mongo', { skip }, async () => {})
}
