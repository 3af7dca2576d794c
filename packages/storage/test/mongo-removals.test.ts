import { t, type Test } from 'tap'
import { createMongoInsightStore } from '../src/mongo/insight-store.js'
import { createModels } from '../src/mongo/models.js'
import { collectionOf, createRecordingLog, fieldsWith, findMongo, type Lab, openLab, openRaw, useMongo } from './mongo-lab.js'

const OPEN = { limit: 10, afterMs: 0 }
const MINUTE = { limit: 10, afterMs: 60_000 }
const AT = new Date('2026-11-23T12:00:00.000Z')
const REMOVED = { insights: 1, works: 2, accounts: 1 }

interface Stage extends Lab {
  /** Leaves what a process leaves that dies after noting the removal, with or without the document. */
  dieInRemoval: (id: number, options: { isDeleted: boolean, at?: Date }) => Promise<void>
  countOpen: () => Promise<number>
  /** Leaves observations of X accounts, written by a run. */
  observe: (id: number, handles: string[]) => Promise<void>
  countObserved: (id: number) => Promise<number>
}

if (findMongo().skip === false) {
  const server = await useMongo()
  t.teardown(async () => { await server.stop() })
  const crash = (title: string, test: (t: Test, stage: Stage) => Promise<void>): void => {
    t.test(title, async t => {
      const lab = await openLab(t, server)
      const raw = await openRaw(t, lab.url)
      await test(t, {
        ...lab,
        observe: async (id, handles) => {
          await collectionOf(raw, 'observations').insertMany(handles.map(source => ({
            _id: { insight: id, platform: 'x', source, at: AT } as never, count: 1, state: 'ok', next_at: AT
          })))
        },
        countObserved: async id => await collectionOf(raw, 'observations').countDocuments({ '_id.insight': id }),
        countOpen: async () => await collectionOf(raw, 'removals').countDocuments({}),
        dieInRemoval: async (id, { isDeleted, at = AT }) => {
          await collectionOf(raw, 'removals').insertOne({ _id: `removal-${id}-${at.getTime()}`, insight_id: id, at, removed: REMOVED })
          if (isDeleted) await collectionOf(raw).deleteOne({ _id: id })
        }
      })
    })
  }

  crash('fault 32: a removal that was cut short before the document was deleted is given up', async (t, { insights, dieInRemoval, countOpen, observe, countObserved }) => {
    const { id } = await insights.create(fieldsWith())
    await observe(id, ['gigpro'])
    await dieInRemoval(id, { isDeleted: false })
    t.equal(await insights.findReceipt(id), null)
    t.equal(await insights.finishRemovals(OPEN), 1)
    t.equal(await countOpen(), 0)
    t.ok(await insights.find(id), 'the insight is there untouched')
    t.equal(await countObserved(id), 1, 'and its history')
    t.equal(await insights.findReceipt(id), null)
    t.match(await insights.remove(id), { removed: { works: 0, accounts: 0 } })
  })

  crash('fault 32: a removal that was cut short afterwards is completed', async (t, { insights, dieInRemoval, countOpen, observe, countObserved }) => {
    const { id } = await insights.create(fieldsWith())
    await observe(id, ['gigpro'])
    await dieInRemoval(id, { isDeleted: true })
    t.equal(await insights.remove(id), null, 'the insight is gone')
    t.equal(await insights.finishRemovals(OPEN), 1)
    t.equal(await countOpen(), 0)
    t.equal(await countObserved(id), 0)
    const receipt = await insights.findReceipt(id)
    t.match(receipt, { id, deleted_at: AT.toISOString(), removed: REMOVED })
    t.equal(await insights.finishRemovals(OPEN), 0)
  })

  crash('a receipt that is asked for is completed at once', async (t, { insights, dieInRemoval, countOpen, observe, countObserved }) => {
    const { id } = await insights.create(fieldsWith())
    await observe(id, ['gigpro'])
    await dieInRemoval(id, { isDeleted: true })
    const receipts = await Promise.all([1, 2, 3].map(async () => await insights.findReceipt(id)))
    t.match(receipts[0], { id, removed: REMOVED })
    t.same(receipts[1], receipts[0])
    t.same(receipts[2], receipts[0])
    t.equal(await countOpen(), 0)
    t.equal(await countObserved(id), 0)
  })

  crash('a receipt that somebody else completes between two questions is found', async (t, { insights, dieInRemoval, url }) => {
    const { id } = await insights.create(fieldsWith())
    await dieInRemoval(id, { isDeleted: true })
    const connection = await openRaw(t, url)
    const models = createModels(connection)
    const find = models.removals.findOne.bind(models.removals)
    models.removals.findOne = ((...parameters: Parameters<typeof find>) => ({
      lean: async () => {
        await insights.findReceipt(id)
        return await find(...parameters).lean()
      }
    })) as unknown as typeof find
    const { store, close } = createMongoInsightStore({
      connection, models, log: createRecordingLog(), idBlockSize: 20, callLimitMs: 60_000, bulkLimitMs: 60_000
    })
    t.teardown(close)
    t.match(await store.findReceipt(id), { id })
  })

  crash('a change that was cut short before the history of the old account was erased is completed', async (t, { insights, url, observe, countObserved }) => {
    const unlinkings = collectionOf(await openRaw(t, url), 'unlinkings')
    const [changed, unchanged, gone] = await Promise.all([1, 2, 3].map(async () => (await insights.create(fieldsWith({ twitter_handle: 'gigpro' }))).id)) as [number, number, number]
    await insights.replaceFields(changed, fieldsWith({ twitter_handle: 'other' }))
    await insights.remove(gone)
    t.equal(await unlinkings.countDocuments({}), 0, 'a change that is over leaves no note')
    for (const id of [changed, unchanged, gone]) {
      await observe(id, ['gigpro', 'other'])
      await unlinkings.insertOne({ _id: `unlinking-${id}`, insight_id: id, at: AT, sources: [{ platform: 'x', source_id: 'gigpro' }] })
    }
    t.equal(await insights.finishRemovals({ ...MINUTE, limit: 2 }), 2)
    t.equal(await insights.finishRemovals(MINUTE), 1)
    t.same(await Promise.all([changed, unchanged, gone].map(countObserved)), [1, 2, 1])
    t.equal(await insights.finishRemovals(OPEN), 0)
  })

  crash('what may still be under way is left alone, and no more is finished than asked', async (t, { insights, dieInRemoval, countOpen }) => {
    const ids: number[] = []
    for (let count = 0; count < 5; count++) ids.push((await insights.create(fieldsWith())).id)
    await dieInRemoval(ids[0] ?? 0, { isDeleted: true, at: new Date() })
    for (const id of ids.slice(1)) await dieInRemoval(id, { isDeleted: true })
    t.equal(await insights.finishRemovals({ ...MINUTE, limit: 3 }), 3)
    t.equal(await insights.finishRemovals(MINUTE), 1)
    t.equal(await countOpen(), 1, 'the one that has just begun')
  })
} else {
  t.plan(0, String(findMongo().skip))
}
