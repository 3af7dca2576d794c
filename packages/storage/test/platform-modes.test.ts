import { t } from 'tap'
import {
  defaultFields, explain, INSIGHT_1, linkedSources, PLATFORMS, toSignals, toTimestamp, type InsightFields, type Platform, type SourceRecord
} from '@insights/shared'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { createPgliteHistoryStore, createPgliteInsightStore, migratePglite, settlePlatformModes } from '../src/pglite/index.js'
import type { InsightDocument } from '../src/port.js'

const db = await openMemoryDatabase()
t.teardown(async () => { await db.close() })
await migratePglite(db)
const store = createPgliteInsightStore(db)
t.beforeEach(async () => { await db.exec('truncate insights.insights, insights.observations, insights.platform_modes') })

const ARTIST: InsightFields = {
  ...defaultFields(),
  twitter_handle: 'gigpro',
  works: [
    { item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7 },
    { item_id: '230230230', source_type: 2, is_individual_work: true, in_app_plays: 7 }
  ]
}

const credentials = (...live: Platform[]): Record<Platform, boolean> =>
  Object.fromEntries(PLATFORMS.map(platform => [platform, live.includes(platform)])) as Record<Platform, boolean>

/** An insight with a count everywhere, due in a day. */
async function refreshed (changes: Partial<SourceRecord> = {}): Promise<InsightDocument> {
  const { id } = await store.create(ARTIST)
  const { documents: [run], now } = await store.startRefreshes([id], { leaseMs: 60_000 })
  if (run === undefined) throw new Error('not started')
  const next = toTimestamp(now + 86_400_000)
  const sources = run.sources.map((source): SourceRecord => ({ ...source, state: 'ok', count: 5_000_000, fetched_at: toTimestamp(now), next_at: next, ...changes }))
  const breakdown = explain(INSIGHT_1, toSignals(run.fields, sources, INSIGHT_1))
  const observations = sources.map(({ platform, source_id: sourceId }) => (
    { platform, source_id: sourceId, at: toTimestamp(now), count: 5_000_000, state: 'ok' as const }))
  await store.saveResults([{ id, claim: 1, identity_rev: 1, rev: 1, sources, observations, breakdown, end: { done: 1, nextInMs: 86_400_000 } }])
  return await find(id)
}

async function find (id: number): Promise<InsightDocument> {
  const document = await store.find(id)
  if (document === null) throw new Error('not there')
  return document
}

t.test('platforms begin in the sandbox, and a start that changes nothing touches no insight', async t => {
  t.match(await settlePlatformModes(db, credentials()), { youtube: 'sandbox', x: 'sandbox' })
  const before = await refreshed()
  await settlePlatformModes(db, credentials())
  t.same(await find(before.id), before)
})

t.test('a platform that goes live loses what the sandbox made up, in the score too, and is due at once', async t => {
  await settlePlatformModes(db, credentials())
  const before = await refreshed()
  t.match(await settlePlatformModes(db, credentials('youtube')), { youtube: 'live', soundcloud: 'sandbox' })
  const after = await find(before.id)
  t.match(after.sources, [{ platform: 'youtube', state: 'pending', count: null, fetched_at: null, next_at: null }, before.sources[1], before.sources[2]])
  t.match(after.refresh, { wanted: 2, done: 1, is_pending: true, is_running: false })
  t.ok(after.score < before.score)
  t.same(after.breakdown, explain(INSIGHT_1, toSignals(after.fields, after.sources, INSIGHT_1)))
  t.same([after.rev, after.identity_rev], [before.rev, before.identity_rev], 'the client\'s part is not touched')
  t.same(await store.claimDue({ limit: 10, leaseMs: 60_000 }), [before.id])
  const late = await store.saveResults([{ id: before.id, claim: 1, identity_rev: 1, rev: 1, sources: before.sources, breakdown: explain(INSIGHT_1, toSignals(before.fields, before.sources, INSIGHT_1)), end: null }])
  t.same(late.superseded, [before.id], 'no run from before writes them again')
  await settlePlatformModes(db, credentials('youtube'))
  t.equal((await find(before.id)).refresh.wanted, 2, 'it happens once')
})

t.test('a platform that goes live loses the history that the sandbox made up, and keeps what is real', async t => {
  await settlePlatformModes(db, credentials('soundcloud'))
  const { id } = await refreshed()
  const history = createPgliteHistoryStore(db)
  const platforms = async (): Promise<string[]> =>
    (await history.read(id, linkedSources(ARTIST), { from: null, to: null, limit: 9 })).map(({ platform }) => platform)
  t.same(await platforms(), ['soundcloud', 'x', 'youtube'])
  await settlePlatformModes(db, credentials('soundcloud', 'x'))
  t.same(await platforms(), ['soundcloud', 'youtube'])
  await settlePlatformModes(db, credentials())
  await settlePlatformModes(db, credentials('soundcloud', 'x', 'facebook'))
  t.same(await platforms(), ['soundcloud', 'youtube'])
})

t.test('an insight that was never refreshed has no score afterwards either', async t => {
  await settlePlatformModes(db, credentials())
  const { id } = await store.create(ARTIST)
  await settlePlatformModes(db, credentials('youtube'))
  t.match(await find(id), { score: 0, breakdown: null, refresh: { wanted: 2, done: 0 } })
})

t.test('an insight that does not link to the platform is left alone', async t => {
  await settlePlatformModes(db, credentials())
  const before = await refreshed()
  await settlePlatformModes(db, credentials('facebook'))
  t.same(await find(before.id), before)
})

t.test('insights of a directory that remembers nothing are taken for the sandbox\'s', async t => {
  const before = await refreshed()
  await settlePlatformModes(db, credentials('x'))
  t.match((await find(before.id)).sources[2], { platform: 'x', state: 'pending', count: null })
})

t.test('a platform that was live never goes back to the sandbox, and keeps its counts', async t => {
  await settlePlatformModes(db, credentials('x'))
  const before = await refreshed()
  t.match(await settlePlatformModes(db, credentials()), { x: 'not_configured', youtube: 'sandbox' })
  t.match(await settlePlatformModes(db, credentials()), { x: 'not_configured' })
  t.same(await find(before.id), before)
})

t.test('credentials that are back make what waits for them due at once, and drop nothing', async t => {
  await settlePlatformModes(db, credentials(...PLATFORMS))
  const before = await refreshed({ state: 'not_configured' })
  await settlePlatformModes(db, credentials())
  await settlePlatformModes(db, credentials('youtube'))
  const after = await find(before.id)
  t.match(after.sources[0], { state: 'not_configured', count: 5_000_000, next_at: null })
  t.same(after.sources.slice(1), before.sources.slice(1))
  t.match(after.refresh, { is_pending: true })
})

t.test('more insights than fit into one step are all changed', async t => {
  await settlePlatformModes(db, credentials())
  await store.create(ARTIST)
  await db.exec(`insert into insights.insights (fields, sources, due_at, asked_at, created_at, updated_at)
    select fields, sources, due_at, asked_at, created_at, updated_at from insights.insights, generate_series(2, 1200)`)
  await settlePlatformModes(db, credentials('x'))
  const { rows } = await db.query<{ count: number }>('select count(*)::int as count from insights.insights where wanted = 2')
  t.equal(rows[0]?.count, 1_200)
})
