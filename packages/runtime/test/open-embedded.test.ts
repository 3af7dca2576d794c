import { join } from 'node:path'
import { t } from 'tap'
import { loadConfig } from '@insights/config'
import { openRuntime } from '@insights/runtime'
import { openEmbeddedDatabase } from '@insights/runtime/embedded-db'
import { makeDataDirectory } from '@insights/testkit/data-directory'

const silent = (): void => {}
const log = { debug: silent, info: silent, warn: silent, error: silent }

t.test('the stores of the background let the others go first', async t => {
  const databasePath = join(await makeDataDirectory(t), 'postgres')
  const { store, background, close } = await openRuntime(loadConfig({}), { log, databasePath })
  t.teardown(close)
  for (const [name, ask] of Object.entries({
    store: async () => { await background.store.ping() },
    history: async () => { await background.history.compact({ limit: 1 }) }
  })) {
    const order: string[] = []
    const note = async (who: string, work: Promise<unknown>): Promise<void> => {
      await work
      order.push(who)
    }
    const first = background.store.ping()
    await Promise.all([note('background', ask()), note('waited for', store.ping()), first])
    t.same(order, ['waited for', 'background'], name)
  }
})

t.test('a start clears away what a killed process has left behind', async t => {
  const databasePath = join(await makeDataDirectory(t), 'postgres')
  const killed = await openEmbeddedDatabase(databasePath)
  await killed.db.exec('create table public.emptied as select n from generate_series(1, 10000) as n; delete from public.emptied')
  await killed.close()
  await (await openRuntime(loadConfig({}), { log, databasePath })).close()
  const { db, close } = await openEmbeddedDatabase(databasePath)
  t.teardown(close)
  t.same((await db.query("select pg_relation_size('public.emptied')::int as bytes")).rows, [{ bytes: 0 }])
})
