import { createMemoryState } from '@insights/platforms'
import { defaultFields, systemClock } from '@insights/shared'
import { t } from 'tap'
import { buildRefreshPolicy, sharedAge } from '../src/refresh-policy.js'
import { refreshInsights } from '../src/refresh.js'
import { eachStore } from './each-store.js'
import { DAY, INTERVALS } from './open-stage.js'

await eachStore(t, (name, { store, sandbox, depsWith, find }) => {
  t.test(`${name}: an account of two insights is asked for once, and both say when`, async t => {
    sandbox.reset()
    const fields = { ...defaultFields(), twitter_handle: 'gigpro' }
    const [one, other, later] = [await store.create(fields), await store.create({ ...fields, twitter_handle: '@GigPro' }), await store.create(fields)]
    const shared = createMemoryState(systemClock)
    const [worker, secondWorker] = [depsWith(t, { shared }), depsWith(t, { shared })]
    await Promise.all([refreshInsights(worker, [one.id]), refreshInsights(secondWorker, [other.id])])
    const before = Date.now()
    await refreshInsights({ ...worker, isOnDemand: true }, [later.id])
    t.equal(sandbox.calls.totals('x').cost, 0.01, 'X charges for it once')

    const documents = await Promise.all([one, other, later].map(async ({ id }) => await find(id)))
    for (const { sources } of documents) t.match(sources, [{ state: 'ok', count: 4_546 }])
    t.ok(Date.parse(documents[2]?.sources[0]?.fetched_at ?? '') <= before, 'the third says when it was fetched, not when it was told')
    await store.requestRefresh(one.id)
    await refreshInsights(worker, [one.id])
    t.equal(sandbox.calls.totals('x').calls, 1, 'not even on demand a second time on that day')
  })
})

t.test('how old the answer for another insight may be', async t => {
  const now = Date.parse('2026-11-23T10:00:00Z')
  const policy = buildRefreshPolicy(INTERVALS)
  t.equal(sharedAge(policy, 'youtube', false, now), 300_000)
  t.equal(sharedAge(policy, 'youtube', true, now), 60_000, 'what a client takes for fresh')
  t.equal(sharedAge(policy, 'facebook', true, now), 300_000)
  t.same([sharedAge(policy, 'x', false, now), sharedAge(policy, 'x', true, now)], [DAY * 10 / 24, DAY * 10 / 24], 'of this UTC day')
  const hourly = buildRefreshPolicy({ ...INTERVALS, x: 3_600_000 })
  t.same([sharedAge(hourly, 'x', false, now), sharedAge(hourly, 'x', true, now)], [300_000, 300_000], 'where X is not paid by the day')
})
