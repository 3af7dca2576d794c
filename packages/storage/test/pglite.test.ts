import type { PGlite } from '@electric-sql/pglite'
import { t } from 'tap'
import { defaultFields } from '@insights/shared'
import { createPgliteInsightStore, createPgliteTokenStore, migratePglite } from '../src/pglite/index.js'
import { sql as firstSchema } from '../src/pglite/migrations/001-insights.js'
import { pageStatement } from '../src/pglite/lists.js'
import { vacuumPglite } from '../src/pglite/vacuuming.js'
import { CLAIM, FORGET, KEEP, PEEK } from '../src/pglite/shared-state.js'
import { BACKLOG, CLAIM_DUE } from '../src/pglite/statements.js'
import { KEY_LIFE_MS } from '../src/idempotency-port.js'
import { LIST_KEYS, MAX_EXAMINED, type ListPage, type ListPosition, type ListQuery } from '../src/list-port.js'
import { MAX_COUNTED_DUE } from '../src/port.js'
import { externalIdContract } from './contract/external-id-contract.js'
import { idempotencyContract } from './contract/idempotency-contract.js'
import { insightStoreContract } from './contract/insight-store-contract.js'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { removalContract } from './contract/removal-contract.js'
import { replacementContract } from './contract/replacement-contract.js'
import { importContract } from './contract/import-contract.js'
import { listContract } from './contract/list-contract.js'
import { tokenStoreContract } from './contract/token-store-contract.js'

const db = await openMemoryDatabase()
await migratePglite(db)
t.teardown(async () => { if (!db.closed) await db.close() })

async function emptyDatabase (): Promise<PGlite> {
  await db.exec('truncate insights.insights, insights.tokens, insights.idempotency_keys')
  return db
}

t.test('migrating twice changes nothing', async t => {
  await migratePglite(db)
  const { rows } = await db.query('select number from insights.migrations')
  t.same(rows, [1, 2, 3, 4, 6, 7, 8, 9, 10].map(number => ({ number })))
})

t.test('tokens of the first schema are kept by the next one', async t => {
  const old = await openMemoryDatabase()
  t.teardown(async () => { await old.close() })
  await old.exec(`create schema insights;
    create table insights.migrations (number integer primary key, applied_at timestamptz not null);
    insert into insights.migrations values (1, now());`)
  await old.exec(firstSchema)
  await old.query("insert into insights.tokens values ($1, 'host', '{read}', '2026-01-01T00:00:00Z', null)", ['a'.repeat(64)])
  await migratePglite(old)
  t.same(await createPgliteTokenStore(old).revoke('a'.repeat(16)), {
    id: 'a'.repeat(16),
    hash: 'a'.repeat(64),
    name: 'host',
    scopes: ['read'],
    created_at: '2026-01-01T00:00:00.000Z',
    expires_at: null,
    last_used_at: null,
    revoked_at: (await createPgliteTokenStore(old).list())[0]?.revoked_at
  })
})

t.test('insights of the schemas before external ids have none', async t => {
  await emptyDatabase()
  const { external_id: _left, ...fields } = defaultFields()
  await db.query(`insert into insights.insights (fields, sources, due_at, asked_at, created_at, updated_at)
    values ($1::json, '[]', now(), now(), now(), now()), ($1::json, '[]', now(), now(), now(), now())`, [JSON.stringify(fields)])
  const store = createPgliteInsightStore(db)
  const [id = 0] = await store.claimDue({ limit: 1, leaseMs: 60_000 })
  t.same((await store.find(id))?.fields, defaultFields())
  t.match(await store.replaceFields(id, { ...defaultFields(), external_id: 'a' }), { fields: { external_id: 'a' } })
})

t.test('claiming what is due scans the index and nothing else', async t => {
  await emptyDatabase()
  await db.exec(`insert into insights.insights (fields, sources, due_at, asked_at, created_at, updated_at)
    select '{}', '[]', now() + n * interval '1 hour', now(), now(), now() from generate_series(1, 5000) as n`)
  await db.exec('analyze insights.insights')
  const { rows } = await db.query<{ 'QUERY PLAN': string }>(
    `explain ${CLAIM_DUE}`, [200, 1_000])
  const plan = rows.map(row => row['QUERY PLAN']).join('\n')
  t.match(plan, /Index (Only )?Scan using insights_due on insights +\(.*\n +Index Cond: \(due_at <= statement_timestamp\(\)\)/)
  t.notMatch(plan, /Seq Scan|Sort|Filter/, 'what is not due is not looked at')
})

t.test('the backlog costs what it counts, up to its bound', async t => {
  await emptyDatabase()
  await db.exec(`insert into insights.insights (fields, sources, due_at, asked_at, created_at, updated_at)
    select '{}', '[]', now() + (n - ${MAX_COUNTED_DUE + 5}) * interval '1 hour', now(), now(), now() from generate_series(1, 20000) as n`)
  const { due, oldestDueAgeMs } = await createPgliteInsightStore(db).backlog()
  t.equal(due, MAX_COUNTED_DUE)
  const hours = (oldestDueAgeMs ?? 0) / 3_600_000
  t.ok(hours >= MAX_COUNTED_DUE + 4 && hours < MAX_COUNTED_DUE + 5, `the oldest of all has waited ${hours} h`)
  const { rows } = await db.query<{ 'QUERY PLAN': string }>(`explain ${BACKLOG}`, [MAX_COUNTED_DUE])
  const plan = rows.map(row => row['QUERY PLAN']).join('\n')
  t.match(plan, /Index (Only )?Scan using insights_due on insights +\(.*\n +Index Cond:/)
  t.notMatch(plan, /Seq Scan|Filter/)
})

t.test('what updates leave behind makes room for others: the table and its indexes stop growing', async t => {
  await emptyDatabase()
  await db.exec(`insert into insights.insights (fields, sources, due_at, asked_at, created_at, updated_at)
    select '{}', '[]', now(), now(), now(), now() from generate_series(1, 2000)`)
  const store = createPgliteInsightStore(db)
  const pagesAfter = async (rounds: number): Promise<number> => {
    for (let round = 0; round < rounds; round++) {
      await db.exec('update insights.insights set due_at = clock_timestamp(); select pg_stat_force_next_flush()')
      await store.finishRemovals({ limit: 1, afterMs: 0 })
    }
    const { rows } = await db.query<{ pages: number }>("select (pg_total_relation_size('insights.insights') / 8192)::int as pages")
    return rows[0]?.pages ?? 0
  }
  const first = await pagesAfter(12)
  const last = await pagesAfter(24)
  t.ok(last <= first * 1.3, `${first} pages after 12 rounds, ${last} after 36`)
})

t.test('a start vacuums every table, whoever made it', async t => {
  await db.exec(`create schema "of others"; create table "of others"."a table" as select n from generate_series(1, 100) as n;
    delete from "of others"."a table"; select pg_stat_force_next_flush()`)
  t.teardown(async () => { await db.exec('drop schema "of others" cascade') })
  const leftBehind = async (): Promise<unknown> => (await db.query(
    'select pg_stat_get_dead_tuples(\'"of others"."a table"\'::regclass)::int as rows')).rows[0]
  t.same(await leftBehind(), { rows: 100 })
  await vacuumPglite(db)
  t.same(await leftBehind(), { rows: 0 })
})

t.test('what is known of an id is found by its name among many, without statistics', async t => {
  await db.exec(`insert into insights.platform_notes (list, name, held_until, expires_at)
    select 'list', 'name' || n, 0, 9000000000000 from generate_series(1, 20000) as n`)
  t.teardown(async () => { await db.exec('truncate insights.platform_notes') })
  const names = Array.from({ length: 100 }, (_, n) => `name${n}`)
  const results = JSON.stringify(names.map(name => ({ name, value: '5' })))
  const byName = /Index Scan using platform_notes_pkey on .*\n +Index Cond: \(\(list = .*name/
  const queries: Array<[sql: string, parameters: unknown[], way: RegExp]> = [
    [PEEK, ['list', names, null, 1_000], byName],
    [CLAIM, ['list', names, null, 1_000, 1_000, 9_000_000_000_000], byName],
    [KEEP, ['list', results, null], byName],
    [FORGET, [null], /Index Scan using platform_notes_expiry on .*\n +Index Cond: \(expires_at <=/]
  ]
  for (const [sql, parameters, way] of queries) {
    const { rows } = await db.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, parameters)
    const plan = rows.map(row => row['QUERY PLAN']).join('\n')
    t.match(plan, way)
    t.notMatch(plan, /(Seq|Bitmap Heap) Scan on platform_notes/)
  }
})

removalContract(t, 'pglite', async () => createPgliteInsightStore(await emptyDatabase()))
replacementContract(t, 'pglite', async () => createPgliteInsightStore(await emptyDatabase()))
const plantMany = async (count: number): Promise<void> => {
  await emptyDatabase()
  await db.exec(`insert into insights.insights (fields, sources, score, due_at, asked_at, created_at, updated_at)
    select '{}', '[]', n % 100, now(), now(), now(), timestamptz 'epoch' + n % 300 * interval '1 second' from generate_series(1, ${count}) as n`)
  await db.exec('analyze insights.insights')
}

t.test('a page of a list is one scan of an index, in each order and wherever it begins', async t => {
  await plantMany(5_000)
  const from = { id: 50, value: '' }
  const at = { ...from, value: '1970-01-01T00:02:00.000000Z' }
  const queries: Array<[string, Omit<ListQuery, 'limit' | 'isBackward'>]> = [
    ['insights_pkey', { order: { key: 'id', isDescending: false }, filter: {}, from }],
    ['insights_score', { order: { key: 'insight_score', isDescending: false }, filter: {}, from: { ...from, value: '7.00' } }],
    ['insights_score', { order: { key: 'insight_score', isDescending: true }, filter: { minScore: 20, maxScore: 60 }, from: null }],
    ['insights_updated', { order: { key: 'updated_at', isDescending: false }, filter: {}, from: at }],
    ['insights_updated', { order: { key: 'updated_at', isDescending: true }, filter: { updatedSince: '1970-01-01T00:01:00Z' }, from: at }],
    ['insights_pkey', { order: { key: 'insight_score', isDescending: true }, filter: { externalId: 'a' }, from: null }]
  ]
  for (const [index, query] of queries) {
    for (const isBackward of [false, true]) {
      const { sql, parameters } = pageStatement({ ...query, limit: 50, isBackward }, null)
      const { rows } = await db.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, parameters)
      const plan = rows.map(row => row['QUERY PLAN']).join('\n')
      t.match(plan, new RegExp(`Index Scan (Backward )?using ${index} on insights`), JSON.stringify(query))
      t.notMatch(plan, query.filter.externalId === undefined ? /Seq Scan|Sort|Filter/ : /Seq Scan/, JSON.stringify(query))
    }
  }
})

t.test('a filter that nothing fulfils is looked for in stretches, and misses nothing', async t => {
  await plantMany(2 * MAX_EXAMINED + 10)
  await db.query("update insights.insights set lease_until = now() + interval '1 hour' where id = (select max(id) - 100 from insights.insights)")
  const store = createPgliteInsightStore(db)
  for (const key of LIST_KEYS) {
    const found: number[][] = []
    let from: ListPosition | null = null
    do {
      const page: ListPage = await store.list({ order: { key, isDescending: false }, filter: { state: 'running' }, limit: 5, from, isBackward: false })
      found.push(page.insights.map(({ id }) => id))
      from = page.far
    } while (from !== null)
    t.equal(found.length, 3, 'three stretches')
    t.equal(found.flat().length, 1)
  }
})

tokenStoreContract(t, 'pglite', async () => createPgliteTokenStore(await emptyDatabase()))
externalIdContract(t, 'pglite', async () => createPgliteInsightStore(await emptyDatabase()))
const passTime = async (ms: number): Promise<void> => {
  await db.query("update insights.idempotency_keys set lease_until = lease_until - $1 * interval '1 ms', expires_at = expires_at - $1 * interval '1 ms'", [ms])
}
const dumpKeys = async (): Promise<string> =>
  JSON.stringify((await db.query('select k::text from insights.idempotency_keys as k')).rows)
idempotencyContract(t, 'pglite', { open: async () => createPgliteInsightStore(await emptyDatabase()), passTime, dump: dumpKeys })
t.test('what keys have kept for a day is swept away with the removals', async t => {
  const store = createPgliteInsightStore(await emptyDatabase())
  await store.keys.begin({ key: 'old', payload: 'p', makes: 'insight' })
  await passTime(KEY_LIFE_MS)
  await store.keys.begin({ key: 'new', payload: 'p', makes: 'insight' })
  t.equal(await store.finishRemovals({ limit: 1, afterMs: 0 }), 0)
  t.notMatch(await dumpKeys(), 'old')
  t.match(await dumpKeys(), 'new')
})
importContract(t, 'pglite', async () => createPgliteInsightStore(await emptyDatabase()))
listContract(t, 'pglite', async () => createPgliteInsightStore(await emptyDatabase()))
insightStoreContract(t, 'pglite', async () => ({
  store: createPgliteInsightStore(await emptyDatabase()),
  breakStore: async () => { await db.close() }
}))
