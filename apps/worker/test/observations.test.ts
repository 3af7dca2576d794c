import { t } from 'tap'
import { explain, INSIGHT_1, pendingSource, toSignals, toTimestamp, type SourceRecord } from '@insights/shared'
import { compactHistory } from '../src/compact.js'
import { toObservation } from '../src/observations.js'
import { refreshInsights } from '../src/refresh.js'
import { eachStore, rewriteSources } from './each-store.js'
import { DAY, EXAMPLE_2, keepLog } from './open-stage.js'

const NOW = Date.parse('2026-11-20T18:00:00.000Z')
const HOUR = 3_600_000

const record = (changes: Partial<SourceRecord> = {}): SourceRecord => ({
  ...pendingSource({ platform: 'x', source_id: 'gigpro' }), state: 'ok', count: 5, fetched_at: toTimestamp(NOW - HOUR), ...changes
})
const confirmed = (count: number): SourceRecord => record({ count, fetched_at: toTimestamp(NOW) })
const failed = (changes: Partial<SourceRecord> = {}): SourceRecord =>
  record({ state: 'stale', error: { code: 'INS_PLATFORM_TIMEOUT', detail: '', at: toTimestamp(NOW) }, ...changes })

t.test('a change of count or state is an observation', async t => {
  const at = toTimestamp(NOW)
  const source = { platform: 'x', source_id: 'gigpro', at }
  t.strictSame(toObservation(record(), confirmed(6), NOW), { ...source, count: 6, state: 'ok' })
  t.strictSame(toObservation(pendingSource({ platform: 'x', source_id: 'gigpro' }), confirmed(0), NOW), { ...source, count: 0, state: 'ok' })
  t.strictSame(toObservation(record(), failed(), NOW), { ...source, count: null, state: 'stale' }, 'the value that is kept was not observed')
  t.strictSame(toObservation(failed(), confirmed(5), NOW), { ...source, count: 5, state: 'ok' })
  t.strictSame(toObservation(record(), record({ count: null, fetched_at: null, state: 'stale' }), NOW), { ...source, count: null, state: 'stale' })
})

t.test('without a change the first try of each UTC day is one, and the others are not', async t => {
  t.equal(toObservation(record(), confirmed(5), NOW), null)
  t.equal(toObservation(record({ fetched_at: '2026-11-20T00:00:00.000Z' }), confirmed(5), NOW), null)
  t.match(toObservation(record({ fetched_at: '2026-11-19T23:59:59.999Z' }), confirmed(5), NOW), { count: 5 })
  const earlier = failed({ fetched_at: '2026-11-01T00:00:00.000Z' })
  t.equal(toObservation(earlier, failed({ fetched_at: '2026-11-01T00:00:00.000Z' }), NOW), null, 'a failed try is one as well')
  const yesterday = failed({ error: { code: 'INS_PLATFORM_TIMEOUT', detail: '', at: '2026-11-19T12:00:00.000Z' } })
  t.match(toObservation({ ...yesterday, fetched_at: null }, failed({ fetched_at: null }), NOW), { count: null, state: 'stale' })
})

t.test('what no platform is asked for is an observation once', async t => {
  for (const state of ['not_configured', 'invalid_id'] as const) {
    const before = record({ state, count: null, fetched_at: null, error: { code: 'INS_PLATFORM_ID', detail: '', at: '2026-11-19T12:00:00.000Z' } })
    t.equal(toObservation(before, { ...before, error: { code: 'INS_PLATFORM_ID', detail: '', at: toTimestamp(NOW) } }, NOW), null)
    t.match(toObservation(record(), { ...before, fetched_at: toTimestamp(NOW - HOUR) }, NOW), { state, count: null })
  }
})

t.test('a source that goes on failing, in whatever ways, leaves one gap a minute at most', async t => {
  const lastMinute = (ms: number): SourceRecord => failed({ error: { code: 'INS_PLATFORM_TIMEOUT', detail: '', at: toTimestamp(NOW - ms) } })
  t.equal(toObservation(lastMinute(59_999), failed({ state: 'rate_limited' }), NOW), null)
  t.match(toObservation(lastMinute(60_000), failed({ state: 'rate_limited' }), NOW), { state: 'rate_limited' })
  t.match(toObservation(lastMinute(1), confirmed(5), NOW), { state: 'ok' }, 'a count is none')
  t.match(toObservation(record({ fetched_at: toTimestamp(NOW - 1) }), failed({ fetched_at: toTimestamp(NOW - 1) }), NOW), { state: 'stale' }, 'nor is the first gap')
})

await eachStore(t, (name, { store, history, sandbox, depsWith }) => {
  t.beforeEach(() => { sandbox.reset() })
  const readX = async (id: number): Promise<Array<[count: number | null, state: string]>> => {
    const all = await history.read(id, [{ platform: 'x', source_id: 'gigpro' }], { from: null, to: null, limit: 100 })
    return all.map(({ count, state }) => [count, state])
  }

  t.test(`${name}: refreshes leave what changed, and a source whose platform is slow is observed once`, async t => {
    sandbox.entities.set('x', 'gigpro', { count: 100 })
    const { id } = await store.create(EXAMPLE_2)
    sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 300 })
    const deps = { ...depsWith(t), patienceMs: 30 }
    await refreshInsights(deps, [id])
    const again = async (): Promise<void> => {
      await rewriteSources(store, id, source => ({ ...source, next_at: null }))
      await store.requestRefresh(id)
      await refreshInsights(deps, [id])
    }
    await again()
    sandbox.entities.set('x', 'gigpro', { count: 101 })
    await again()
    t.same(await readX(id), [[100, 'ok'], [101, 'ok']])
    const youtube = await history.read(id, [{ platform: 'youtube', source_id: 'l4WNrvVjiTw' }], { from: null, to: null, limit: 100 })
    t.same(youtube.map(({ count }) => count), [30])
  })

  t.test(`${name}: the history is thinned out as far as its time has come`, async t => {
    const { id } = await store.create(EXAMPLE_2)
    const day = Math.floor(Date.now() / DAY) * DAY - 40 * DAY
    const { documents: [run] } = await store.startRefreshes([id], { leaseMs: 60_000 })
    if (run === undefined) throw new Error('not started')
    const observations = Array.from({ length: 24 }, (_one, hour) => (
      { platform: 'x' as const, source_id: 'gigpro', at: toTimestamp(day + hour * HOUR), count: hour, state: 'ok' as const }))
    const { sources, identity_rev: identityRev, rev, refresh, fields } = run
    const breakdown = explain(INSIGHT_1, toSignals(fields, sources, INSIGHT_1))
    await store.saveResults([{ id, claim: refresh.claim, identity_rev: identityRev, rev, sources, breakdown, observations, end: null }])
    t.equal(await compactHistory({ history, log: keepLog() }), 23)
    t.equal(await compactHistory({ history, log: keepLog() }), 0)
    t.same(await readX(id), [[23, 'ok']])
  })
})

t.test('one plan thins out a bounded piece', async t => {
  const limits: number[] = []
  const compact = async ({ limit }: { limit: number }): Promise<{ examined: number, removed: number }> => {
    limits.push(limit)
    return { examined: limit, removed: 1 }
  }
  t.equal(await compactHistory({ history: { compact }, log: keepLog() }), limits.length)
  t.same(new Set(limits), new Set([250]))
  t.ok(limits.length <= 32)
})
