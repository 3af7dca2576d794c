import { PGlite } from '@electric-sql/pglite'
import { t } from 'tap'
import { createPgliteInsightStore, createPgliteTokenStore, migratePglite } from '../src/pglite/index.js'
import { insightStoreContract } from './contract/insight-store-contract.js'
import { tokenStoreContract } from './contract/token-store-contract.js'

const db = await PGlite.create()
await migratePglite(db)
t.teardown(async () => { if (!db.closed) await db.close() })

async function emptyDatabase (): Promise<PGlite> {
  await db.exec('truncate insights.insights, insights.tokens')
  return db
}

t.test('migrating twice changes nothing', async t => {
  await migratePglite(db)
  const { rows } = await db.query('select number from insights.migrations')
  t.same(rows, [{ number: 1 }])
})

t.test('claiming what is due scans the index and nothing else', async t => {
  await emptyDatabase()
  await db.exec(`insert into insights.insights (fields, sources, due_at, asked_at, created_at, updated_at)
    select '{}', '[]', now() + n * interval '1 hour', now(), now(), now() from generate_series(1, 5000) as n`)
  await db.exec('analyze insights.insights')
  const { rows } = await db.query<{ 'QUERY PLAN': string }>(
    'explain select id from insights.insights where due_at <= clock_timestamp() order by due_at, id limit 200')
  const plan = rows.map(row => row['QUERY PLAN']).join('\n')
  t.match(plan, /Index (Only )?Scan using insights_due/)
  t.notMatch(plan, /Seq Scan|Sort/)
})

tokenStoreContract(t, 'pglite', async () => createPgliteTokenStore(await emptyDatabase()))
insightStoreContract(t, 'pglite', async () => ({
  store: createPgliteInsightStore(await emptyDatabase()),
  breakStore: async () => { await db.close() }
}))
