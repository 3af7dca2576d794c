import { t, type Test } from 'tap'
import type { InsightStore } from '../../src/port.js'
import {
  collectionOf, fieldsWith, findMongo, isReachable, type Lab, type MongoServer, newDatabase, openAt, openLab, openRaw, ownServer, until
} from '../mongo-lab.js'

const AWAY = { code: 'INS_STORE_UNAVAILABLE', retryAfterSeconds: Number, retryable: true }
const LEASE = { leaseMs: 60_000 }
const NOT_PRIMARY = 10107
/** What a caller may wait for a server that is away: the two seconds promised, and four for a machine under load. The driver's own limits are ten and more. */
const LIMIT_MS = 6_000
/** The same for calls about many insights, when a server is there and does not answer. */
const BULK_LIMIT_MS = 20_000

interface Stage extends Lab { server: MongoServer }

function fault (title: string, test: (t: Test, stage: Stage) => Promise<void>): void {
  t.test(title, { skip: findMongo().skipOwn }, async t => {
    const server = await ownServer(t)
    await test(t, { ...await openLab(t, server), server })
  })
}

const callsOf = (store: InsightStore): Record<string, () => Promise<unknown>> => ({
  ping: async () => { await store.ping() },
  create: async () => await store.create(fieldsWith()),
  find: async () => await store.find(1),
  replaceFields: async () => await store.replaceFields(1, fieldsWith()),
  remove: async () => await store.remove(1),
  findReceipt: async () => await store.findReceipt(1),
  finishRemovals: async () => await store.finishRemovals({ limit: 1, afterMs: 0 }),
  requestRefresh: async () => await store.requestRefresh(1),
  claimDue: async () => await store.claimDue({ limit: 10, ...LEASE }),
  startRefreshes: async () => await store.startRefreshes([1], LEASE),
  extendLeases: async () => { await store.extendLeases([{ id: 1, claim: 1 }], LEASE) },
  saveResults: async () => await store.saveResults([])
})

/** Asks for every call at once and looks at how each ends and when. */
async function everyCallIsRejected (t: Test, store: InsightStore, bulkLimitMs = LIMIT_MS): Promise<void> {
  await Promise.all(Object.entries(callsOf(store)).map(async ([name, call]) => {
    const startedAt = performance.now()
    await t.rejects(call(), AWAY, `${name} is rejected`)
    const took = performance.now() - startedAt
    const limit = ['claimDue', 'startRefreshes', 'extendLeases', 'saveResults', 'finishRemovals'].includes(name) ? bulkLimitMs : LIMIT_MS
    t.ok(took < limit, `${name} took ${Math.round(took)} ms`)
  }))
}

fault('fault 15: every call fails within two seconds while the server is down, and works when it is back', async (t, stage) => {
  const { id } = await stage.insights.create(fieldsWith({ connects: 3 }))
  await stage.server.kill()
  await everyCallIsRejected(t, stage.insights)
  await t.rejects(stage.tokens.list(), AWAY)
  await stage.server.restart()
  await until(async () => await isReachable(stage.insights))
  t.match(await stage.insights.find(id), { fields: { connects: 3 } })
  t.equal(stage.log.find('warn', 'out of reach').length, 1, 'the outage is logged once')
  t.equal(stage.log.find('info', 'is back').length, 1)
  t.ok((await stage.insights.create(fieldsWith())).id > id)
})

fault('fault 15: a store opens while the server is away and works when it is there', async (t, { server, url }) => {
  await server.kill()
  const startedAt = performance.now()
  const lab = await openAt(t, url)
  t.ok(performance.now() - startedAt < LIMIT_MS, 'opening does not wait for the server')
  t.equal(lab.log.find('warn', 'can not be reached yet').length, 1)
  await everyCallIsRejected(t, lab.insights)
  await server.restart()
  await until(async () => await isReachable(lab.insights))
  t.ok((await lab.insights.create(fieldsWith())).id >= 1)
  t.equal(lab.log.find('info', 'is reached').length, 1)
  t.same(lab.log.find('warn', 'out of reach'), [], 'it had not been there')
})

fault('fault 15: a store that never reached its server can be closed', async (t, { server, url }) => {
  await server.kill()
  const lab = await openAt(t, url)
  await t.resolves(lab.close())
  await t.rejects(lab.insights.ping(), AWAY)
})

fault('a frozen server makes no call wait for ever, and all is well after it', async (t, { insights, server }) => {
  const { id } = await insights.create(fieldsWith())
  await server.pause()
  await everyCallIsRejected(t, insights, BULK_LIMIT_MS)
  server.resume()
  await until(async () => await isReachable(insights))
  t.match(await insights.find(id), { rev: Number })
})

fault('fault 14: a step-down in the middle of a write is not seen by the caller', async (t, { insights, server, url }) => {
  await insights.create(fieldsWith())
  const stepDown = { errorCode: NOT_PRIMARY, errorLabels: ['RetryableWriteError'] }
  await server.failCommand({ failCommands: ['findAndModify'], times: 1, ...stepDown })
  const { id } = await insights.create(fieldsWith())
  await server.failCommand({ failCommands: ['update'], times: 1, ...stepDown })
  t.equal((await insights.startRefreshes([id], LEASE)).documents[0]?.refresh.claim, 1)
  await server.failCommand({ failCommands: ['findAndModify'], times: 1, closeConnection: true })
  await insights.create(fieldsWith())
  const raw = await openRaw(t, url)
  t.equal(await collectionOf(raw).countDocuments({}), 3, 'each was written once')
})

fault('fault 14: after a step-down writes work by themselves, and what was acknowledged is there', async (t, stage) => {
  const before = await stage.insights.create(fieldsWith({ connects: 1 }))
  await stage.server.admin({ replSetStepDown: 1, force: true })
  const after: number[] = []
  await until(async () => await stage.insights.create(fieldsWith()).then(({ id }) => after.push(id) > 0, () => false))
  t.same(await stage.insights.find(before.id), before)
  const raw = await openRaw(t, stage.url)
  await until(async () => await collectionOf(raw).countDocuments({}) === 2)
})

fault('fault 14: without a primary a write fails, and works when there is one', async (t, { insights, server }) => {
  const { id } = await insights.create(fieldsWith())
  await server.failCommand({ failCommands: ['findAndModify'], errorCode: NOT_PRIMARY })
  await t.rejects(insights.replaceFields(id, fieldsWith({ connects: 1 })), AWAY)
  await server.stopFailing()
  t.match(await insights.replaceFields(id, fieldsWith({ connects: 2 })), { rev: 2, fields: { connects: 2 } })
})

fault('fault 14: what was acknowledged before the server was killed under load is there afterwards', async (t, stage) => {
  const acknowledged: number[] = []
  const load = { isOn: true }
  const writers = Array.from({ length: 8 }, async () => {
    while (load.isOn) await stage.insights.create(fieldsWith()).then(({ id }) => acknowledged.push(id), () => {})
  })
  for (const target of [100, 200]) {
    await until(async () => acknowledged.length >= target)
    await stage.server.kill()
    await stage.server.restart()
    await until(async () => await isReachable(stage.insights))
  }
  load.isOn = false
  await Promise.all(writers)
  t.equal(new Set(acknowledged).size, acknowledged.length, 'no id twice')
  const raw = await openRaw(t, stage.url)
  const stored = new Set((await collectionOf(raw).find({}, { projection: { _id: 1 } }).toArray()).map(({ _id }) => Number(_id)))
  t.same(acknowledged.filter(id => !stored.has(id)), [], 'no acknowledged insight is lost')
})

fault('a slow server is waited for', async (t, { insights, server }) => {
  const { id } = await insights.create(fieldsWith())
  await server.failCommand({ failCommands: ['find'], times: 1, blockConnection: true, blockTimeMS: 700 })
  t.match(await insights.find(id), { id })
})

fault('a full disk is said as such, and space makes it work again', async (t, { insights, server }) => {
  await insights.create(fieldsWith())
  await server.failCommand({ failCommands: ['findAndModify'], errorCode: 14031 })
  await t.rejects(insights.create(fieldsWith()), { code: 'INS_STORE_FULL', retryable: false })
  await server.stopFailing()
  t.ok(await insights.create(fieldsWith()))
})

t.test('a connection string that nothing can make right is refused at once', async t => {
  const secret = 'hunter2'
  for (const url of [`mongodb://u:${secret}@127.0.0.1/db?noSuchOption=${secret}`, `mongodb://u:${secret}@/db`, secret]) {
    const refused = await openAt(t, url).catch((error: unknown) => error)
    t.match(refused, { code: 'INS_CONFIG_INVALID' })
    t.notMatch((refused as Error).message, secret)
  }
})

t.test('a migration without a server is refused in time', { skip: findMongo().skipOwn }, async t => {
  const server = await ownServer(t)
  await server.kill()
  const startedAt = performance.now()
  await t.rejects(openLab(t, server, newDatabase()), AWAY)
  t.ok(performance.now() - startedAt < LIMIT_MS)
})
