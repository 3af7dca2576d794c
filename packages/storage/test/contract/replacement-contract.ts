import { defaultFields, explain, INSIGHT_1, toSignals, type InsightFields, type SourceRecord } from '@insights/shared'
import type { InsightDocument, InsightStore } from '../../src/port.js'

type Tap = import('tap').Test

const LEASE = { leaseMs: 60_000 }
const ARTIST: InsightFields = {
  ...defaultFields(),
  twitter_handle: 'gigpro',
  instagram_handle: 'gigpro',
  works: [{ item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7 }]
}

/** What `InsightStore` promises of `replaceFields`, beside what the suite of the whole store tests. */
export function replacementContract (t: Tap, name: string, open: () => Promise<InsightStore>): void {
  const contract = (title: string, test: (t: Tap, store: InsightStore) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async t => { await test(t, await open()) })
  }
  /** An insight whose sources all have this count. */
  const refreshed = async (store: InsightStore, count: number): Promise<InsightDocument> => {
    const { id } = await store.create(ARTIST)
    const { documents: [run] } = await store.startRefreshes([id], LEASE)
    if (run === undefined) throw new Error('not started')
    const sources: SourceRecord[] = run.sources.map(source => ({ ...source, state: 'ok', count }))
    const breakdown = explain(INSIGHT_1, toSignals(run.fields, sources, INSIGHT_1))
    await store.saveResults([{
      id, claim: run.refresh.claim, identity_rev: run.identity_rev, rev: run.rev, sources, breakdown, end: { done: run.refresh.wanted, nextInMs: 3_600_000 }
    }])
    return await store.find(id) as InsightDocument
  }

  contract('the score never includes the counts of an account that is gone', async (t, store) => {
    const before = await refreshed(store, 50_000)
    const after = await store.replaceFields(before.id, { ...ARTIST, twitter_handle: null, works: [] })
    const line = (document: InsightDocument | null, signal: string): unknown =>
      document?.breakdown?.lines.find(line => line.signal === signal)?.value
    t.equal(line(before, 'twitter_followers'), 50_000)
    t.equal(line(after, 'twitter_followers'), null)
    t.equal(line(after, 'non_app_plays'), null)
    t.equal(line(after, 'instagram_followers'), 50_000, 'that of an account that stays is kept')
    t.ok(Number(after?.score) < before.score)
    t.equal(after?.score, after?.breakdown?.score)
    t.same(await store.find(before.id), after, 'it is stored so')
  })

  contract('the score follows other fields in the same write', async (t, store) => {
    const before = await refreshed(store, 5)
    const after = await store.replaceFields(before.id, { ...ARTIST, connects: 10_000 })
    t.same(after?.breakdown, explain(INSIGHT_1, toSignals({ ...ARTIST, connects: 10_000 }, before.sources, INSIGHT_1)))
    t.equal(after?.score, after?.breakdown?.score)
  })

  contract('an insight that was never refreshed has no score after a replacement either', async (t, store) => {
    const { id } = await store.create(ARTIST)
    t.match(await store.replaceFields(id, { ...ARTIST, connects: 10_000 }), { rev: 2, score: 0, breakdown: null })
  })

  contract('a replacement by the same fields changes nothing at all', async (t, store) => {
    const before = await refreshed(store, 5)
    const same = Object.fromEntries(Object.entries(ARTIST).toReversed()) as unknown as InsightFields
    t.same(await store.replaceFields(before.id, same), before)
    t.same(await store.replaceFields(before.id, same, { ifRev: 1 }), before)
    t.same(await store.find(before.id), before)
    t.same(await store.claimDue({ limit: 1, ...LEASE }), [], 'nothing is due')
    await t.rejects(store.replaceFields(before.id, same, { ifRev: 2 }), { code: 'INS_INSIGHT_CHANGED' })
  })
}
