import { t, type Test } from 'tap'
import {
  collectionOf, fieldsWith, findMongo, type Lab, type MongoServer, newDatabase, openLab, openRaw, ownServer, until
} from './mongo-lab.js'
import { openCuttingProxy, type CuttingProxy } from './mongo-proxy.js'

const AWAY = { code: 'INS_STORE_UNAVAILABLE', retryAfterSeconds: Number, retryable: true }
const NOT_PRIMARY = 10107
const NO_MAJORITY = { code: 64, errmsg: 'waiting for replication timed out' }

interface Stage extends Lab {
  server: MongoServer
  proxy: CuttingProxy
  count: () => Promise<number>
}

function fault (
  title: string, test: (t: Test, stage: Stage) => Promise<void>, options: { isStandalone?: boolean } = {}
): void {
  t.test(title, { skip: findMongo().skipOwn }, async t => {
    const server = await ownServer(t, options)
    const proxy = await openCuttingProxy(t, server)
    const database = newDatabase()
    const raw = await openRaw(t, server.url(database))
    const lab = await openLab(t, proxy, database)
    await test(t, { ...lab, server, proxy, count: async () => await collectionOf(raw).countDocuments({}) })
  })
}

fault('fault 16: an insight whose reply is cut is stored exactly once', async (t, { insights, proxy, count }) => {
  const first = await insights.create(fieldsWith())
  proxy.cutReplies('findAndModify', 1)
  const created = await insights.create(fieldsWith({ connects: 7 }))
  t.equal(proxy.cuts(), 1, 'the reply was cut')
  t.not(created.id, first.id)
  t.equal(await count(), 2)
  t.same(await insights.find(created.id), created, 'the repeat gave the one that is stored')
})

fault('fault 16: a change whose reply is cut happens exactly once', async (t, { insights, proxy }) => {
  const { id } = await insights.create(fieldsWith())
  proxy.cutReplies('findAndModify', 1)
  t.match(await insights.replaceFields(id, fieldsWith({ connects: 1 }), { ifRev: 1 }), { rev: 2 })
  proxy.cutReplies('update', 1)
  const { documents: [run] } = await insights.startRefreshes([id], { leaseMs: 60_000 })
  t.equal(run?.refresh.claim, 1, 'the claim rose once')
  proxy.cutReplies('delete', 1)
  t.match(await insights.remove(id), { id })
  t.equal(proxy.cuts(), 3)
})

fault('fault 16: an insight whose reply is cut for good is removed again, since its client will repeat it', async (t, stage) => {
  await stage.insights.create(fieldsWith())
  stage.proxy.cutReplies('findAndModify', 2)
  await t.rejects(stage.insights.create(fieldsWith()), AWAY)
  t.equal(stage.proxy.cuts(), 2)
  await until(async () => stage.log.find('warn', 'removed again').length === 1)
  t.equal(await stage.count(), 1)
  await stage.insights.create(fieldsWith())
  t.equal(await stage.count(), 2, 'the repeat makes the only one')
})

fault('fault 16: an insight with an external id whose reply is cut for good stays, and a repeat is told so', async (t, stage) => {
  await stage.insights.create(fieldsWith())
  stage.proxy.cutReplies('findAndModify', 2)
  await t.rejects(stage.insights.create(fieldsWith({ external_id: 'artist-1' })), AWAY)
  await until(async () => await stage.count() === 2)
  await t.rejects(stage.insights.create(fieldsWith({ external_id: 'artist-1' })), { code: 'INS_EXTERNAL_ID_TAKEN' })
  t.equal(await stage.count(), 2)
  t.same(stage.log.find('warn', 'removed again'), [])
})

fault('fault 16: a create with an external id whose reply is cut once succeeds once', async (t, { insights, proxy, count }) => {
  await insights.create(fieldsWith())
  proxy.cutReplies('findAndModify', 1)
  const created = await insights.create(fieldsWith({ external_id: 'artist-1' }))
  t.equal(proxy.cuts(), 1)
  t.equal(await count(), 2)
  t.same(await insights.find(created.id), created)
})

fault('fault 16: an insight that no majority confirms is refused and removed again', async (t, stage) => {
  const kept = await stage.insights.create(fieldsWith())
  await stage.server.failCommand({ failCommands: ['findAndModify'], times: 1, writeConcernError: NO_MAJORITY })
  await t.rejects(stage.insights.create(fieldsWith()), AWAY)
  await until(async () => await stage.count() === 1)
  t.same(await stage.insights.find(kept.id), kept)
})

fault('fault 16: what can not be removed yet is removed when the server takes writes again', async (t, stage) => {
  await stage.insights.create(fieldsWith())
  await stage.server.failCommand({ failCommands: ['delete'], errorCode: NOT_PRIMARY })
  stage.proxy.cutReplies('findAndModify', 2)
  await t.rejects(stage.insights.create(fieldsWith()), AWAY)
  await until(async () => stage.log.find('debug', 'can not be removed yet').length > 0)
  t.equal(await stage.count(), 2)
  await stage.server.stopFailing()
  await until(async () => await stage.count() === 1)
})

fault('fault 16: a change that no majority confirms is refused', async (t, { insights, server }) => {
  const { id } = await insights.create(fieldsWith())
  const failNext = async (command: string): Promise<void> => {
    await server.failCommand({ failCommands: [command], times: 1, writeConcernError: NO_MAJORITY })
  }
  await failNext('findAndModify')
  await t.rejects(insights.replaceFields(id, fieldsWith({ connects: 1 }), { ifRev: 1 }), AWAY)
  await failNext('update')
  await t.rejects(insights.startRefreshes([id], { leaseMs: 60_000 }), AWAY)
  await failNext('delete')
  await t.rejects(insights.remove(id), AWAY)
  await t.resolves(insights.ping())
})

fault('fault 16: what was not confirmed when the process ends is named in the log', async (t, stage) => {
  await stage.insights.create(fieldsWith())
  await stage.server.failCommand({ failCommands: ['findAndModify', 'delete'], writeConcernError: NO_MAJORITY })
  await t.rejects(stage.insights.create(fieldsWith()), AWAY)
  await until(async () => stage.log.find('debug', 'can not be removed yet').length > 0)
  await stage.close()
  t.match(stage.log.find('warn', 'may exist'), [{ details: { insight_ids: [Number] } }])
})

fault('faults 16 and 17: on a standalone server a cut reply is an error that leaves nothing behind', async (t, stage) => {
  t.equal(stage.log.find('warn', 'standalone').length, 2, 'the migration and the store have said what is lost')
  await stage.insights.create(fieldsWith())
  stage.proxy.cutReplies('findAndModify', 1)
  await t.rejects(stage.insights.create(fieldsWith()), AWAY)
  t.equal(stage.proxy.cuts(), 1)
  await until(async () => stage.log.find('warn', 'removed again').length === 1)
  t.equal(await stage.count(), 1)
}, { isStandalone: true })
