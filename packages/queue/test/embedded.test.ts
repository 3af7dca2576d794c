import { createPostgresBackend, Worker, type BackendFactory, type ConnectionOptions, type RedisQueueBackend } from 'bullmq'
import { t } from 'tap'
import { openQueues } from '../src/open.js'
import { PglitePool } from '../src/pglite-pool.js'
import { runInTransaction } from '../src/pglite-transaction.js'
import { jobQueuesContract } from './contract/job-queues-contract.js'
import { everyCallIsRejected, IMPATIENT } from './contract/impatience.js'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { createLab, type QueueBackendForTests } from './contract/lab.js'

const db = await openMemoryDatabase()
t.teardown(async () => { await db.close() })

/** BullMQ's tables are made once: to make them for each test would take longer than the tests themselves. */
async function emptyTables (): Promise<void> {
  const { rows: [row] } = await db.query<{ tables: string | null }>(
    "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') AS tables FROM pg_tables WHERE schemaname = 'bullmq' AND tablename <> 'migration'")
  if (row?.tables != null) await db.exec(`TRUNCATE ${row.tables}`)
}

async function openBackend (): Promise<QueueBackendForTests> {
  await emptyTables()
  return {
    open: async (log, timing) => await openQueues({ backend: { kind: 'embedded', db }, log, timing }),
    createIdleWorker: (queue, options) => {
      const connection = new PglitePool(db) as unknown as ConnectionOptions
      const factory = createPostgresBackend as unknown as BackendFactory<RedisQueueBackend>
      return new Worker(queue, null, { ...options, connection }, factory)
    }
  }
}

jobQueuesContract(t, 'embedded', openBackend)

t.test('closing leaves the borrowed database open', async t => {
  const queues = await createLab(t, await openBackend()).openQueues()
  await queues.close()
  t.equal(db.closed, false)
  t.match(await db.query('SELECT 1 AS one'), { rows: [{ one: 1 }] })
})

t.test('a job added in a transaction that is rolled back never was', async t => {
  const queues = await createLab(t, await openBackend()).openQueues()
  await t.rejects(runInTransaction(db, async () => {
    await queues.enqueueRefresh(7)
    throw new Error('The insight can not be stored')
  }), /can not be stored/)
  t.equal((await queues.countRefreshJobs()).waiting, 0)
})

t.test('a job added in a transaction is there after the commit, and wakes the worker', async t => {
  const lab = createLab(t, await openBackend())
  const queues = await lab.openQueues()
  const seen = new Promise<number[]>(resolve => {
    lab.process(queues, { refresh: async job => { resolve(job.ids) } }).catch(t.threw)
  })
  await runInTransaction(db, async () => { await queues.enqueueRefresh(7) })
  t.same(await seen, [7])
})

t.test('a database that is busy with others makes every call fail in time', async t => {
  const queues = await createLab(t, await openBackend()).openQueues(IMPATIENT)
  await db.transaction(async () => { await t.resolves(everyCallIsRejected(queues)) })
})
