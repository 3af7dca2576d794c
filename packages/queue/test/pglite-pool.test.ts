import type { PgNotification, PgPoolClient } from 'bullmq'
import { t, type Test } from 'tap'
import { PglitePool } from '../src/pglite-pool.js'
import { runInTransaction } from '../src/pglite-transaction.js'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { until } from './until.js'

const db = await openMemoryDatabase()
t.teardown(async () => { await db.close() })

interface Opened {
  pool: PglitePool
  client: PgPoolClient
}

/** A pool and a client of it on a database with an empty table `notes`. */
async function open (t: Test): Promise<Opened> {
  await db.exec('CREATE TABLE IF NOT EXISTS notes (body text); TRUNCATE notes')
  const pool = new PglitePool(db)
  const client = await pool.connect()
  t.teardown(async () => { client.release(); await pool.end() })
  return { pool, client }
}

async function notes (): Promise<string[]> {
  const { rows } = await db.query<{ body: string }>('SELECT body FROM notes ORDER BY body')
  return rows.map(row => row.body)
}

function recordNotifications (client: PgPoolClient): PgNotification[] {
  const seen: PgNotification[] = []
  client.on('notification', notification => { seen.push(notification) })
  return seen
}

t.test('values come as node-postgres gives them', async t => {
  const { pool } = await open(t)
  const { rows, rowCount } = await pool.query<object>(`SELECT 9007199254740993::int8 AS big, count(*) AS count,
    7 AS small, $1::jsonb AS json, $2::text[] AS list, timestamptz '2026-11-23 15:42:00.5Z' AS at, NULL AS nothing,
    true AS yes`, ['{"a":[1]}', ['x', 'y,"']])
  const at = new Date('2026-11-23T15:42:00.500Z')
  const texts = { big: '9007199254740993', count: '1', list: ['x', 'y,"'] }
  t.strictSame(rows.map(row => ({ ...row })), [{ ...texts, small: 7, json: { a: [1] }, at, nothing: null, yes: true }])
  t.equal(rowCount, 1)
})

t.test('a text without parameters may hold several statements and gives the last result', async t => {
  const { pool } = await open(t)
  const { rows } = await pool.query('INSERT INTO notes VALUES (\'a\'); SELECT body FROM notes')
  t.same(rows, [{ body: 'a' }])
})

t.test('a rollback undoes the client\'s writes and nobody else\'s', async t => {
  const { pool, client } = await open(t)
  await client.query('BEGIN')
  await client.query('INSERT INTO notes VALUES ($1)', ['of the client'])
  const others = ['of the pool', 'of the owner'].map(async (body, index) =>
    await (index === 0 ? pool : db).query('INSERT INTO notes VALUES ($1)', [body]))
  await client.query('ROLLBACK')
  await Promise.all(others)
  t.same(await notes(), ['of the owner', 'of the pool'])
})

t.test('a commit keeps the client\'s writes, which nobody saw before', async t => {
  const { client } = await open(t)
  await client.query('-- a comment first\nBEGIN')
  await client.query('INSERT INTO notes VALUES (\'a\')')
  const seen = notes()
  await client.query('INSERT INTO notes VALUES (\'b\')')
  await client.query('COMMIT')
  t.same(await seen, ['a', 'b'], 'the reader waited for the end')
})

t.test('after a failed statement only the client\'s transaction is lost', async t => {
  const { pool, client } = await open(t)
  await client.query('BEGIN')
  await client.query('INSERT INTO notes VALUES (\'a\')')
  await t.rejects(client.query('SELECT nonsense'))
  await t.rejects(client.query('COMMIT'), { code: '25P02' })
  await pool.query('INSERT INTO notes VALUES (\'b\')')
  t.same(await notes(), ['b'])
})

t.test('a client released in a transaction leaves none behind', async t => {
  const { pool } = await open(t)
  const client = await pool.connect()
  await client.query('BEGIN')
  await client.query('INSERT INTO notes VALUES (\'a\')')
  client.release()
  t.same(await notes(), [])
})

t.test('the BEGIN within a function opens no transaction', async t => {
  const { pool, client } = await open(t)
  await client.query('CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN 1;\nEND;\n$$')
  t.match(await pool.query('SELECT one()'), { rows: [{ one: 1 }] })
})

t.test('a client that listens is notified, whatever comments its statement begins with', async t => {
  const { pool, client } = await open(t)
  const seen = recordNotifications(client)
  await client.query('-- Subscribe\n-- to news.\nLISTEN news;\n')
  await pool.query('SELECT pg_notify($1, $2)', ['news', 'hello'])
  await until(() => seen.length === 1)
  t.same(seen, [{ channel: 'news', payload: 'hello' }])
})

t.test('listening twice notifies once, and another client that stops takes nothing away', async t => {
  const { pool, client } = await open(t)
  const other = await pool.connect()
  const seen = recordNotifications(client)
  for (const each of [client, client, other]) await each.query('LISTEN news')
  other.release()
  await pool.query('NOTIFY news, \'first\'')
  await pool.query('NOTIFY news, \'second\'')
  await until(() => seen.length >= 2)
  t.same(seen.map(each => each.payload), ['first', 'second'])
})

t.test('a client that stopped listening hears no more', async t => {
  const { pool, client } = await open(t)
  const witness = await pool.connect()
  t.teardown(() => { witness.release() })
  const seen = recordNotifications(client)
  const witnessed = recordNotifications(witness)
  for (const each of [client, witness]) await each.query('LISTEN news')
  await client.query('LISTEN gossip')
  await client.query('UNLISTEN news')
  await pool.query('NOTIFY news')
  await client.query('UNLISTEN *')
  await pool.query('NOTIFY gossip')
  await pool.query('NOTIFY news')
  await until(() => witnessed.length === 2)
  t.same(seen, [])
})

t.test('what runs in a transaction of ours takes part in it, and what outlives it does not', async t => {
  const { pool } = await open(t)
  let later = async (): Promise<void> => {}
  await t.rejects(runInTransaction(db, async tx => {
    await pool.query('INSERT INTO notes VALUES (\'by the pool\')')
    await tx.query('INSERT INTO notes VALUES (\'by the owner\')')
    await runInTransaction(db, async () => { await pool.query('INSERT INTO notes VALUES (\'nested\')') })
    t.equal((await pool.query('SELECT body FROM notes')).rows.length, 3)
    later = async () => { await pool.query('INSERT INTO notes VALUES (\'later\')') }
    throw new Error('Undo')
  }), /Undo/)
  await later()
  t.same(await notes(), ['later'])
})

t.test('a loop started in a transaction of ours goes on after it', async t => {
  const { pool } = await open(t)
  let loop: Promise<unknown> = Promise.resolve()
  let goOn = (): void => {}
  const ended = new Promise<void>(resolve => { goOn = resolve })
  await runInTransaction(db, async () => {
    loop = ended.then(async () => await pool.query('INSERT INTO notes VALUES (\'after\')'))
  })
  goOn()
  await loop
  t.same(await notes(), ['after'])
})

t.test('a transaction of a client within one of ours is refused, since it would wait for ever', async t => {
  const { client } = await open(t)
  await runInTransaction(db, async () => { await t.rejects(client.query('BEGIN'), /open here already/) })
})

t.test('an ended pool refuses queries in the words that BullMQ knows, and leaves the database open', async t => {
  const { pool } = await open(t)
  const client = await pool.connect()
  await client.query('LISTEN news')
  client.release()
  await pool.end()
  await t.rejects(pool.query('SELECT 1'), /after calling end on the pool/)
  await t.rejects(pool.connect(), /after calling end on the pool/)
  t.equal(db.closed, false)
})
