import { join } from 'node:path'
import { t } from 'tap'
import { loadConfig } from '@insights/config'
// From the build, because making a database runs a compiled script in a process of its own.
import { openRuntime } from '@insights/runtime'

const silent = (): void => {}

t.test('the stores of the background let the others go first', async t => {
  const log = { debug: silent, info: silent, warn: silent, error: silent }
  const { store, background, close } = await openRuntime(loadConfig({}), { log, databasePath: join(t.testdir(), 'postgres') })
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
