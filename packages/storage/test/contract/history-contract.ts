import fc from 'fast-check'
import {
  defaultFields, explain, INSIGHT_1, SOURCE_STATES, toSignals, type InsightFields, type Platform, type SourceLink
} from '@insights/shared'
import type { HistoryStore, Observation, SourceObservation } from '../../src/history-port.js'
import { compareSources } from '../../src/history-rules.js'
import type { InsightDocument, InsightStore, RefreshResult } from '../../src/port.js'
import { keptOf } from './kept-of.js'

type Tap = import('tap').Test

export interface OpenedHistory {
  store: InsightStore
  history: HistoryStore
  /** Puts observations into the store as they are, past everything that checks them. */
  plant: (observations: readonly Observation[]) => Promise<void>
}

const LEASE = { leaseMs: 60_000 }
const HOUR = 3_600_000
const DAY = 24 * HOUR
const ALL = { from: null, to: null, limit: 10_000 }
const NOTHING_OPEN = { limit: 10, afterMs: 0 }
/** The test may be slow: an observation that is younger than an age at which a rule changes stays so for long enough. */
const MARGIN = HOUR / 2

const ARTIST: InsightFields = {
  ...defaultFields(),
  twitter_handle: '@gigpro',
  works: [
    { item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7 },
    { item_id: 'a|b:"ñ😀', source_type: 2, is_individual_work: true, in_app_plays: 7 },
    { item_id: 'a|b:"ñ\ufb01', source_type: 2, is_individual_work: true, in_app_plays: 7 }
  ]
}
const X = { platform: 'x' as const, source_id: '@gigpro' }
const YOUTUBE = { platform: 'youtube' as const, source_id: 'l4WNrvVjiTw' }
const SOUNDCLOUD = { platform: 'soundcloud' as const, source_id: 'a|b:"ñ😀' }
const SECOND_TRACK = { platform: 'soundcloud' as const, source_id: 'a|b:"ñ\ufb01' }
/** In the order of a history: by code points the second track comes before the first, unlike by UTF-16. */
const SOURCES: SourceLink[] = [SECOND_TRACK, SOUNDCLOUD, X, YOUTUBE]

function resultOf (document: InsightDocument, observations: SourceObservation[], isEnd = true): RefreshResult {
  const { id, sources, refresh } = document
  const breakdown = explain(INSIGHT_1, toSignals(document.fields, sources, INSIGHT_1))
  const end = isEnd ? { done: refresh.wanted, nextInMs: HOUR } : null
  return { id, claim: refresh.claim, identity_rev: document.identity_rev, rev: document.rev, sources, breakdown, observations, end }
}

const observed = (source: { platform: Platform, source_id: string }, at: number, count: number | null = 5): SourceObservation =>
  ({ ...source, at: new Date(at).toISOString(), count, state: count === null ? 'stale' : 'ok' })

/** The promises of `HistoryStore`, for any adapter. `open` gives the same store each time: tests use insights of their own. */
export function historyContract (t: Tap, name: string, open: () => Promise<OpenedHistory>): void {
  const contract = (title: string, test: (t: Tap, opened: OpenedHistory) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async t => { await test(t, await open()) })
  }
  const start = async (store: InsightStore, id: number): Promise<InsightDocument> => {
    const { documents: [document] } = await store.startRefreshes([id], LEASE)
    if (document === undefined) throw new Error(`Insight ${id} was not started`)
    return document
  }
  const readAll = async (history: HistoryStore, id: number, sources = SOURCES): Promise<SourceObservation[]> =>
    await history.read(id, sources, ALL)
  const compactAll = async (history: HistoryStore, limit = 250): Promise<number> => {
    let removed = 0
    for (;;) {
      const step = await history.compact({ limit })
      removed += step.removed
      if (step.examined < limit) return removed
    }
  }
  const [now, earlier] = [Date.now(), Date.now() - HOUR]
  const belongingTo = (id: number, observations: readonly SourceObservation[]): Observation[] =>
    observations.map(one => ({ ...one, insight_id: id }))

  contract('what a run observed is there once its result is saved', async (t, { store, history }) => {
    const { id } = await store.create(ARTIST)
    const run = await start(store, id)
    const first = [observed(X, earlier, 0), observed(YOUTUBE, earlier + 1, Number.MAX_SAFE_INTEGER)]
    const second = [observed(SOUNDCLOUD, now, null)]
    await store.saveResults([resultOf(run, first, false)])
    await store.saveResults([resultOf(run, second)])
    t.strictSame(await readAll(history, id), [...second, ...first])
    t.same(await readAll(history, id + 1_000_000), [])
  })

  contract('of a bulk only what is saved leaves observations', async (t, { store, history }) => {
    const created = await Promise.all([1, 2, 3, 4].map(async () => await store.create(ARTIST)))
    const { documents } = await store.startRefreshes(created.map(({ id }) => id), LEASE)
    const [removed, changed, kept, silent] = documents as [InsightDocument, InsightDocument, InsightDocument, InsightDocument]
    await store.remove(removed.id)
    await store.replaceFields(changed.id, { ...ARTIST, instagram_handle: 'new' })
    const results = documents.map(document => resultOf(document, document.id === silent.id ? [] : [observed(X, now)]))
    t.same((await store.saveResults(results)).saved, [kept.id, silent.id])
    for (const { id } of [removed, changed, silent]) t.same(await readAll(history, id), [], 'nothing of what was overtaken')
    t.equal((await readAll(history, kept.id)).length, 1)
  })

  contract('an observation is kept once, the first one as it was', async (t, { store, history }) => {
    const { id } = await store.create(ARTIST)
    const run = await start(store, id)
    await store.saveResults([resultOf(run, [observed(X, earlier, 1)], false)])
    await store.saveResults([resultOf(run, [observed(X, earlier, 2), observed(X, earlier + 1, 3)])])
    t.same((await readAll(history, id)).map(({ count }) => count), [1, 3])
  })

  contract('every state survives', async (t, { store, history }) => {
    const { id } = await store.create(ARTIST)
    const all = SOURCE_STATES.map((state, index) => ({ ...observed(X, earlier + index, null), state }))
    await store.saveResults([resultOf(await start(store, id), all)])
    t.strictSame(await readAll(history, id), all)
  })

  contract('reading gives the sources and the range that were asked for, in order, and no more than the limit', async (t, { store, history, plant }) => {
    const { id } = await store.create(ARTIST)
    const other = await store.create(ARTIST)
    const base = now - DAY
    const model = SOURCES.flatMap((source, index) => Array.from({ length: 12 }, (_one, hour) => observed(source, base + hour * HOUR, index)))
    await plant(belongingTo(id, model))
    await plant(belongingTo(other.id, model.map(one => ({ ...one, count: 99 }))))
    const hour = fc.option(fc.integer({ min: -1, max: 13 }))
    await fc.assert(fc.asyncProperty(fc.subarray(SOURCES), hour, hour, fc.integer({ min: 1, max: 50 }), async (sources, from, to, limit) => {
      const toText = (hour: number | null): string | null => hour === null ? null : new Date(base + hour * HOUR).toISOString()
      const range = { from: toText(from), to: toText(to), limit }
      const expected = model.filter(one => sources.some(source => compareSources(source, one) === 0))
        .filter(({ at }) => (range.from === null || at >= range.from) && (range.to === null || at < range.to)).slice(0, limit)
      t.strictSame(await history.read(id, sources.toReversed(), range), expected)
    }), { numRuns: 40 })
  })

  contract('what a platform no longer allows is not given, whether or not it was removed', async (t, { store, history, plant }) => {
    const { id } = await store.create(ARTIST)
    const ages = [29 * DAY, 28 * DAY + 2 * HOUR, 28 * DAY - MARGIN, DAY]
    await plant(belongingTo(id, [X, YOUTUBE].flatMap(source => ages.map(age => observed(source, now - age)))))
    const platforms = (await readAll(history, id)).map(({ platform }) => platform)
    t.same(platforms, ['x', 'x', 'x', 'x', 'youtube', 'youtube'])
    const [from, to] = [now - 40 * DAY, now - 2 * DAY].map(at => new Date(at).toISOString()) as [string, string]
    t.equal((await history.read(id, [YOUTUBE], { from, to, limit: 9 })).length, 1)
    await compactAll(history)
    t.equal((await readAll(history, id)).length, 6)
  })

  contract('with an insight its history goes, whatever a run brings later', async (t, { store, history, plant }) => {
    const { id } = await store.create(ARTIST)
    const kept = await store.create(ARTIST)
    for (const one of [id, kept.id]) await plant(belongingTo(one, SOURCES.map(source => observed(source, earlier))))
    const run = await start(store, id)
    await store.remove(id)
    t.same(await readAll(history, id), [])
    await store.saveResults([resultOf(run, [observed(X, now)])])
    t.same(await readAll(history, id), [])
    t.equal((await readAll(history, kept.id)).length, SOURCES.length, 'that of others stays')
  })

  contract('a save and a removal at the same moment leave no observation', async (t, { store, history }) => {
    for (let round = 0; round < 12; round++) {
      const { id } = await store.create(ARTIST)
      const run = await start(store, id)
      await Promise.all([
        store.saveResults([resultOf(run, [observed(X, now)], false)]), store.remove(id),
        store.saveResults([resultOf(run, [observed(X, now + 1)])])
      ])
      t.same(await readAll(history, id), [])
    }
  })

  contract('the history of an account that is no longer linked goes, that of the others stays', async (t, { store, history, plant }) => {
    const { id } = await store.create(ARTIST)
    await plant(belongingTo(id, SOURCES.map(source => observed(source, earlier))))
    const platformsLeft = async (): Promise<string[]> => (await readAll(history, id)).map(({ platform }) => platform)
    await store.replaceFields(id, { ...ARTIST, connects: 3, works: ARTIST.works.toReversed() })
    t.equal((await platformsLeft()).length, SOURCES.length, 'the same accounts')
    await store.replaceFields(id, { ...ARTIST, twitter_handle: 'other' })
    t.same(await platformsLeft(), ['soundcloud', 'soundcloud', 'youtube'])
    await store.replaceFields(id, ARTIST)
    t.same(await platformsLeft(), ['soundcloud', 'soundcloud', 'youtube'], 'it does not come back')
    t.equal(await store.finishRemovals(NOTHING_OPEN), 0, 'nothing is left to do')
  })

  contract('so does that of an account that an import has replaced', async (t, { store, history, plant }) => {
    const name = `artist-${now}`
    const fields = { ...ARTIST, external_id: name }
    const { id } = await store.create(fields)
    await plant(belongingTo(id, SOURCES.map(source => observed(source, earlier))))
    await store.importMany([{ ...fields, works: [], twitter_handle: 'between' }, fields, { ...fields, works: [] }])
    t.same(await readAll(history, id), [])
    t.equal(await store.finishRemovals(NOTHING_OPEN), 0)
  })

  contract('thinning out leaves exactly what the rules keep, in whatever portions', async (t, { store, history, plant }) => {
    await compactAll(history)
    // Half an hour away from every age at which a rule changes.
    const ages = [...Array.from({ length: 36 }, (_one, n) => n * HOUR), ...[29, 30, 31, 200, 363, 364, 365, 366, 367, 380, 3_649, 3_650].map(days => days * DAY)]
      .flatMap(age => [0.1, 0.2, 3].map(more => age + HOUR / 2 + more * HOUR))
    for (const limit of [40, 500]) {
      const { id } = await store.create(ARTIST)
      const all = [X, YOUTUBE].flatMap((source, n) => ages.map((age, index) => observed(source, now - age, (index * 7 + n) % 5 === 0 ? null : index)))
        .sort((a, b) => compareSources(a, b) || (a.at < b.at ? -1 : 1))
      await plant(belongingTo(id, all))
      await compactAll(history, limit)
      const sources = [X, YOUTUBE]
      t.strictSame(await readAll(history, id, sources),
        sources.flatMap(source => keptOf(all.filter(one => compareSources(one, source) === 0), now)))
    }
  })

  contract('thinning out goes in portions, the longest waiting first, and ends', async (t, { store, history, plant }) => {
    await compactAll(history)
    const { id } = await store.create(ARTIST)
    await plant(belongingTo(id, [31, 30, 29].map(days => observed(YOUTUBE, now - days * DAY - HOUR))))
    t.same(await history.compact({ limit: 1 }), { examined: 1, removed: 1 })
    t.same(await history.compact({ limit: 5 }), { examined: 2, removed: 2 })
    await plant(belongingTo(id, [observed(X, now - 31 * DAY)]))
    t.same(await history.compact({ limit: 5 }), { examined: 1, removed: 0 })
    t.same(await history.compact({ limit: 5 }), { examined: 0, removed: 0 }, 'nothing comes up again before its time')
  })

  contract('two processes that thin out at once leave what one would', async (t, { store, history, plant }) => {
    const { id } = await store.create(ARTIST)
    const all = Array.from({ length: 150 }, (_one, step) => observed(X, now - 31 * DAY - (150 - step) * 3 * HOUR))
    await plant(belongingTo(id, all))
    await Promise.all([1, 2].map(async () => await compactAll(history, 20)))
    t.strictSame(await readAll(history, id), keptOf(all, now))
  })

  contract('what belongs to nobody is removed when its time comes, a day after it was observed', async (t, { store, history, plant }) => {
    await compactAll(history)
    const { id } = await store.create(ARTIST)
    const stranger = { platform: 'x' as const, source_id: 'former' }
    const gone = id + 1_000_000
    const ages = [DAY - 2 * HOUR, DAY + MARGIN]
    await plant([...belongingTo(id, [stranger, X].flatMap(source => ages.map(age => observed(source, now - age)))),
      ...belongingTo(gone, ages.map(age => observed(X, now - age)))])
    t.same(await history.compact({ limit: 10 }), { examined: 3, removed: 2 })
    t.same([(await readAll(history, gone)).length, (await readAll(history, id, [stranger])).length, (await readAll(history, id)).length], [1, 1, 2])
  })
}
