import { t, type Test } from 'tap'
import { updateAlike } from '../src/mongo/bulk.js'
import { createDamage } from '../src/mongo/damage.js'
import { createMongoInsightStore } from '../src/mongo/insight-store.js'
import { createModels, type Models } from '../src/mongo/models.js'
import { collectionOf, createRecordingLog, fieldsWith, findMongo, newDatabase, openLab, openRaw, useMongo } from './mongo-lab.js'

const { skip } = findMongo()

type Write = Models['insights']['bulkWrite']

/** A store whose bulk writes go through `around`, and the ids of new insights, two by two. */
async function openWatched (t: Test, pairs: number, around: (write: () => Promise<unknown>) => Promise<unknown>): Promise<{
  start: (ids: readonly number[]) => Promise<number>, ids: number[][]
}> {
  const server = await useMongo()
  t.teardown(server.stop)
  const lab = await openLab(t, server, newDatabase())
  const create = async (): Promise<number> => (await lab.insights.create(fieldsWith())).id
  const ids = await Promise.all(Array.from({ length: pairs }, async () => [await create(), await create()]))
  const connection = await openRaw(t, lab.url)
  const models = createModels(connection)
  const write = models.insights.bulkWrite.bind(models.insights)
  models.insights.bulkWrite = (async (...parameters: Parameters<Write>) => await around(async () => await write(...parameters))) as Write
  const { store, close } = createMongoInsightStore({
    connection, models, log: createRecordingLog(), idBlockSize: 20, callLimitMs: 60_000, bulkLimitMs: 60_000
  })
  t.teardown(close)
  return { ids, start: async ids => (await store.startRefreshes(ids, { leaseMs: 60_000 })).documents.length }
}

t.test('of many batches two at a time are at the server, so that none is too late', { skip }, async t => {
  let [atOnce, most] = [0, 0]
  const { start, ids } = await openWatched(t, 6, async write => {
    most = Math.max(most, ++atOnce)
    return await write().finally(() => { atOnce-- })
  })
  t.same(await Promise.all(ids.map(start)), [2, 2, 2, 2, 2, 2], 'all have their turn')
  t.equal(most, 2)
})

t.test('an insight that is alone waits for no batch', { skip }, async t => {
  let [letGo, areBusy] = [(): void => {}, (): void => {}]
  const held = new Promise<void>(resolve => { letGo = resolve })
  const busy = new Promise<void>(resolve => { areBusy = resolve })
  let writes = 0
  const { start, ids: [one = [], two = [], three = [], [alone = 0] = []] } = await openWatched(t, 4, async write => {
    if (++writes === 2) areBusy()
    if (writes <= 2) await held
    return await write()
  })
  const batches = Promise.all([one, two, three].map(start))
  await busy
  t.equal(await start([alone]), 1)
  letGo()
  t.same(await batches, [2, 2, 2])
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
