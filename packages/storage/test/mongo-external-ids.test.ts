import { t, type Test } from 'tap'
import { migrateMongo, openMongo } from '../src/mongo/index.js'
import type { InsightStore } from '../src/port.js'
import {
  collectionOf, createRecordingLog, fieldsWith, findMongo, newDatabase, openAt, openLab, openRaw, ownServer, until, type Lab, type MongoServer
} from './mongo-lab.js'
import { openCuttingProxy } from './mongo-proxy.js'

const TAKEN = { code: 'INS_EXTERNAL_ID_TAKEN' }
const NOT_ALLOWED = 13
const NO_TRANSACTIONS = 20
const WRITE_CONFLICT = { errorCode: 112, errorLabels: ['TransientTransactionError'] }

const named = (externalId: string | null): ReturnType<typeof fieldsWith> => fieldsWith({ external_id: externalId })

interface Stage extends Lab {
  server: MongoServer
  /** The external ids that are taken, with the insights they are taken for. */
  names: () => Promise<Array<[unknown, unknown]>>
  count: () => Promise<number>
  /** Leaves what is left of a create that died `hoursAgo`. */
  plantName: (name: string, id: number, hoursAgo: number) => Promise<void>
}

async function openStage (t: Test, server: MongoServer, lab: Lab): Promise<Stage> {
  const raw = await openRaw(t, lab.url)
  return {
    ...lab,
    server,
    names: async () => (await collectionOf(raw, 'external_ids').find({}).sort({ _id: 1 }).toArray()).map(row => [row._id, row['insight_id']]),
    count: async () => await collectionOf(raw).countDocuments({}),
    plantName: async (name, id, hoursAgo) => {
      await collectionOf(raw, 'external_ids').insertOne({ _id: name, insight_id: id, at: new Date(Date.now() - hoursAgo * 3_600_000) })
    }
  }
}

const { skipOwn } = findMongo()

if (skipOwn === false) {
  const server = await ownServer(t as unknown as Test)

  const inTransactions = (title: string, test: (t: Test, stage: Stage) => Promise<void>): void => {
    t.test(title, async t => { await test(t, await openStage(t, server, await openLab(t, server))) })
  }

  inTransactions('an external id is taken together with the insight that bears it, and let go with it', async (t, { insights, names }) => {
    const [first, second] = [await insights.create(named('a')), await insights.create(named('b'))]
    t.same(await names(), [['a', first.id], ['b', second.id]])
    await insights.replaceFields(first.id, named('c'))
    await insights.replaceFields(second.id, named(null))
    t.same(await names(), [['c', first.id]])
    await insights.remove(first.id)
    t.same(await names(), [])
  })

  inTransactions('a create that died with its external id taken is done by whoever repeats it', async (t, { insights, names, server, count }) => {
    await insights.create(named('other'))
    await server.failCommand({ failCommands: ['findAndModify'], times: 1, errorCode: NOT_ALLOWED })
    await t.rejects(insights.create(named('a')), { code: 'INS_STORE_UNAVAILABLE' })
    const [, [name, id]] = [...await names()].sort((a, b) => Number(a[1]) - Number(b[1])) as [unknown, [unknown, unknown]]
    t.equal(name, 'a')
    t.equal((await insights.create(named('a'))).id, id)
    await t.rejects(insights.create(named('a')), TAKEN)
    t.equal(await count(), 2)
  })

  inTransactions('of many that do the create of one that died exactly one succeeds', async (t, { insights, plantName, count }) => {
    for (let round = 1; round <= 5; round++) {
      await plantName(`died-${round}`, 1_000 + round, 0)
      const fields = named(`died-${round}`)
      const tries = await Promise.allSettled([
        ...Array.from({ length: 6 }, async () => await insights.create(fields)),
        ...Array.from({ length: 2 }, async () => {
          const [outcome] = await insights.importMany([fields])
          if (outcome === undefined || 'error' in outcome || !outcome.isNew) throw new Error('it was there')
        })
      ])
      t.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1)
      t.equal(await count(), round)
    }
  })

  inTransactions('the create of one that was erased is not done under its id', async (t, { insights, plantName }) => {
    const { id } = await insights.create(fieldsWith())
    await insights.remove(id)
    await plantName('late', id, 0)
    await t.rejects(insights.create(named('late')), TAKEN)
    t.match(await insights.importMany([named('late'), named('b')]), [{ error: TAKEN }, { isNew: true }])
    t.equal(await insights.find(id), null)
  })

  inTransactions('a replacement that the server refuses leaves both external ids as they were', async (t, { insights, names, server }) => {
    const { id } = await insights.create(named('a'))
    for (const command of ['findAndModify', 'delete']) {
      await server.failCommand({ failCommands: [command], times: 1, errorCode: NOT_ALLOWED })
      await t.rejects(insights.replaceFields(id, named('b')), { code: 'INS_STORE_UNAVAILABLE' })
      t.same(await names(), [['a', id]])
      t.equal((await insights.find(id))?.fields.external_id, 'a')
    }
  })

  inTransactions('transactions that get into each other\'s way are repeated', async (t, { insights, names, server }) => {
    const { id } = await insights.create(named('a'))
    for (const [n, command] of ['update', 'delete', 'findAndModify'].entries()) {
      await server.failCommand({ failCommands: [command], times: 3, ...WRITE_CONFLICT })
      t.match(await insights.replaceFields(id, named(`b${n}`)), { rev: n + 2, fields: { external_id: `b${n}` } })
      t.same(await names(), [[`b${n}`, id]])
    }
  })

  inTransactions('fault 16: a transaction whose last reply is cut happens exactly once', async (t, { url, names, count, server }) => {
    const proxy = await openCuttingProxy(t, server)
    const { insights } = await openAt(t, proxy.url(new URL(url).pathname.slice(1)))
    const { id } = await insights.create(named('a'))
    proxy.cutReplies('commitTransaction', 1)
    t.match(await insights.replaceFields(id, named('c')), { rev: 2 })
    t.equal(proxy.cuts(), 1)
    t.same(await names(), [['c', id]])
    t.equal(await count(), 1)
  })

  for (const [what, make] of Object.entries({
    create: async (insights: InsightStore) => (await insights.create(named('a'))).id,
    'line of an import': async (insights: InsightStore) => {
      const [outcome] = await insights.importMany([named('a')])
      if (outcome === undefined || 'error' in outcome) throw new Error('it was not stored')
      return outcome.id
    }
  })) {
    inTransactions(`a ${what} that stood still brings no insight back that was made for it and erased`, async (t, { insights, url, names, count, server }) => {
      const proxy = await openCuttingProxy(t, server)
      const patient = await openMongo({ url: proxy.url(new URL(url).pathname.slice(1)), log: createRecordingLog(), serverSelectionTimeoutMs: 20_000 })
      t.teardown(patient.close)
      await patient.insights.create(fieldsWith())
      const held = proxy.hold('stamps')
      const late = make(patient.insights)
      await held.come
      const { id } = await insights.create(named('a'))
      await insights.remove(id)
      held.letGo()
      const lateId = await late
      t.not(lateId, id)
      t.equal(await insights.find(id), null)
      t.same(await names(), [['a', lateId]])
      await t.rejects(insights.create(named('a')), TAKEN)
      t.equal(await count(), 2)
    })
  }

  inTransactions('a line whose external id is taken for another insight is refused, and harms no other line', async (t, { insights, plantName }) => {
    const { id } = await insights.create(named('a'))
    await plantName('strange', id, 0)
    const [first, strange, last, unnamed] = await insights.importMany([named('b'), named('strange'), named('a'), named(null)])
    t.match(first, { isNew: true })
    t.match(strange, { error: TAKEN })
    t.same(last, { id, isNew: false })
    t.match(unnamed, { isNew: true })
    await t.rejects(insights.create(named('strange')), TAKEN)
  })

  inTransactions('on a restored database insights with external ids get no id that is taken', async (t, { insights, url, count }) => {
    const kept = await Promise.all(Array.from({ length: 5 }, async () => await insights.create(fieldsWith())))
    const raw = await openRaw(t, url)
    await collectionOf(raw, 'counters').deleteMany({})
    const { insights: restored } = await openAt(t, url)
    const first = await restored.create(named('restored'))
    const outcomes = await restored.importMany(Array.from({ length: 10 }, (_one, n) => named(`restored-${n}`)))
    t.equal(new Set(outcomes.map(outcome => 'id' in outcome && outcome.isNew ? outcome.id : null)).size, 10)
    t.equal(await count(), 16)
    t.same(await restored.find(first.id), first)
    for (const document of kept) t.same(await insights.find(document.id), document)
  })

  inTransactions('the migration takes the external ids of insights that a former version made, and its unique index away', async (t, stage) => {
    const { insights, names, url, plantName } = stage
    const created = await Promise.all(['a', 'b', null].map(async name => await insights.create(named(name))))
    const [a, b] = created.map(({ id }) => id)
    const raw = await openRaw(t, url)
    await collectionOf(raw, 'external_ids').deleteMany({})
    await plantFormerIndex(raw, { unique: true })
    await plantName('died', 999, 2)
    await plantName('being made', 998, 0)
    const log = createRecordingLog()
    t.same(await migrateMongo({ url, log }), {
      created: [
        'external ids of 2 insights', 'room for 1 external ids that no insight bore', 'no former index insights_external_id any more', 'index insights_external_id_text'
      ]
    })
    t.same(await names(), [['a', a], ['b', b], ['being made', 998]])
    t.notMatch(await collectionOf(raw).indexInformation({ full: true }), [{ unique: true }])
    await t.rejects(insights.create(named('a')), TAKEN)
    t.same(await migrateMongo({ url, log }), { created: [] })
    t.same(log.entries, [])
  })

  for (const unique of [true, false]) {
    inTransactions(`several migrations at once leave one index of external ids, after a former one that was ${unique ? '' : 'not '}unique`, async (t, { insights, url }) => {
      const { id } = await insights.create(named('a'))
      const raw = await openRaw(t, url)
      const byName = { order: { key: 'id', isDescending: false }, filter: { externalId: 'a' }, limit: 2, from: null, isBackward: false } as const
      for (let round = 0; round < 3; round++) {
        await plantFormerIndex(raw, { unique })
        await Promise.all(Array.from({ length: 6 }, async () => await migrateMongo({ url, log: createRecordingLog() })))
        const indexes = (await collectionOf(raw).indexes()).filter(({ key }) => 'fields.external_id' in key)
        t.match(indexes, [{ name: 'insights_external_id_text' }])
        t.notMatch(indexes, [{ unique: true }])
        t.match(await insights.list(byName), { insights: [{ id }] })
      }
    })
  }

  inTransactions('the migration says which insights have one external id, and leaves them', async (t, { insights, url, names }) => {
    const { id } = await insights.create(named('a'))
    const raw = await openRaw(t, url)
    const document = await collectionOf(raw).findOne({ _id: id })
    await collectionOf(raw).insertOne({ ...document, _id: id + 1 })
    const log = createRecordingLog()
    await migrateMongo({ url, log })
    t.match(log.entries, [{ level: 'warn', details: { insight_ids: [id + 1] } }])
    t.same(await names(), [['a', id]])
  })

  t.test('on a standalone server, which has no transactions', async t => {
    const standalone = await ownServer(t, { isStandalone: true })
    const inSteps = (title: string, test: (t: Test, stage: Stage) => Promise<void>): void => {
      t.test(title, async t => {
        const stage = await openStage(t, standalone, await openLab(t, standalone, newDatabase()))
        await refuseTransactions(stage.insights, standalone)
        await test(t, stage)
      })
    }

    inSteps('external ids are kept unique in steps', async (t, { insights, names }) => {
      const [first, second] = [await insights.create(named('a')), await insights.create(named('b'))]
      await t.rejects(insights.create(named('a')), TAKEN)
      await t.rejects(insights.replaceFields(second.id, named('a')), TAKEN)
      await insights.replaceFields(first.id, named('c'))
      t.match(await insights.importMany([named('a'), named('c')]), [{ isNew: true }, { id: first.id, isNew: false }])
      t.same((await names()).map(([name]) => name), ['a', 'b', 'c'])
    })

    inSteps('what the server refuses leaves the external id free', async (t, { insights, names, server }) => {
      const { id } = await insights.create(named('a'))
      await server.failCommand({ failCommands: ['findAndModify'], times: 1, errorCode: NOT_ALLOWED })
      await t.rejects(insights.replaceFields(id, named('b')), { code: 'INS_STORE_UNAVAILABLE' })
      t.same(await names(), [['a', id]])
    })

    inSteps('a replacement that was overtaken takes its external id back and tries again', async (t, { insights, names, server, url }) => {
      const { id } = await insights.create(named('a'))
      const raw = await openRaw(t, url)
      const { insights: patient, close } = await openMongo({ url, log: createRecordingLog(), serverSelectionTimeoutMs: 20_000 })
      t.teardown(close)
      await refuseTransactions(patient, server)
      await server.failCommand({ failCommands: ['findAndModify'], times: 1, blockConnection: true, blockTimeMS: 2_000 })
      const replaced = patient.replaceFields(id, named('b'))
      await until(async () => (await names()).length === 2)
      await collectionOf(raw).updateOne({ _id: id }, { $set: { rev: 2 } })
      t.match(await replaced, { rev: 3, fields: { external_id: 'b' } })
      t.same(await names(), [['b', id]])
    })
  })
} else {
  t.plan(0, skipOwn)
}

/** Puts the index of a former version in the place of this one's. */
async function plantFormerIndex (raw: Awaited<ReturnType<typeof openRaw>>, { unique }: { unique: boolean }): Promise<void> {
  await collectionOf(raw).dropIndex('insights_external_id_text')
  await collectionOf(raw).createIndex({ 'fields.external_id': 1 }, {
    name: 'insights_external_id', ...(unique && { unique }), partialFilterExpression: { 'fields.external_id': { $gt: '' } }
  })
}

/** The stand-in has transactions where MongoDB has none: it answers the first one as a standalone server does. */
async function refuseTransactions (insights: InsightStore, server: MongoServer): Promise<void> {
  const { id } = await insights.create(fieldsWith())
  await server.failCommand({ failCommands: ['update'], times: 1, errorCode: NO_TRANSACTIONS })
  await insights.replaceFields(id, named('none yet'))
  await insights.remove(id)
}
