import { t } from 'tap'
import { updateAlike } from '../src/mongo/bulk.js'
import { createDamage } from '../src/mongo/damage.js'
import { createMongoInsightStore } from '../src/mongo/insight-store.js'
import { createModels } from '../src/mongo/models.js'
import { collectionOf, createRecordingLog, fieldsWith, findMongo, newDatabase, openLab, openRaw, useMongo } from './mongo-lab.js'

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

t.test('an insight for which a statement over many can not be computed harms none of the others', { skip }, async t => {
  const server = await useMongo()
  t.teardown(server.stop)
  const lab = await openLab(t, server, newDatabase())
  const created = await Promise.all([2, 0, 1].map(async connects => await lab.insights.create(fieldsWith({ connects }))))
  const connection = await openRaw(t, lab.url)
  const models = createModels(connection)
  const log = createRecordingLog()
  const deps = { models, log, damage: createDamage(models, log), serverNow: async () => 0, atomically: async () => { throw new Error('is not asked') } }
  const update = [{ $set: { score: { $divide: [2, '$fields.connects'] } } }]
  t.equal(await updateAlike(deps, created.map(({ id }) => id), { filter: {}, update }), null, 'how many is not known')
  const stored = await collectionOf(connection).find({}, { sort: { 'fields.connects': 1 } }).toArray()
  t.same(stored.map(({ score }) => Number(score)), [0, 2, 1], 'each of the others has the update')
  t.match(log.find('error', 'can not be worked on'), [{ details: { insight_id: created[1]?.id } }])
})
