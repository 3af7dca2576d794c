import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import {
  defaultFields, explain, INSIGHT_1, isAppError, toSignals, type InsightFields, type SourceRecord
} from '@insights/shared'
import type { InsightDocument, InsightStore, RefreshResult } from '../../src/port.js'

type Tap = import('tap').Test

export interface OpenedStore {
  store: InsightStore
  /** Makes the store unavailable to itself, as a stopped server would. */
  breakStore: () => Promise<void>
}

const LEASE = { leaseMs: 60_000 }
const SHORT_LEASE = { leaseMs: 20 }
const ARTIST: Partial<InsightFields> = {
  twitter_handle: '@gigpro',
  facebook_page_id: '123456789012345678901',
  works: [{ item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7 }]
}

const fieldsWith = (changes: Partial<InsightFields> = {}): InsightFields => ({ ...defaultFields(), ...changes })

/** The result of a run that found this count everywhere. */
function resultOf (document: InsightDocument, count: number, end: RefreshResult['end'] = endOf(document)): RefreshResult {
  const sources: SourceRecord[] = document.sources.map(source => ({ ...source, state: 'ok', count }))
  const breakdown = explain(INSIGHT_1, toSignals(document.fields, sources, INSIGHT_1))
  const { id, identity_rev: identityRev, rev, refresh } = document
  return { id, claim: refresh.claim, identity_rev: identityRev, rev, sources, breakdown, end }
}

function endOf (document: InsightDocument, nextInMs: number | null = 3_600_000): RefreshResult['end'] {
  return { done: document.refresh.wanted, nextInMs }
}

/** Asks until the answer is there; the deadline is far beyond what a working store needs. */
async function eventually<T> (ask: () => Promise<T>, isThere: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const answer = await ask()
    if (isThere(answer)) return answer
    if (Date.now() > deadline) throw new Error('The awaited state did not come')
    await delay(5)
  }
}

/**
 * The promises of `InsightStore`, one test or more for each, for any adapter. `open` gives a store with no insights in
 * it that lives until the test ends.
 */
export function insightStoreContract (t: Tap, name: string, open: (t: Tap) => Promise<OpenedStore>): void {
  const contract = (title: string, test: (t: Tap, store: InsightStore) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async t => { await test(t, (await open(t)).store) })
  }
  const start = async (store: InsightStore, id: number, lease = LEASE): Promise<InsightDocument> => {
    const { documents: [document] } = await store.startRefreshes([id], lease)
    if (document === undefined) throw new Error(`Insight ${id} was not started`)
    return document
  }
  const find = async (store: InsightStore, id: number): Promise<InsightDocument> => {
    const document = await store.find(id)
    if (document === null) throw new Error(`Insight ${id} is not there`)
    return document
  }

  contract('a created insight carries its open refresh in the same document', async (t, store) => {
    const created = await store.create(fieldsWith(ARTIST))
    t.match(created, { fields: ARTIST, score: 0, breakdown: null, rev: 1, identity_rev: 1 })
    t.match(created.refresh, { wanted: 1, done: 0, is_pending: true, is_running: false, lease_until: null, done_at: null })
    t.same(created.sources.map(source => [source.platform, source.source_id, source.state, source.count]), [
      ['youtube', 'l4WNrvVjiTw', 'pending', null],
      ['x', '@gigpro', 'pending', null],
      ['facebook', '123456789012345678901', 'pending', null]
    ])
    t.same(await store.find(created.id), created, 'what was acknowledged is what is read')
    t.same(await store.claimDue({ limit: 10, ...LEASE }), [created.id], 'it is due at once')
  })

  contract('ids are unique under concurrent creates and never used again', async (t, store) => {
    const created = await Promise.all(Array.from({ length: 64 }, async () => await store.create(fieldsWith())))
    const ids = created.map(document => document.id)
    t.equal(new Set(ids).size, 64)
    t.ok(ids.every(id => Number.isSafeInteger(id) && id >= 1))
    for (const id of ids) await store.remove(id)
    const later = await store.create(fieldsWith())
    t.notOk(ids.includes(later.id), 'a removed id does not come back')
  })

  contract('an unknown id is null everywhere', async (t, store) => {
    t.equal(await store.find(404), null)
    t.equal(await store.find(Number.MAX_SAFE_INTEGER), null)
    t.equal(await store.replaceFields(404, fieldsWith()), null)
    t.equal(await store.requestRefresh(404), null)
    t.equal(await store.remove(404), null)
    t.same((await store.startRefreshes([404], LEASE)).documents, [])
  })

  contract('every value survives unchanged', async (t, store) => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 255 })
      .filter(value => value.isWellFormed() && !value.includes('\0') && value.length <= 255)
    const count = fc.maxSafeNat()
    const fields = fc.record({
      external_id: fc.constant(null),
      has_about: fc.boolean(),
      number_of_roles: count,
      number_of_acts: count,
      profile_views: count,
      profile_searches: count,
      connects: count,
      facebook_page_id: fc.option(fc.bigInt(0n, 99_999_999_999_999_999_999n).map(String)),
      twitter_handle: fc.option(text),
      instagram_handle: fc.option(text),
      works: fc.uniqueArray(fc.record({
        item_id: text,
        source_type: fc.constantFrom(1 as const, 2 as const),
        is_individual_work: fc.boolean(),
        in_app_plays: count
      }, { noNullPrototype: true }), { selector: work => `${work.source_type}:${work.item_id}`, maxLength: 5 })
    }, { noNullPrototype: true })
    await fc.assert(fc.asyncProperty(fields, count, async (fields, plays) => {
      const { id } = await store.create(fields)
      await store.saveResults([resultOf(await start(store, id), plays)])
      const stored = await find(store, id)
      t.strictSame(stored.fields, fields)
      t.ok(stored.sources.every(source => source.count === plays))
    }), { numRuns: 50 })
  })

  contract('a replacement raises rev and wants a refresh at once', async (t, store) => {
    const { id } = await store.create(fieldsWith(ARTIST))
    await store.saveResults([resultOf(await start(store, id), 5)])
    const before = await find(store, id)
    const after = await store.replaceFields(id, fieldsWith({ ...ARTIST, connects: 9 }))
    t.match(after, { rev: 2, identity_rev: 1, fields: { connects: 9 }, refresh: { wanted: 2, done: 1, is_pending: true } })
    t.same(after?.sources, before.sources, 'a change of other fields leaves the counts alone')
    t.same(await store.claimDue({ limit: 1, ...LEASE }), [id])
  })

  contract('a replacement under an old rev is refused and writes nothing', async (t, store) => {
    const { id } = await store.create(fieldsWith())
    await store.replaceFields(id, fieldsWith({ connects: 1 }), { ifRev: 1 })
    const before = await find(store, id)
    await t.rejects(store.replaceFields(id, fieldsWith({ connects: 2 }), { ifRev: 1 }), { code: 'INS_INSIGHT_CHANGED' })
    await t.rejects(store.remove(id, { ifRev: 1 }), { code: 'INS_INSIGHT_CHANGED' })
    t.same(await find(store, id), before)
  })

  contract('fault 31: of two replacements under one rev exactly one succeeds', async (t, store) => {
    const { id } = await store.create(fieldsWith())
    const tries = await Promise.allSettled([1, 2, 3, 4].map(async connects =>
      await store.replaceFields(id, fieldsWith({ connects }), { ifRev: 1 })))
    t.equal(tries.filter(one => one.status === 'fulfilled').length, 1)
    t.ok(tries.every(one => one.status === 'fulfilled' || isAppError(one.reason, 'INS_INSIGHT_CHANGED')))
    t.equal((await find(store, id)).rev, 2)
  })

  contract('changed accounts drop the old counts in the same write and keep the others', async (t, store) => {
    const { id } = await store.create(fieldsWith(ARTIST))
    await store.saveResults([resultOf(await start(store, id), 5)])
    const after = await store.replaceFields(id, fieldsWith({ ...ARTIST, twitter_handle: 'other' }))
    t.equal(after?.identity_rev, 2)
    t.same(after?.sources.map(source => [source.source_id, source.count]), [
      ['l4WNrvVjiTw', 5], ['other', null], ['123456789012345678901', 5]
    ])
  })

  contract('works in another order are the same works', async (t, store) => {
    const works = ['a', 'b'].map(id => ({ item_id: id, source_type: 1 as const, is_individual_work: true, in_app_plays: 0 }))
    const { id } = await store.create(fieldsWith({ works }))
    const after = await store.replaceFields(id, fieldsWith({ works: works.toReversed() }))
    t.match(after, { identity_rev: 1, rev: 2 })
    t.same(after?.sources.map(source => source.source_id), ['b', 'a'])
  })

  contract('fault 32: a removed insight stays removed, whatever a run writes later', async (t, store) => {
    const { id } = await store.create(fieldsWith(ARTIST))
    const run = await start(store, id)
    t.match(await store.remove(id), { id })
    t.same(await store.saveResults([resultOf(run, 5)]), { saved: [], superseded: [id] })
    await store.extendLeases([{ id, claim: run.refresh.claim }], LEASE)
    t.equal(await store.find(id), null)
    t.same(await store.claimDue({ limit: 10, ...LEASE }), [])
  })

  contract('asking again before a refresh has started changes nothing but the wish for fresh counts', async (t, store) => {
    const { id } = await store.create(fieldsWith(ARTIST))
    const asked = await store.requestRefresh(id)
    t.match(asked, { rev: 1, refresh: { wanted: 1, done: 0, forced: 1 } })
    t.match(await store.requestRefresh(id), { refresh: { wanted: 1 } }, 'it is coalesced')
  })

  contract('asking after a refresh makes it due at once and leaves rev and updated_at', async (t, store) => {
    const { id } = await store.create(fieldsWith(ARTIST))
    await store.saveResults([resultOf(await start(store, id), 5)])
    const before = await find(store, id)
    const asked = await store.requestRefresh(id)
    t.match(asked, { rev: 1, refresh: { wanted: 2, done: 1, forced: 2, is_pending: true } })
    t.equal(asked?.updated_at, before.updated_at)
    t.same(await store.claimDue({ limit: 1, ...LEASE }), [id])
  })

  contract('asking during a run wants one more run afterwards', async (t, store) => {
    const { id } = await store.create(fieldsWith(ARTIST))
    const run = await start(store, id)
    t.match(await store.requestRefresh(id), { refresh: { wanted: 2, forced: 2, is_running: true } })
    t.same((await store.startRefreshes([id], LEASE)).documents, [], 'the live run is not disturbed')
    await store.saveResults([resultOf(run, 5)])
    const after = await find(store, id)
    t.match(after.refresh, { wanted: 2, done: 1, is_pending: true, is_running: false })
    t.equal((await start(store, id)).refresh.claim, 2)
  })

  contract('fault 40: two claimers never get the same insight', async (t, store) => {
    const created = await Promise.all(Array.from({ length: 60 }, async () => await store.create(fieldsWith())))
    const claims = await Promise.all(Array.from({ length: 8 }, async () => await store.claimDue({ limit: 10, ...LEASE })))
    const ids = claims.flat()
    t.ok(claims.every(claim => claim.length <= 10))
    t.equal(new Set(ids).size, ids.length, 'no id twice')
    const rest = await store.claimDue({ limit: 100, ...LEASE })
    t.same([...ids, ...rest].sort((a, b) => a - b), created.map(document => document.id).sort((a, b) => a - b))
  })

  contract('a claimed insight that nobody ended is given again after the lease', async (t, store) => {
    const { id } = await store.create(fieldsWith())
    t.same(await store.claimDue({ limit: 1, ...SHORT_LEASE }), [id])
    t.same(await eventually(async () => await store.claimDue({ limit: 1, ...SHORT_LEASE }), ids => ids.length > 0), [id])
  })

  contract('what waited longest is claimed first', async (t, store) => {
    const first = await store.create(fieldsWith())
    const run = await start(store, first.id)
    await delay(2)
    const second = await store.create(fieldsWith())
    await delay(2)
    await store.saveResults([resultOf(run, 0, endOf(run, 0))])
    t.same(await eventually(async () => await store.claimDue({ limit: 1, ...LEASE }), ids => ids.length > 0), [second.id])
  })

  contract('an insight that comes due by its schedule is wanted again', async (t, store) => {
    const { id } = await store.create(fieldsWith(ARTIST))
    const run = await start(store, id)
    await store.saveResults([resultOf(run, 5, endOf(run, 10))])
    t.match((await find(store, id)).refresh, { is_pending: false, wanted: 1, done: 1 })
    t.same((await store.startRefreshes([id], LEASE)).documents, [], 'nothing is open yet')
    t.same(await eventually(async () => await store.claimDue({ limit: 1, ...LEASE }), ids => ids.length > 0), [id])
    t.match((await start(store, id)).refresh, { wanted: 2, done: 1, forced: 0 })
  })

  contract('an insight that is never due again is not claimed', async (t, store) => {
    const { id } = await store.create(fieldsWith())
    const run = await start(store, id)
    await store.saveResults([resultOf(run, 0, endOf(run, null))])
    t.equal((await find(store, id)).refresh.due_at, null)
    t.same(await store.claimDue({ limit: 10, ...LEASE }), [])
  })

  contract('the backlog is what could be claimed, and how long its oldest has waited', async (t, store) => {
    t.same(await store.backlog(), { due: 0, oldestDueAgeMs: null })
    await store.create(fieldsWith())
    const grown = await eventually(async () => await store.backlog(), ({ oldestDueAgeMs: age }) => (age ?? 0) >= 30)
    t.equal(grown.due, 1)
    await store.create(fieldsWith())
    const two = await store.backlog()
    t.equal(two.due, 2)
    t.ok((two.oldestDueAgeMs ?? 0) >= (grown.oldestDueAgeMs ?? 0), 'a younger one does not hide the oldest')
    t.equal((await store.claimDue({ limit: 10, ...LEASE })).length, 2, 'it changes nothing')
    t.same(await store.backlog(), { due: 0, oldestDueAgeMs: null }, 'what is planned does not wait any more')
  })

  contract('what is due later or never is no backlog', async (t, store) => {
    const [later, never] = [await store.create(fieldsWith(ARTIST)), await store.create(fieldsWith())]
    await store.saveResults([resultOf(await start(store, later.id), 5)])
    const run = await start(store, never.id)
    await store.saveResults([resultOf(run, 0, endOf(run, null))])
    t.same(await store.backlog(), { due: 0, oldestDueAgeMs: null })
    await store.requestRefresh(later.id)
    t.equal((await store.backlog()).due, 1)
  })

  contract('of two runs starting at once only one gets the insight', async (t, store) => {
    const { id } = await store.create(fieldsWith())
    const runs = await Promise.all(Array.from({ length: 8 }, async () => await store.startRefreshes([id], LEASE)))
    t.equal(runs.flatMap(run => run.documents).length, 1)
    t.match((await find(store, id)).refresh, { claim: 1, is_running: true })
  })

  contract('a run whose lease ended is taken over, and its late result is dropped', async (t, store) => {
    const { id } = await store.create(fieldsWith(ARTIST))
    const lost = await start(store, id, SHORT_LEASE)
    const { documents: [taken] } = await eventually(
      async () => await store.startRefreshes([id], LEASE), ({ documents }) => documents.length > 0)
    t.equal(taken?.refresh.claim, 2)
    t.same(await store.saveResults([resultOf(lost, 1)]), { saved: [], superseded: [id] })
    t.same(await store.saveResults([resultOf(taken as InsightDocument, 2)]), { saved: [id], superseded: [] })
    t.ok((await find(store, id)).sources.every(source => source.count === 2))
  })

  contract('an extended lease holds, and a lost one is not extended', async (t, store) => {
    const { id } = await store.create(fieldsWith())
    const run = await start(store, id, { leaseMs: 2_000 })
    await store.extendLeases([{ id, claim: run.refresh.claim }], LEASE)
    const held = await find(store, id)
    t.ok(Date.parse(held.refresh.lease_until ?? '') > Date.parse(run.refresh.lease_until ?? ''))
    await store.extendLeases([{ id, claim: run.refresh.claim - 1 }], { leaseMs: 3_600_000 })
    t.equal((await find(store, id)).refresh.lease_until, held.refresh.lease_until)
  })

  contract('changed accounts make a run in progress worthless at once', async (t, store) => {
    const { id } = await store.create(fieldsWith(ARTIST))
    const old = await start(store, id)
    await store.replaceFields(id, fieldsWith({ ...ARTIST, twitter_handle: 'other' }))
    t.same(await store.saveResults([resultOf(old, 5)]), { saved: [], superseded: [id] })
    const current = await start(store, id)
    t.match(current, { identity_rev: 2, refresh: { claim: 2 } }, 'the next run need not wait for the old lease')
    t.ok(current.sources.every(source => source.count === null), 'no count of the old accounts came in')
  })

  contract('a run during which other fields change saves its counts and is followed by another', async (t, store) => {
    const { id } = await store.create(fieldsWith(ARTIST))
    const run = await start(store, id)
    await store.replaceFields(id, fieldsWith({ ...ARTIST, connects: 9 }))
    t.same(await store.saveResults([resultOf(run, 5)]), { saved: [id], superseded: [] })
    const after = await find(store, id)
    t.match(after, { rev: 2, fields: { connects: 9 }, refresh: { wanted: 2, done: 1, is_pending: true } })
    t.same(await store.claimDue({ limit: 1, ...LEASE }), [id], 'it is due at once')
  })

  for (const [when, endWith] of [['that goes on', null], ['that ends', undefined]] as const) {
    contract(`a run ${when} leaves the score of fields that have changed meanwhile, and the next one brings it up to date`, async (t, store) => {
      const { id } = await store.create(fieldsWith(ARTIST))
      await store.saveResults([resultOf(await start(store, id), 5)])
      await store.requestRefresh(id)
      const run = await start(store, id)
      const replaced = await store.replaceFields(id, fieldsWith({ ...ARTIST, connects: 9_000 }))
      t.same(await store.saveResults([resultOf(run, 50_000, endWith)]), { saved: [id], superseded: [] })
      const after = await find(store, id)
      t.same([after.score, after.breakdown], [replaced?.score, replaced?.breakdown])
      t.ok(after.sources.every(source => source.count === 50_000), 'its counts are there')
      t.equal(after.refresh.is_pending, true, 'one more run is wanted')
      if (endWith === null) await store.saveResults([resultOf(run, 50_000)])
      await store.saveResults([resultOf(await start(store, id), 50_000)])
      const { breakdown, score, sources, fields, refresh } = await find(store, id)
      t.same(breakdown, explain(INSIGHT_1, toSignals(fields, sources, INSIGHT_1)))
      t.equal(score, breakdown?.score)
      t.ok(score > after.score, 'it has the new counts in it')
      t.equal(refresh.is_pending, false)
    })
  }

  contract('a first run during whose course the fields change gives a first score, and the next one brings it up to date', async (t, store) => {
    const { id } = await store.create(fieldsWith(ARTIST))
    const run = await start(store, id)
    await store.replaceFields(id, fieldsWith({ ...ARTIST, connects: 9_000 }))
    const first = resultOf(run, 5)
    await store.saveResults([first])
    t.match(await find(store, id), { score: first.breakdown.score, breakdown: first.breakdown, refresh: { is_pending: true } })
    await store.saveResults([resultOf(await start(store, id), 5)])
    const { breakdown, sources, fields } = await find(store, id)
    t.same(breakdown, explain(INSIGHT_1, toSignals(fields, sources, INSIGHT_1)))
  })

  contract('counts can be saved while the run goes on', async (t, store) => {
    const { id } = await store.create(fieldsWith(ARTIST))
    const run = await start(store, id)
    await store.saveResults([resultOf(run, 5, null)])
    const during = await find(store, id)
    t.match(during, { refresh: { is_running: true, is_pending: true, done: 0 } })
    t.ok(during.score > 0)
    t.same(await store.saveResults([resultOf(run, 6)]), { saved: [id], superseded: [] })
  })

  contract('a bulk write saves what is current and drops what is not', async (t, store) => {
    const created = await Promise.all(Array.from({ length: 20 }, async () => await store.create(fieldsWith(ARTIST))))
    const { documents } = await store.startRefreshes(created.map(document => document.id), LEASE)
    t.equal(documents.length, 20)
    await store.remove(documents[3]?.id ?? 0)
    await store.replaceFields(documents[7]?.id ?? 0, fieldsWith())
    const { saved, superseded } = await store.saveResults(documents.map(document => resultOf(document, 5)))
    t.same(superseded, [documents[3]?.id, documents[7]?.id])
    t.equal(saved.length, 18)
    const stored = await find(store, saved[0] ?? 0)
    t.match(stored, { rev: 1, identity_rev: 1, refresh: { done: 1, is_pending: false } })
    t.equal(stored.score, stored.breakdown?.score)
  })

  contract('fault 30: a thousand concurrent changes of both owners lose nothing', async (t, store) => {
    const { id } = await store.create(fieldsWith(ARTIST))
    for (let round = 1; round <= 500; round++) {
      const run = await start(store, id)
      await Promise.all([
        store.replaceFields(id, fieldsWith({ ...ARTIST, connects: round })),
        store.saveResults([resultOf(run, round)])
      ])
      const after = await find(store, id)
      t.equal(after.fields.connects, round)
      t.ok(after.sources.every(source => source.count === round))
      t.equal(after.refresh.is_pending, true)
    }
  })

  contract('the time that a run is given is the clock of the store', async (t, store) => {
    const { id } = await store.create(fieldsWith())
    const { now, documents: [document] } = await store.startRefreshes([id], { leaseMs: 5_000 })
    const lease = Date.parse(document?.refresh.lease_until ?? '') - now
    t.ok(lease > 0 && lease <= 5_000, `the lease ends ${lease} ms later`)
  })

  t.test(`${name}: a store that is away rejects with INS_STORE_UNAVAILABLE`, async t => {
    const { store, breakStore } = await open(t)
    await store.ping()
    await breakStore()
    const away = { code: 'INS_STORE_UNAVAILABLE', retryable: true }
    // Together, because each waits for the store for a while.
    const calls: Array<Promise<any>> = [
      store.ping(),
      store.create(fieldsWith()),
      store.find(1),
      store.replaceFields(1, fieldsWith()),
      store.claimDue({ limit: 1, ...LEASE }),
      store.startRefreshes([1], LEASE),
      store.saveResults([]),
      store.backlog()
    ]
    await Promise.all(calls.map(async call => { await t.rejects(call, away) }))
  })
}
