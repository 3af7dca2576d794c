import { t } from 'tap'
import { toTimestamp, type SourceRecord } from '@insights/shared'
import type { InsightStore } from '@insights/storage'
import { refreshInsights } from '../src/refresh.js'
import { eachStore, rewriteSources } from './each-store.js'
import { DAY, EXAMPLE_2, sourcesOf } from './open-stage.js'

await eachStore(t, (name, { store, sandbox, depsWith, find }) => {
  t.beforeEach(() => { sandbox.reset() })

  t.test(`${name}: a count of YouTube has to go after 28 days although the platform is parked for longer, and the score goes with it`, async t => {
    const { id } = await store.create(EXAMPLE_2)
    const deps = depsWith(t)
    await refreshInsights(deps, [id])
    await age(store, id, 27.9, { state: 'rate_limited', next_at: inDays(40) })
    await wake(store, id)
    await refreshInsights(deps, [id])
    const before = await find(id)
    t.same(sourcesOf(before)['youtube:l4WNrvVjiTw'], [30, 'rate_limited'])
    t.ok(Date.parse(before.refresh.due_at ?? '') <= Date.now() + 0.2 * DAY, 'it is due when the count has to go, not when the platform can be asked')

    await age(store, id, 28, { state: 'rate_limited', next_at: inDays(40) })
    sandbox.calls.clear()
    await wake(store, id)
    t.same(await refreshInsights(deps, [id]), { saved: [id], superseded: [] })
    const after = await find(id)
    t.match(after.sources[0], { state: 'rate_limited', count: null, fetched_at: null, error: { code: 'INS_PLATFORM_EXPIRED' } })
    t.ok(after.score < before.score, 'the score follows in the same write')
    t.equal(after.score, after.breakdown?.score)
    t.same(sandbox.calls.list('youtube'), [], 'the platform is not asked before its time for that')
  })

  t.test(`${name}: a count of YouTube has to go after 28 days without credentials`, async t => {
    const { id } = await store.create(EXAMPLE_2)
    const deps = depsWith(t)
    await refreshInsights(deps, [id])
    await age(store, id, 28, { state: 'not_configured', next_at: inDays(1) })
    await wake(store, id)
    await refreshInsights({ ...deps, platforms: { ...deps.platforms, youtube: undefined } }, [id])
    t.match((await find(id)).sources[0], { state: 'not_configured', count: null, error: { code: 'INS_PLATFORM_EXPIRED' } })
  })

  t.test(`${name}: a count at its end is asked for once more, and stays when it is confirmed`, async t => {
    const { id } = await store.create(EXAMPLE_2)
    const deps = depsWith(t)
    await refreshInsights(deps, [id])
    await age(store, id, 29, { state: 'not_found', misses: 3, next_at: inDays(20) })
    await wake(store, id)
    await refreshInsights(deps, [id])
    t.match((await find(id)).sources[0], { state: 'ok', count: 30, misses: 0, error: null })
  })

  t.test(`${name}: a count that falls from thousands to nothing is asked for again before it is believed`, async t => {
    sandbox.entities.set('instagram', 'gigpro', { count: 4_564 })
    const { id } = await store.create(EXAMPLE_2)
    const deps = depsWith(t)
    await refreshInsights(deps, [id])
    const good = await find(id)
    sandbox.entities.set('instagram', 'gigpro', { count: 0 })
    await rewriteSources(store, id, source => ({ ...source, next_at: source.platform === 'instagram' ? null : source.next_at }))
    await wake(store, id)
    await refreshInsights(deps, [id])
    const doubted = await find(id)
    t.match(doubted.sources[4], { state: 'stale', count: 4_564, fetched_at: good.sources[4]?.fetched_at, error: { code: 'INS_PLATFORM_DROP' } })
    t.equal(doubted.score, good.score)
    t.ok(Date.parse(doubted.refresh.due_at ?? '') < Date.now() + 0.1 * DAY, 'it is asked again soon')
    await rewriteSources(store, id, source => source.platform === 'instagram' ? { ...source, doubted_at: inDays(-0.05), next_at: null } : source)
    await wake(store, id)
    await refreshInsights(deps, [id])
    const believed = await find(id)
    t.match(believed.sources[4], { state: 'ok', count: 0, doubted_at: null, error: null })
    t.ok(believed.score < good.score)
  })
})

function inDays (days: number): string {
  return toTimestamp(Date.now() + days * DAY)
}

/** The video was last fetched so many days ago. */
async function age (store: InsightStore, id: number, days: number, changes: Partial<SourceRecord>): Promise<void> {
  await rewriteSources(store, id, source => source.platform === 'youtube' ? { ...source, fetched_at: inDays(-days), ...changes } : source)
}

/** What came due by its schedule is claimed, as the planner does it. */
async function wake (store: InsightStore, id: number): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await store.claimDue({ limit: 10, leaseMs: 60_000 })).includes(id)) {
    if (Date.now() > deadline) throw new Error(`Insight ${id} does not come due`)
  }
}
