import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { t } from 'tap'
// From the build, because making a database runs a compiled script in a process of its own.
import { openEmbeddedDatabase } from '@insights/runtime/embedded-db'
import { makeDataDirectory, makeTestDirectory } from '@insights/testkit/data-directory'

t.test('a database is made whole and keeps its rows', async t => {
  const path = join(makeTestDirectory(t), 'postgres')
  const first = await openEmbeddedDatabase(path)
  await first.db.exec('create table kept (n int); insert into kept values (7)')
  await first.close()
  const second = await openEmbeddedDatabase(path)
  t.teardown(second.close)
  t.same((await second.db.query('select n from kept')).rows, [{ n: 7 }])
})

t.test('timers ring while one statement follows the other', async t => {
  const { db, close } = await openEmbeddedDatabase(join(await makeDataDirectory(t), 'postgres'))
  t.teardown(close)
  const rung: number[] = []
  setTimeout(() => { rung.push(1) }, 1)
  let statements = 0
  while (rung.length === 0 && statements < 5_000) {
    await db.query('select 1')
    statements++
  }
  t.equal(rung.length, 1, `it rang after ${statements} statements`)
})

t.test('a database that can not be opened is named and left as it is', async t => {
  const path = join(t.testdir({ postgres: { PG_VERSION: '3' } }), 'postgres')
  await t.rejects(openEmbeddedDatabase(path), { code: 'INS_STORE_UNAVAILABLE', message: /postgres.*DATA_DIR/ })
  t.ok(existsSync(join(path, 'PG_VERSION')))
})

t.test('a database that can not be made is named', async t => {
  const path = join(t.testdir({ file: '' }), 'file', 'postgres')
  await t.rejects(openEmbeddedDatabase(path), { code: 'INS_STORE_UNAVAILABLE', message: /DATA_DIR/ })
})
