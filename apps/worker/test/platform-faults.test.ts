import fc from 'fast-check'
import { t } from 'tap'
import type { PlatformSettings } from '@insights/platforms'
import type { FaultKind } from '@insights/sandbox'
import { defaultFields, PLATFORMS, type InsightFields, type SourceRecord } from '@insights/shared'
import type { InsightDocument, InsightStore } from '@insights/storage'
import { refreshInsights, type RefreshDeps } from '../src/refresh.js'
import { eachStore, rewriteSources } from './each-store.js'
import { openGate } from './gate.js'
import { EXAMPLE_2, sourcesOf, type Stage } from './open-stage.js'

type Tap = import('tap').Test

const MIB = 1024 * 1024

/** An artist with one account or work on each platform, all different from those of other numbers. */
const artist = (n: number): InsightFields => ({
  ...defaultFields(),
  twitter_handle: `artist${n}`,
  instagram_handle: `artist.${n}`,
  facebook_page_id: String(100_000 + n),
  works: [
    { item_id: `video${String(n).padStart(6, '0')}`, source_type: 1, is_individual_work: true, in_app_plays: 0 },
    { item_id: String(900_000 + n), source_type: 2, is_individual_work: true, in_app_plays: 0 }
  ]
})

/** What nobody may take for a count, as JSON. */
const WRONG_COUNTS = [
  '-1', '1.5', '1e400', '-1e400', '9007199254740993', '1e30', 'true', '[]', '[7]', '{}', '{"__proto__":{"count":7}}',
  '"-1"', '"1.5"', '"1e3"', '"0x1f"', '"NaN"', '"Infinity"', '" 7"', '"7 "', '"99999999999999999999"', '"seven"', '""'
]
const isCount = (json: string): boolean => /^"?(0|[1-9]\d{0,15})"?$|^null$/.test(json) || Number.isInteger(Number(json))

const WRONG_BODIES: FaultKind[] = [
  { kind: 'html' }, { kind: 'html', status: 403 }, { kind: 'empty' }, { kind: 'truncated_json' }, { kind: 'reset_mid_body' },
  { kind: 'wrong_type', body: [] }, { kind: 'wrong_type', body: 'x' }, { kind: 'wrong_type', body: 7 }, { kind: 'wrong_type' },
  ...[
    '{"data":', '{"__proto__":{"data":[]}}', '{"constructor":{"prototype":{"polluted":1}}}', '\u0000', '[[[[', '{"items":7,"collection":7,"data":7}',
    '{"items":[null],"collection":[null],"data":[null]}', '{"items":{},"collection":{},"data":{}}', 'NaN', '"', `${'['.repeat(20_000)}`
  ].map((body): FaultKind => ({ kind: 'status', status: 200, body, headers: { 'content-type': 'application/json' } }))
]

await eachStore(t, (name, { store, sandbox, depsWith, find }) => {
  t.beforeEach(() => { sandbox.reset() })

  const wakeful = (t: Tap, settings?: PlatformSettings): RefreshDeps => {
    const deps = depsWith(t, settings)
    return { ...deps, policy: { ...deps.policy, freshForMs: { youtube: 0, soundcloud: 0, x: 0, facebook: 0, instagram: 0 } } }
  }
  const refreshedExample = async (deps: RefreshDeps): Promise<InsightDocument> => {
    const { id } = await store.create(EXAMPLE_2)
    await refreshInsights(deps, [id])
    return await find(id)
  }
  const refreshUnder = async (deps: RefreshDeps, id: number, ...faults: FaultKind[]): Promise<InsightDocument> => {
    sandbox.faults.clear()
    for (const fault of faults) for (const platform of PLATFORMS) sandbox.faults.add({ ...fault, platform, times: 'always' })
    await rewriteSources(store, id, source => ({ ...source, next_at: null }))
    await store.requestRefresh(id)
    await refreshInsights(deps, [id])
    return await find(id)
  }
  const unharmed = (t: Tap, before: InsightDocument, after: InsightDocument, what: string): void => {
    t.same(after.sources.map(({ count, fetched_at: at }) => [count, at]), before.sources.map(({ count, fetched_at: at }) => [count, at]), what)
    t.ok(after.sources.every(({ state, error }) => state !== 'ok' && error !== null), `${what}: each source says so`)
    t.equal(after.score, before.score, what)
    t.match(after.refresh, { is_pending: false, is_running: false })
  }

  t.test(`${name}: fault 20: answers that do not come, never end or are far too large end in time and take little memory`, async t => {
    const before = await refreshedExample(wakeful(t))
    const deps = wakeful(t, { deadlineMs: 400, timeoutMs: 300 })
    for (const fault of [{ kind: 'delay', ms: 600_000 }, { kind: 'drip' }, { kind: 'endless' }, { kind: 'huge' }, { kind: 'gzip_bomb' }] as const) {
      const memory = process.memoryUsage.rss()
      unharmed(t, before, await refreshUnder(deps, before.id, fault), fault.kind)
      const grown = (process.memoryUsage.rss() - memory) / MIB
      t.ok(grown < 300, `${fault.kind}: ${Math.round(grown)} MiB more`)
    }
  })

  t.test(`${name}: fault 21: replies that make no sense change no count, and the state says so`, async t => {
    const deps = wakeful(t, { deadlineMs: 2_000, random: () => 0 })
    const before = await refreshedExample(deps)
    for (const json of WRONG_COUNTS) {
      const after = await refreshUnder(deps, before.id, { kind: 'count', json })
      unharmed(t, before, after, json)
      t.ok(after.sources.every(({ error }) => error?.code === 'INS_PLATFORM_REPLY'), json)
    }
    for (const fault of WRONG_BODIES) unharmed(t, before, await refreshUnder(deps, before.id, fault), JSON.stringify(fault).slice(0, 90))
    t.equal(({} as Record<string, unknown>).polluted, undefined)
  })

  t.test(`${name}: fault 21: whatever JSON or text comes, a count is a whole number that the platform said or the last one`, async t => {
    const deps = wakeful(t, { deadlineMs: 2_000, random: () => 0 })
    const before = await refreshedExample(deps)
    const json = fc.json({ maxDepth: 2 }).filter(text => !isCount(text))
    await fc.assert(fc.asyncProperty(json, async json => {
      const after = await refreshUnder(deps, before.id, { kind: 'count', json })
      return after.sources.every((source, index) => source.state !== 'ok' && source.count === before.sources[index]?.count)
    }), { numRuns: 15 })
    const body = fc.oneof(fc.json(), fc.string({ unit: 'binary' }).filter(text => text.isWellFormed()))
    await fc.assert(fc.asyncProperty(body, async body => {
      const headers = { 'content-type': 'application/json' }
      const after = await refreshUnder(deps, before.id, { kind: 'status', status: 200, body, headers })
      return after.sources.every((source, index) => source.state !== 'ok' && source.count === before.sources[index]?.count)
    }), { numRuns: 15 })
    t.pass('no count was made up')
  })

  t.test(`${name}: fault 22: one bad id among fifty harms none of the others, on any platform`, async t => {
    const bad = artist(7)
    sandbox.entities.set('youtube', 'video000007', 'private')
    sandbox.entities.set('soundcloud', '900007', 'missing')
    sandbox.entities.set('x', 'artist7', 'suspended')
    sandbox.entities.set('facebook', '100007', 'unpublished')
    sandbox.entities.set('instagram', 'artist.7', 'personal')
    const impossible: InsightFields = { ...bad, twitter_handle: 'not a handle', instagram_handle: 'x){id}', facebook_page_id: '1', works: [] }
    const ids: number[] = []
    for (let n = 0; n < 50; n++) ids.push((await store.create(artist(n))).id)
    const { id: impossibleId } = await store.create(impossible)
    await refreshInsights(depsWith(t), [...ids, impossibleId])
    for (const [n, id] of ids.entries()) {
      const { sources } = await find(id)
      if (n === 7) t.ok(sources.every(({ state, count, misses, error }) => state === 'stale' && count === null && misses === 1 && error?.code === 'INS_PLATFORM_NOT_FOUND'), 'the bad ones say so')
      else t.ok(sources.every(source => source.state === 'ok' && source.count === trueCount(source)), `artist ${n}`)
    }
    t.ok((await find(impossibleId)).sources.every(source => source.state === 'invalid_id'), 'what can not be is not even asked for')
  })

  t.test(`${name}: fault 23: fewer, reordered or foreign items are told by their id, and what is missing is not zero`, async t => {
    const ids: number[] = []
    for (let n = 100; n < 110; n++) ids.push((await store.create(artist(n))).id)
    const deps = wakeful(t, { deadlineMs: 2_000, random: () => 0 })
    await refreshInsights(deps, ids)
    const again = async (fault: FaultKind, platforms: ReadonlyArray<typeof PLATFORMS[number]> = PLATFORMS): Promise<SourceRecord[]> => {
      sandbox.faults.clear()
      for (const platform of platforms) sandbox.faults.add({ ...fault, platform, times: 'always' })
      for (const id of ids) await rewriteSources(store, id, source => ({ ...source, next_at: null }))
      for (const id of ids) await store.requestRefresh(id)
      await refreshInsights(deps, ids)
      return (await Promise.all(ids.map(find))).flatMap(({ sources }) => sources)
    }
    const isRight = (source: SourceRecord): boolean => source.count === trueCount(source)
    const reordered = await again({ kind: 'reversed' }, ['youtube', 'soundcloud', 'x'])
    t.ok(reordered.every(source => isRight(source) && source.state === 'ok'), 'another order is the same answer')
    const fewer = await again({ kind: 'partial' }, ['youtube', 'soundcloud', 'x'])
    t.ok(fewer.every(isRight))
    t.ok(fewer.some(({ state }) => state === 'stale') && fewer.some(({ state }) => state === 'ok'), 'some were left out')
    const torn = await again({ kind: 'null_part' }, ['facebook', 'instagram'])
    t.ok(torn.every(source => isRight(source) && (source.state === 'ok') === !['facebook', 'instagram'].includes(source.platform)))
    const foreign = await again({ kind: 'strangers' })
    t.ok(foreign.every(isRight), 'a count of a stranger is nobody\'s')
    t.ok(foreign.every(source => source.state !== 'ok'), 'and each source says so')
  })

  t.test(`${name}: fault 28: handles that change while they are asked for drop the answer, and the new ones are fetched`, async t => {
    const gate = await openGate(t, sandbox.baseUrls.x)
    const deps = depsWith(t, {}, gate.url)
    const { id } = await store.create(artist(300))
    const isHeld = gate.hold()
    const run = refreshInsights(deps, [id])
    await isHeld
    const changed = await store.replaceFields(id, { ...artist(300), twitter_handle: 'artist301' })
    gate.release()
    t.same(await run, { saved: [], superseded: [id] })
    t.same((await find(id)).sources, changed?.sources, 'nothing of the old answer is there')
    t.same(await refreshInsights(deps, [id]), { saved: [id], superseded: [] })
    const after = await find(id)
    t.same(sourcesOf(after)['x:artist301'], [sandbox.entities.countOf('x', 'artist301'), 'ok'])
    t.match(after.refresh, { is_pending: false, is_running: false })
  })

  t.test(`${name}: fault 29: of two refreshes whose answers come in reverse, the newer one stays`, async t => {
    const gate = await openGate(t, sandbox.baseUrls.x)
    sandbox.entities.set('x', 'artist302', { count: 100 })
    const { id } = await store.create(artist(302))
    const isHeld = gate.hold()
    const stopped = { ...depsWith(t, {}, gate.url), store: withoutSigns(store), leaseMs: 50 }
    const older = refreshInsights(stopped, [id])
    await isHeld
    sandbox.entities.set('x', 'artist302', { count: 200 })
    const deps = depsWith(t, {}, gate.url)
    await untilSaved(deps, id)
    const newer = await find(id)
    t.same(sourcesOf(newer)['x:artist302'], [200, 'ok'])
    gate.release()
    t.same(await older, { saved: [], superseded: [id] })
    t.same(await find(id), newer)
  })

  function trueCount ({ platform, source_id: id }: SourceRecord): number {
    return sandbox.entities.countOf(platform, id)
  }
})

/** The store as a process sees it that stands still: its leases run out. */
function withoutSigns (store: Stage['store']): InsightStore {
  return { ...store, extendLeases: async () => {} }
}

async function untilSaved (deps: RefreshDeps, id: number): Promise<void> {
  const deadline = Date.now() + 20_000
  while ((await refreshInsights(deps, [id])).saved.length === 0) {
    if (Date.now() > deadline) throw new Error('The lease does not end')
  }
}
