import { t, type Test } from 'tap'
import type { KeyedCall, KeyHold } from '../src/idempotency-port.js'
import {
  collectionOf, fieldsWith, findMongo, type Lab, type MongoServer, newDatabase, openAt, openLab, openRaw, ownServer, until
} from './mongo-lab.js'
import { openCuttingProxy, type CuttingProxy } from './mongo-proxy.js'

const CALL: KeyedCall = { key: 'a'.repeat(64), payload: 'b'.repeat(64), makes: 'insight' }
const ANSWER = { status: 201, headers: { location: '/api/user_insights/7' }, body: '{}' }
const NOT_ALLOWED = 13
const AWAY = { code: 'INS_STORE_UNAVAILABLE' }
const NO_MAJORITY = { code: 64, errmsg: 'waiting for replication timed out' }

interface Stage extends Lab {
  server: MongoServer
  proxy: CuttingProxy
  hold: (key?: string) => Promise<KeyHold>
  count: () => Promise<number>
  raw: Awaited<ReturnType<typeof openRaw>>
}

const { skipOwn: skip } = findMongo()
const shared = skip === false ? await ownServer(t) : null

function fault (title: string, test: (t: Test, stage: Stage) => Promise<void>, options: { isStandalone?: boolean } = {}): void {
  t.test(title, { skip }, async t => {
    const server = options.isStandalone === true || shared === null ? await ownServer(t, options) : shared
    const proxy = await openCuttingProxy(t, server)
    const database = newDatabase()
    const raw = await openRaw(t, server.url(database))
    const lab = await openLab(t, proxy, database)
    const hold = async (key = CALL.key): Promise<KeyHold> => {
      const state = await lab.insights.keys.begin({ ...CALL, key })
      if (state.kind !== 'held') throw new Error(`the key is not free: ${state.kind}`)
      return state.hold
    }
    await test(t, { ...lab, server, proxy, raw, hold, count: async () => await collectionOf(raw).countDocuments({}) })
  })
}

/** The repeat of a client whose create was answered with an error. */
async function repeat ({ insights, hold }: Stage, first: KeyHold): Promise<{ id: number, isRepeat: boolean }> {
  await insights.keys.release(first)
  const second = await hold()
  const { id } = await insights.create(fieldsWith(), second)
  await insights.keys.complete(second, ANSWER)
  return { id, isRepeat: second.isRepeat }
}

for (const isStandalone of [false, true]) {
  const cuts = isStandalone ? 1 : 2
  fault(`fault 16: under a key a create whose reply is cut for good stays, and the repeat gives it (${isStandalone ? 'standalone' : 'replica set'})`, async (t, stage) => {
    const { insights, proxy, hold } = stage
    const first = await hold()
    proxy.cutReplies('findAndModify', cuts)
    await t.rejects(insights.create(fieldsWith(), first), AWAY)
    t.equal(proxy.cuts(), cuts)
    t.same(await repeat(stage, first), { id: first.insightId, isRepeat: true })
    t.equal(await stage.count(), 1)
    t.same(stage.log.find('warn', 'removed again'), [])
    t.same(await insights.keys.begin(CALL), { kind: 'answered', answer: ANSWER })
  }, { isStandalone })
}

fault('fault 16: a create under a key that no majority confirms stays, and the repeat gives it', async (t, stage) => {
  const first = await stage.hold()
  await stage.server.failCommand({ failCommands: ['findAndModify'], times: 1, writeConcernError: NO_MAJORITY })
  await t.rejects(stage.insights.create(fieldsWith(), first), AWAY)
  t.match(await repeat(stage, first), { id: first.insightId })
  t.equal(await stage.count(), 1)
})

fault('fault 16: a key whose reply is cut for good is held by nobody, and free after its lease', async (t, { insights, proxy, raw, hold }) => {
  await insights.create(fieldsWith())
  proxy.cutReplies('findAndModify', 2)
  await t.rejects(insights.keys.begin(CALL), AWAY)
  const keys = collectionOf(raw, 'idempotency_keys')
  await until(async () => await keys.countDocuments({}) === 1)
  t.same(await insights.keys.begin(CALL), { kind: 'running' })
  await keys.updateMany({}, { $set: { lease_until: new Date() } })
  t.match(await hold(), { isRepeat: true })
})

fault('fault 16: an answer whose reply is cut is kept once', async (t, { insights, proxy, hold }) => {
  const held = await hold()
  await insights.create(fieldsWith(), held)
  proxy.cutReplies('update', 1)
  await insights.keys.complete(held, ANSWER)
  t.equal(proxy.cuts(), 1)
  t.same(await insights.keys.begin(CALL), { kind: 'answered', answer: ANSWER })
})

fault('on a restored database a reserved id that is taken is exchanged, for every try the same', async (t, { url, raw, insights, hold, count }) => {
  const kept = await Promise.all(Array.from({ length: 25 }, async () => await insights.create(fieldsWith({ connects: 9 }))))
  await collectionOf(raw, 'counters').deleteMany({})
  const { insights: restored } = await openAt(t, url)
  const state = await restored.keys.begin(CALL)
  if (state.kind !== 'held') throw new Error('not held')
  t.ok(kept.some(({ id }) => id === state.hold.insightId), 'the id belongs to another insight')
  const made = await Promise.all([1, 2, 3].map(async () => await restored.create(fieldsWith(), state.hold)))
  t.equal(new Set(made.map(({ id }) => id)).size, 1)
  t.notOk(kept.some(({ id }) => id === made[0]?.id))
  await restored.keys.release(state.hold)
  const again = await hold()
  t.equal(again.insightId, made[0]?.id)
  t.match(await restored.create(fieldsWith(), again), { id: again.insightId, rev: 1 })
  t.equal(await count(), 26)
  for (const document of kept) t.same(await insights.find(document.id), document)
})

fault('a repeat makes no insight anew whose removal was cut short', async (t, { insights, raw, hold, count }) => {
  const held = await hold()
  const { id } = await insights.create(fieldsWith(), held)
  // What a process leaves that dies after deleting the document.
  await collectionOf(raw, 'removals').insertOne({ _id: 'removal', insight_id: id, at: new Date(), removed: { insights: 1, works: 0, accounts: 0 } })
  await collectionOf(raw).deleteOne({ _id: id })
  await insights.keys.release(held)
  await t.rejects(insights.create(fieldsWith(), await hold()), { code: 'INS_IDEMPOTENCY_ERASED' })
  t.match(await insights.findReceipt(id), { id })
  t.equal(await count(), 0)
  t.same(await insights.keys.begin(CALL), { kind: 'erased' })
})

fault('under a key a create with an external id that died half-way is done by the repeat, under the same id', async (t, { insights, server, hold, count }) => {
  await insights.create(fieldsWith())
  const first = await hold()
  const fields = fieldsWith({ external_id: 'artist-1' })
  await server.failCommand({ failCommands: ['findAndModify'], times: 1, errorCode: NOT_ALLOWED })
  await t.rejects(insights.create(fields, first), AWAY)
  await insights.keys.release(first)
  const again = await hold()
  t.match(await insights.create(fields, again), { id: first.insightId, fields })
  t.match(await insights.create(fields, again), { id: first.insightId }, 'it is known as its own')
  t.equal(await count(), 2)
})

fault('under a key the create that another one died in is done under the id of that one, which is reserved then', async (t, stage) => {
  const { insights, raw, hold, count } = stage
  await collectionOf(raw, 'external_ids').insertOne({ _id: 'artist-1', insight_id: 777, at: new Date() })
  const first = await hold()
  const fields = fieldsWith({ external_id: 'artist-1' })
  t.match(await insights.create(fields, first), { id: 777 })
  await insights.keys.release(first)
  const again = await hold()
  t.equal(again.insightId, 777)
  await insights.remove(777)
  await t.rejects(insights.create(fields, again), { code: 'INS_IDEMPOTENCY_ERASED' })
  t.equal(await count(), 0)
})

for (const name of [null, 'artist-1']) {
  const kind = name === null ? 'one without an external id' : 'one with an external id'
  fault(`a try that stood still until its insight was made by a repeat and removed leaves none behind: ${kind}`, async (t, { insights, hold, count, raw }) => {
    const still = await hold()
    await collectionOf(raw, 'idempotency_keys').updateMany({}, { $set: { lease_until: new Date() } })
    const fields = fieldsWith({ external_id: name })
    const { id } = await insights.create(fields, await hold())
    await insights.remove(id)
    if (name === null) t.match(await insights.create(fields, still), { id }, 'so late that nothing tells it')
    else await t.rejects(insights.create(fields, still), { code: 'INS_IDEMPOTENCY_ERASED' })
    await insights.keys.complete(still, ANSWER)
    t.equal(await count(), 0)
    t.equal(await collectionOf(raw, 'external_ids').countDocuments({}), 0)
    t.same(await insights.keys.begin(CALL), { kind: 'erased' })
  })
}

fault('keys are found by an index, and MongoDB itself deletes those that have expired', async (t, { raw }) => {
  const keys = collectionOf(raw, 'idempotency_keys')
  const indexes = await keys.indexes()
  t.match(indexes.find(({ name }) => name === 'idempotency_keys_expiry'), { key: { expires_at: 1 }, expireAfterSeconds: 0 })
  await keys.insertMany(Array.from({ length: 50 }, (_, n) => ({ _id: `key ${n}`, insight_id: n })))
  const { executionStats } = await keys.find({ insight_id: 7 }).explain('executionStats') as { executionStats: { totalDocsExamined: number } }
  t.equal(executionStats.totalDocsExamined, 1)
})
