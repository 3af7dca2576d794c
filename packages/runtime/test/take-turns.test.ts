import { setImmediate as eventLoopTurn } from 'node:timers/promises'
import type { PGlite } from '@electric-sql/pglite'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { t } from 'tap'
import { takeTurns, type Statements } from '../src/take-turns.js'
import { createTurns } from '../src/turns.js'

async function openDatabase (): Promise<{ db: PGlite, background: Statements }> {
  const db = await openMemoryDatabase()
  t.teardown(async () => { if (!db.closed) await db.close() })
  // On a clock that stands still no share of the time is ever due to the background.
  return { db, background: takeTurns(db, createTurns(() => 0)) }
}

const { db, background } = await openDatabase()

t.test('what somebody waits for goes before the background, and a transaction is one turn', async t => {
  await db.exec('create table came (n serial, name text)')
  const come = 'insert into came (name) values ($1)'
  const oneAfterTheOther = async (): Promise<void> => {
    for (const name of ['waited for', 'and then']) {
      await db.transaction(async tx => {
        await eventLoopTurn() // in which the background could come
        await tx.query(come, [name])
      })
    }
  }
  const later: Array<Promise<unknown>> = []
  await background.transaction(async tx => {
    later.push(background.query(come, ['background']), oneAfterTheOther())
    await tx.query(come, ['first'])
    await tx.query(come, ['second'])
  })
  await Promise.all(later)
  t.same((await db.query('select name from came order by n')).rows.map(row => (row as { name: string }).name),
    ['first', 'second', 'waited for', 'and then', 'background'])
})

t.test('a statement that fails holds nobody up', async t => {
  for (const entrance of [db, background]) {
    await t.rejects(entrance.query('nonsense'))
    await t.rejects(entrance.exec('nonsense'))
    await t.rejects(entrance.transaction(async tx => await tx.query('nonsense')))
    t.same((await entrance.query('select 7 as n')).rows, [{ n: 7 }])
  }
})

t.test('notifications come, whether they are asked for in a transaction or not', async t => {
  const heard: string[] = []
  const stop = await db.listen('one', text => { heard.push(text) })
  await db.transaction(async tx => { await db.listen('two', text => { heard.push(text) }, tx) })
  await db.exec("notify one, 'a'; notify two, 'b'")
  await stop()
  await db.exec("notify one, 'c'; notify two, 'd'")
  t.same(heard.sort(), ['a', 'b', 'd'])
})

t.test('closing does first what waits, and refuses what comes later', async t => {
  const { db, background } = await openDatabase()
  const waiting = [background, db, background].map(async (entrance, n) => await entrance.query('select $1::int as n', [n]))
  await db.close()
  t.same((await Promise.all(waiting)).map(({ rows }) => rows), [[{ n: 0 }], [{ n: 1 }], [{ n: 2 }]])
  for (const entrance of [db, background]) await t.rejects(entrance.query('select 1'), { message: /closed/ })
})
