import { t } from 'tap'
import { defaultFields, type InsightFields } from '@insights/shared'
import { refreshInsights } from '../src/refresh.js'
import { eachStore } from './each-store.js'

const DAY = 86_400_000
const LIMITS = {
  youtube: { unitsPerDay: null },
  soundcloud: { callsPerSecond: 0, grantsPer12Hours: 40, grantsPerHour: 25 },
  x: { callsPer15Minutes: null, centsPerDay: 50 },
  facebook: { callsPerHour: 10 },
  instagram: { callsPerHour: 10 }
}

const artist = (n: number): InsightFields => ({ ...defaultFields(), connects: n, twitter_handle: `artist${n}`, facebook_page_id: String(100_000 + n) })

await eachStore(t, (name, { store, sandbox, depsWith, find }) => {
  t.test(`${name}: fault 24: a quota that is used up in mid-batch stops the rest until it is renewed, and what was fetched is kept`, async t => {
    sandbox.reset()
    sandbox.clock.set(Date.parse('2026-11-23T12:00:00Z'))
    sandbox.clock.freeze()
    const ids: number[] = []
    for (let n = 0; n < 20; n++) ids.push((await store.create(artist(n))).id)
    const deps = depsWith(t, { clock: sandbox.clock, limits: LIMITS })
    t.same((await refreshInsights({ ...deps, isOnDemand: true }, ids)).saved.sort((a, b) => a - b), ids, 'every insight is saved')

    const documents = await Promise.all(ids.map(find))
    const facebook = documents.map(({ sources }) => sources.find(source => source.platform === 'facebook'))
    t.equal(facebook.filter(source => source?.state === 'ok' && source.count !== null).length, 10)
    const held = facebook.filter(source => source?.state === 'rate_limited')
    t.equal(held.length, 10, 'ten pages have to wait')
    t.ok(held.every(source => source?.count === null && source.error?.code === 'INS_PLATFORM_QUOTA'))
    t.ok(documents.every(({ sources, score }) => sources.some(({ platform, state }) => platform === 'x' && state === 'ok') && score > 0), 'X goes on')
    t.equal(sandbox.calls.totals('facebook').cost, 10, 'not one call over the limit')

    const waiting = ids.filter((_, index) => facebook[index]?.state === 'rate_limited')
    for (const id of waiting) await store.requestRefresh(id)
    await refreshInsights({ ...deps, isOnDemand: true }, waiting)
    t.equal(sandbox.calls.totals('facebook').cost, 10, 'asking again costs nothing while the hour lasts')

    sandbox.clock.set(sandbox.clock.now() + DAY)
    for (const id of waiting) await store.requestRefresh(id)
    await refreshInsights({ ...deps, isOnDemand: true }, waiting)
    for (const id of ids) t.match((await find(id)).sources.find(source => source.platform === 'facebook'), { state: 'ok', count: Number })
    t.equal(sandbox.calls.totals('facebook').cost, 20)
  })
})
