import mongoose, { type Connection } from 'mongoose'
import { t, type Test } from 'tap'
import { LIST_KEYS, type ListFilter, type ListPage, type ListPosition } from '../src/list-port.js'
import {
  type AnyDocument, collectionOf, fieldsWith, findMongo, type Lab, openLab, openRaw, resultOf, until, useMongo
} from './mongo-lab.js'

type Document = Record<string, unknown>

const LEASE = { leaseMs: 60_000 }
const DAY_MS = 24 * 3_600_000
const { skip } = findMongo()

interface Stage extends Lab {
  raw: Connection
  /** Plants a copy of a good insight, changed, that has been due for a day. */
  plant: (id: AnyDocument['_id'], change?: (document: Document) => void) => Promise<void>
  /** When the planner would next look at a document, in milliseconds from now; `null` = never. */
  dueIn: (id: AnyDocument['_id']) => Promise<number | null>
}

const at = (document: Document, name: string): Document => document[name] as Document
/** A refresh may be in a list here. */
const refreshOf = (document: Document): Document => [document['refresh']].flat()[0] as Document

/** Each makes an insight that nobody can work on. */
const DAMAGES: Record<string, (document: Document) => void> = {
  'no fields': document => { delete document['fields'] },
  'fields that are text': document => { document['fields'] = '{}' },
  'a field missing': document => { delete at(document, 'fields')['connects'] },
  'a negative count': document => { at(document, 'fields')['connects'] = -1 },
  'a fraction': document => { at(document, 'fields')['connects'] = 1.5 },
  'a count beyond 2^53': document => { at(document, 'fields')['connects'] = mongoose.mongo.Long.fromString('9007199254740993') },
  'a page id as a number': document => { at(document, 'fields')['facebook_page_id'] = 7 },
  'an external id as a number': document => { at(document, 'fields')['external_id'] = 7 },
  'works that are no list': document => { at(document, 'fields')['works'] = {} },
  'a work of an unknown kind': document => {
    at(document, 'fields')['works'] = [{ item_id: 'a', source_type: 3, is_individual_work: true, in_app_plays: 0 }]
  },
  'no sources': document => { delete document['sources'] },
  'sources that are null': document => { document['sources'] = null },
  'sources that are text': document => { document['sources'] = 'x:gigpro' },
  'sources that are no list': document => { document['sources'] = { platform: 'x', source_id: 'gigpro' } },
  'a source that is null': document => { document['sources'] = [null] },
  'a source that is text': document => { document['sources'] = ['x:gigpro'] },
  'a source without a state': document => { document['sources'] = [{ platform: 'x', source_id: 'a' }] },
  'a score that is text': document => { document['score'] = '7.00' },
  'a breakdown that is a list': document => { document['breakdown'] = [] },
  'no rev': document => { delete document['rev'] },
  'no identity_rev': document => { delete document['identity_rev'] },
  'a wanted that is text': document => { at(document, 'refresh')['wanted'] = 'often' },
  'no done': document => { delete at(document, 'refresh')['done'] },
  'no claim': document => { delete at(document, 'refresh')['claim'] },
  'no forced': document => { delete at(document, 'refresh')['forced'] },
  'a date that is text': document => { document['created_at'] = '2026-11-23' },
  'fields in a list': document => { document['fields'] = [document['fields']] },
  'a refresh in a list': document => { document['refresh'] = [document['refresh']] },
  'a rev in a list': document => { document['rev'] = [1] },
  'a wanted in a list': document => { at(document, 'refresh')['wanted'] = [1] },
  'a claim in a list': document => { at(document, 'refresh')['claim'] = [1] }
}

/** Ids that none of ours can be. */
const STRANGE_IDS = ['seven', 1.5, -3, new mongoose.mongo.ObjectId()]

async function stage (t: Test, server: { url: (database: string) => string }): Promise<Stage> {
  const lab = await openLab(t, server)
  const raw = await openRaw(t, lab.url)
  const collection = collectionOf(raw)
  const { id } = await lab.insights.create(fieldsWith({ twitter_handle: 'gigpro' }))
  const good = await collection.findOne({ _id: id }) as Document
  await lab.insights.remove(id)
  return {
    ...lab,
    raw,
    plant: async (id, change = () => {}) => {
      const document = structuredClone(good)
      at(document, 'refresh')['due_at'] = new Date(Date.now() - DAY_MS)
      change(document)
      await collection.insertOne({ ...document, _id: id })
    },
    dueIn: async id => {
      const document = await collection.findOne({ _id: id }) as Document
      const due = refreshOf(document)['due_at'] as Date | null
      return due === null ? null : due.getTime() - Date.now()
    }
  }
}

if (skip === false) {
  const server = await useMongo()
  t.teardown(async () => { await server.stop() })

  t.test('fault 43: a damaged insight is one error that names it, and the log names it once', async t => {
    const { insights, log, plant } = await stage(t, server)
    let id = 1_000
    for (const [damage, change] of Object.entries(DAMAGES)) {
      await plant(++id, change)
      const refused = { code: 'INS_INSIGHT_DAMAGED', message: new RegExp(`Insight ${id} `) }
      await t.rejects(insights.find(id), refused, damage)
      await t.rejects(insights.find(id), refused)
      await t.rejects(insights.replaceFields(id, fieldsWith()), refused)
      t.match(log.entries.filter(({ details }) => (details as { insight_id?: unknown }).insight_id === id), [
        { level: 'error', details: { reason: String } }
      ], `${damage} is logged once`)
    }
    const other = await insights.create(fieldsWith())
    t.same(await insights.find(other.id), other)
  })

  t.test('fault 43: damaged insights are left out of lists, whatever they are ordered by, and come up once', async t => {
    const { insights, log, plant } = await stage(t, server)
    for (const id of STRANGE_IDS) await plant(id)
    let damagedId = 1_000
    // The breakdown is no part of what lists read.
    const { 'a breakdown that is a list': _left, ...damages } = DAMAGES
    for (const change of Object.values(damages)) await plant(++damagedId, change)
    const good = [await insights.create(fieldsWith()), await insights.create(fieldsWith())].map(({ id }) => id)
    const filters: ListFilter[] = [{}, { state: 'pending' }, { sourceStates: [{ platform: 'x', state: 'not_provided' }] }, { minScore: 0, updatedSince: '2020-01-01T00:00:00Z' }]
    for (const key of LIST_KEYS) {
      for (const filter of filters) {
        const seen: number[] = []
        let from: ListPosition | null = null
        do {
          const page: ListPage = await insights.list({ order: { key, isDescending: false }, filter, limit: 3, from, isBackward: false })
          seen.push(...page.insights.map(({ id }) => id))
          from = page.far
        } while (from !== null)
        t.same(seen.sort((a, b) => a - b), good, `${key} ${JSON.stringify(filter)}`)
      }
    }
    const named = log.entries.map(({ details }) => (details as { insight_id?: unknown }).insight_id)
    t.equal(new Set(named).size, named.length)
  })

  t.test('fault 43: a damaged insight can be deleted', async t => {
    const { insights, plant } = await stage(t, server)
    await plant(1_000, DAMAGES['no fields'])
    t.match(await insights.remove(1_000, { ifRev: 1 }), { id: 1_000, removed: { works: 0, accounts: 0 } })
    t.equal(await insights.find(1_000), null)
  })

  t.test('fault 43: asking for a refresh of a damaged insight is one error and changes nothing', async t => {
    const { insights, plant, raw } = await stage(t, server)
    await plant(1_000, DAMAGES['a wanted that is text'])
    await t.rejects(insights.requestRefresh(1_000), { code: 'INS_INSIGHT_DAMAGED', message: /Insight 1000 .*refresh\.wanted/ })
    t.match(await collectionOf(raw).findOne({ _id: 1_000 }), { refresh: { wanted: 'often', forced: 0 } })
  })

  t.test('fault 43: damaged insights at the head of the queue stop neither the planner nor a run, and come up once', async t => {
    const { insights, log, plant, dueIn } = await stage(t, server)
    const damaged: Array<AnyDocument['_id']> = [...STRANGE_IDS]
    for (const id of STRANGE_IDS) await plant(id)
    for (const change of Object.values(DAMAGES)) {
      const id = 1_000 + damaged.length
      damaged.push(id)
      await plant(id, change)
    }
    const good = await Promise.all(Array.from({ length: 10 }, async () => await insights.create(fieldsWith())))
    const goodIds = good.map(({ id }) => id)
    const done = new Set<number>()
    await until(async () => {
      const ids = await insights.claimDue({ limit: 8, ...LEASE })
      const { documents } = await insights.startRefreshes(ids, LEASE)
      const { saved, superseded } = await insights.saveResults(documents.map(resultOf))
      t.same(superseded, [])
      for (const id of saved) done.add(id)
      return done.size === goodIds.length
    })
    t.same([...done].sort((a, b) => a - b), goodIds.sort((a, b) => a - b), 'every good one was refreshed, and only those')
    t.same(await insights.claimDue({ limit: 100, ...LEASE }), [], 'none of the damaged ones comes up again')
    for (const id of damaged) {
      const due = await dueIn(id)
      t.ok(due !== null && due > DAY_MS - 60_000 && due <= DAY_MS + 60_000, `${String(id)} is looked at again in a day`)
    }
    const named = log.find('error', 'can not be worked on').map(({ details }) => String((details as { insight_id: unknown }).insight_id))
    t.same(named.sort(), damaged.map(String).sort(), 'each is named in the log once')
  })

  t.test('fault 43: a repaired insight is worked on again when its day comes', async t => {
    const { insights, plant, raw } = await stage(t, server)
    await plant(1_000, DAMAGES['a wanted that is text'])
    t.same(await insights.claimDue({ limit: 10, ...LEASE }), [])
    await collectionOf(raw).updateOne(
      { _id: 1_000 }, { $set: { 'refresh.wanted': 1, 'refresh.due_at': new Date(0) } })
    t.same(await insights.claimDue({ limit: 10, ...LEASE }), [1_000])
    t.match((await insights.startRefreshes([1_000], LEASE)).documents, [{ id: 1_000 }])
  })

  t.test('fault 43: an insight damaged during its run harms no other result of the batch', async t => {
    const { insights, raw } = await stage(t, server)
    const created = await Promise.all([1, 2, 3].map(async connects => await insights.create(fieldsWith({ connects }))))
    const ids = created.map(({ id }) => id)
    const { documents } = await insights.startRefreshes(ids, LEASE)
    const [damaged = 0, ...others] = ids
    await collectionOf(raw).updateOne({ _id: damaged }, { $set: { identity_rev: 'none' } })
    const { saved, superseded } = await insights.saveResults(documents.map(resultOf))
    t.same(superseded, [damaged])
    t.same(saved.sort((a, b) => a - b), others.sort((a, b) => a - b))
    await insights.extendLeases(documents.map(({ id, refresh }) => ({ id, claim: refresh.claim })), LEASE)
  })

  t.test('a result that the server can not compute harms no other of the batch, and is named in the log', async t => {
    const { insights, log } = await stage(t, server)
    const created = await Promise.all([1, 2, 3].map(async connects => await insights.create(fieldsWith({ connects }))))
    const { documents } = await insights.startRefreshes(created.map(({ id }) => id), LEASE)
    const [bad, ...good] = documents.map(resultOf)
    if (bad === undefined) throw new Error('nothing was started')
    const unusable = { ...bad, end: { done: 1, nextInMs: NaN } }
    const { saved, superseded } = await insights.saveResults([unusable, ...good])
    t.same(superseded, [bad.id])
    t.same(saved, good.map(({ id }) => id))
    t.match(log.find('error', 'can not be worked on'), [{ details: { insight_id: bad.id, reason: /server refuses/ } }])
    t.same(await insights.saveResults([bad]), { saved: [bad.id], superseded: [] }, 'its run still holds it')
  })

  t.test('fault 43: damaged insights do not stop their history from being thinned out, nor that of others', async t => {
    const { insights, history, plant, raw } = await stage(t, server)
    const observations = collectionOf(raw, 'observations')
    const observe = async (insight: number, nextAt: number): Promise<void> => {
      const at = [2, 3].map(minute => new Date(Math.floor(Date.now() / DAY_MS - 3) * DAY_MS + minute * 60_000))
      await observations.insertMany(at.map(at => (
        { _id: { insight, platform: 'x', source: 'gigpro', at } as never, count: 1, state: 'ok', next_at: new Date(nextAt) })))
    }
    const damaged: number[] = []
    for (const change of Object.values(DAMAGES)) {
      const id = 1_000 + damaged.length
      await plant(id, change)
      await observe(id, 0)
      damaged.push(id)
    }
    const good = await insights.create(fieldsWith({ twitter_handle: 'gigpro' }))
    await observe(good.id, 1_000)
    await plant(2_000, DAMAGES['no sources'])
    const sources = [{ platform: 'x', source_id: 'gigpro' }]
    await collectionOf(raw, 'unlinkings').insertOne({ _id: 'open', insight_id: 2_000, at: new Date(0), sources })
    while ((await history.compact({ limit: 5 })).examined === 5);
    t.same(await observations.find({ next_at: { $lte: new Date() } }).toArray(), [], 'none is left that has come of age')
    for (const id of [good.id, ...damaged.filter((_id, index) => Object.keys(DAMAGES)[index] !== 'a source without a state')]) {
      t.equal(await observations.countDocuments({ '_id.insight': id }), 1, `of ${id} one of the hour is kept`)
    }
    t.equal(await insights.finishRemovals({ limit: 10, afterMs: 0 }), 1, 'nor what a change has unlinked')
    t.equal(await collectionOf(raw, 'unlinkings').countDocuments({}), 0)
  })

  t.test('damaged insights that are due do not stop the backlog from being told', async t => {
    const { insights, plant } = await stage(t, server)
    await plant(1_000, DAMAGES['a refresh in a list'])
    t.equal((await insights.backlog()).due, 1)
    await insights.create(fieldsWith())
    t.match(await insights.backlog(), { due: 2 })
  })

  t.test('a damaged token counts as none and hides no other', async t => {
    const { tokens, log, raw } = await stage(t, server)
    const good = await tokens.add({ hash: 'a'.repeat(64), name: 'host', scopes: ['read'], expires_at: null })
    await collectionOf(raw, 'tokens').insertOne({ _id: 'b'.repeat(64), scopes: ['everything'] })
    t.same(await tokens.list(), [good])
    t.equal(await tokens.findByHash('b'.repeat(64)), null)
    t.ok(log.find('error', 'a token is stored').length > 0)
  })
} else {
  t.plan(0, skip)
}
