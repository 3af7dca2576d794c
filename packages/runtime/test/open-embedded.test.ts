import { join } from 'node:path'
import { t } from 'tap'
import { loadConfig } from '@insights/config'
import { openRuntime } from '@insights/runtime'
import { makeDataDirectory } from '@insights/testkit/data-directory'

const silent = (): void => {}

t.test('the stores of the background let the others go first', async t => {
  const log = { debug: silent, info: silent, warn: silent, error: silent }
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
