import { t } from 'tap'
import { createMongoInsightStore } from '../src/mongo/insight-store.js'
import { createModels } from '../src/mongo/models.js'
import { createRecordingLog, fieldsWith, findMongo, newDatabase, openLab, openRaw, useMongo } from './mongo-lab.js'

const { skip } = findMongo()

t.test('of many batches two at a time are at the server, so that none is too late', { skip }, async t => {
  const server = await useMongo()
  t.teardown(server.stop)
  const lab = await openLab(t, server, newDatabase())
  const created = await Promise.all(Array.from({ length: 12 }, async () => await lab.insights.create(fieldsWith())))
  const connection = await openRaw(t, lab.url)
  const models = createModels(connection)
  const write = models.insights.bulkWrite.bind(models.insights)
  let [atOnce, most] = [0, 0]
  models.insights.bulkWrite = (async (...parameters: Parameters<typeof write>) => {
    most = Math.max(most, ++atOnce)
    return await write(...parameters).finally(() => { atOnce-- })
  }) as typeof write
  const { store, close } = createMongoInsightStore({
    connection, models, log: createRecordingLog(), idBlockSize: 20, callLimitMs: 60_000, bulkLimitMs: 60_000
  })
  t.teardown(close)
  const started = await Promise.all(created.map(async ({ id }) => await store.startRefreshes([id], { leaseMs: 60_000 })))
  t.equal(started.flatMap(({ documents }) => documents).length, 12, 'all have their turn')
  t.equal(most, 2)
})
