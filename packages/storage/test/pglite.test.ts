import type { PGlite } from '@electric-sql/pglite'
import { t } from 'tap'
import { defaultFields } from '@insights/shared'
import { createPgliteInsightStore, createPgliteTokenStore, migratePglite } from '../src/pglite/index.js'
import { sql as firstSchema } from '../src/pglite/migrations/001-insights.js'
import { BACKLOG, CLAIM_DUE } from '../src/pglite/statements.js'
import { MAX_COUNTED_DUE } from '../src/port.js'
import { externalIdContract } from './contract/external-id-contract.js'
import { insightStoreContract } from './contract/insight-store-contract.js'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { replacementContract } from './contract/replacement-contract.js'
import { tokenStoreContract } from './contract/token-store-contract.js'

const db = await openMemoryDatabase()
await migratePglite(db)
t.teardown(async () => { if (!db.closed) await db.close() })

async function emptyDatabase (): Promise<PGlite> {
  await db.exec('truncate insights.insights, insights.tokens')
  return db
}

t.test('migrating twice changes nothing', async t => {
  await migratePglite(db)
  const { rows } = await db.query('select number from insights.migrations')
  t.same(rows, [{ number: 1 }, { number: 2 }, { number: 3 }, { number: 7 }])
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

replacementContract(t, 'pglite', async () => createPgliteInsightStore(await emptyDatabase()))
tokenStoreContract(t, 'pglite', async () => createPgliteTokenStore(await emptyDatabase()))
externalIdContract(t, 'pglite', { open: async () => createPgliteInsightStore(await emptyDatabase()) })
insightStoreContract(t, 'pglite', async () => ({
  store: createPgliteInsightStore(await emptyDatabase()),
  breakStore: async () => { await db.close() }
}))
