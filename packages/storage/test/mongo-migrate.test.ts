import { t, type Test } from 'tap'
import { migrateMongo, openMongo } from '../src/mongo/index.js'
import {
  collectionOf, createRecordingLog, dropAfter, fieldsWith, findMongo, newDatabase, openAt, openLab, openRaw, ownServer, useMongo
} from './mongo-lab.js'

const { skip, skipOwn } = findMongo()
const EVERYTHING = [
  'collection insights', 'index insights_due', 'index insights_external_id_text', 'index insights_score',
  'index insights_updated', 'collection counters', 'collection tokens', 'index tokens_created', 'collection secrets',
  'collection removals', 'index removals_at', 'index removals_insight', 'collection receipts', 'collection external_ids',
  'index external_ids_insight', 'collection idempotency_keys', 'index idempotency_keys_expiry',
  'index idempotency_keys_insight', 'collection unlinkings', 'index unlinkings_at', 'collection observations',
  'index observations_next', 'counter of insight ids, at 0'
]

if (skip === false) {
  const server = await useMongo()
  t.teardown(async () => { await server.stop() })
  const newUrl = (t: Test): string => {
    const url = server.url(newDatabase())
    dropAfter(t, url)
    return url
  }

  t.test('the first migration makes everything and says so, the second one nothing', async t => {
    const options = { url: newUrl(t), log: createRecordingLog() }
    const { created } = await migrateMongo(options)
    t.same(created, EVERYTHING)
    t.same(await migrateMongo(options), { created: [] })
    t.same(options.log.entries, [], 'nothing to warn of')
  })

  t.test('several processes may migrate at once', async t => {
    const options = { url: newUrl(t), log: createRecordingLog() }
    await t.resolves(Promise.all(Array.from({ length: 6 }, async () => await migrateMongo(options))))
    t.same(await migrateMongo(options), { created: [] })
  })

  t.test('a migration while the service runs disturbs nothing', async t => {
    const { insights, url, log } = await openLab(t, server)
    const first = await insights.create(fieldsWith())
    t.same(await migrateMongo({ url, log }), { created: [] })
    const second = await insights.create(fieldsWith())
    t.ok(second.id > first.id)
  })

  t.test('on a restored database the ids go on after the highest one', async t => {
    const lab = await openLab(t, server)
    const created = await Promise.all([1, 2, 3].map(async () => await lab.insights.create(fieldsWith())))
    const raw = await openRaw(t, lab.url)
    const [document] = await collectionOf(raw).find({}).limit(1).toArray()
    await collectionOf(raw).insertMany([{ ...document, _id: 500 }, { ...document, _id: 'strange' }])
    t.same(await migrateMongo({ url: lab.url, log: lab.log }), { created: ['counter of insight ids, from 20 to 500'] })
    const { insights } = await openAt(t, lab.url)
    t.equal((await insights.create(fieldsWith())).id, 501)
    t.same(await insights.find(created[0]?.id ?? 0), created[0])
  })

  t.test('without a migration a restored database gives no id twice and harms no insight', async t => {
    const { url } = await openLab(t, server)
    const { insights } = await openAt(t, url)
    const kept = await Promise.all(Array.from({ length: 30 }, async () => await insights.create(fieldsWith({ connects: 9 }))))
    const raw = await openRaw(t, url)
    await collectionOf(raw, 'counters').deleteMany({})
    const { insights: restored } = await openAt(t, url)
    const created = await Promise.all(Array.from({ length: 30 }, async () => await restored.create(fieldsWith())))
    const ids = [...kept, ...created].map(({ id }) => id)
    t.equal(new Set(ids).size, 60)
    for (const document of kept) t.same(await insights.find(document.id), document)
  })

  t.test('a counter that is no number is said as such and repaired by the migration', async t => {
    const { insights, url, log } = await openLab(t, server)
    const raw = await openRaw(t, url)
    await collectionOf(raw, 'counters').updateOne({ _id: 'insights' }, { $set: { seq: Number.MAX_SAFE_INTEGER } })
    await t.rejects(insights.create(fieldsWith()), { code: 'INS_INTERNAL', message: /counter/ })
    await collectionOf(raw, 'counters').deleteOne({ _id: 'insights' })
    await migrateMongo({ url, log })
    t.ok(await insights.create(fieldsWith()))
  })

  t.test('an index of that name with other keys is refused', async t => {
    const url = newUrl(t)
    const raw = await openRaw(t, url)
    await collectionOf(raw).createIndex({ score: 1 }, { name: 'insights_due' })
    await t.rejects(migrateMongo({ url, log: createRecordingLog() }), { code: 'INS_INTERNAL' })
  })

  t.test('a field that no schema names is an error, in a filter as in a write', async t => {
    const { createModels } = await import('../src/mongo/models.js')
    const { link } = await import('../src/mongo/connection.js')
    const options = { url: newUrl(t), log: createRecordingLog(), serverSelectionTimeoutMs: 1_500 }
    const { connection, close } = await link(options)
    t.teardown(close)
    const { insights } = createModels(connection)
    await t.rejects(insights.findOne({ 'refresh.typo': 1 }), { name: 'StrictModeError' })
    await t.rejects(insights.updateOne({ _id: 1 }, { typo: 1 } as object), { name: 'StrictModeError' })
    await t.rejects(insights.findOne({ _id: { $gt: 0 } } as object), { name: 'CastError' }, 'an operator is taken for a value')
    await t.rejects(insights.findOne({ $where: 'true' }), { message: /not allowed/ })
  })
} else {
  t.plan(0, skip)
}

t.test('fault 17: a standalone server is warned of, with what is lost', { skip: skipOwn }, async t => {
  const server = await ownServer(t, { isStandalone: true })
  const log = createRecordingLog()
  await migrateMongo({ url: server.url('db'), log })
  t.match(log.entries, [{ level: 'warn', message: /standalone.*no second copy.*not repeated.*replica set/ }])
  const lab = await openAt(t, server.url('db'))
  t.equal(lab.log.find('warn', 'standalone').length, 1, 'also when the store opens')
  t.ok(await lab.insights.create(fieldsWith()), 'and it works')
})

t.test('a connection string without a database means the one called insights', { skip: skipOwn }, async t => {
  const server = await ownServer(t)
  const { insights, close } = await openMongo({ url: server.url(''), log: createRecordingLog() })
  t.teardown(close)
  const { id } = await insights.create(fieldsWith())
  const raw = await openRaw(t, server.url('insights'))
  t.equal(await collectionOf(raw).countDocuments({ _id: id }), 1)
})
