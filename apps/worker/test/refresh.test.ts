import { t } from 'tap'
import { defaultFields } from '@insights/shared'
import { refreshInsights } from '../src/refresh.js'
import { EXAMPLE_2, openStage, sourcesOf } from './open-stage.js'

const { store, sandbox, depsWith, find } = await openStage(t)
t.beforeEach(() => { sandbox.reset() })

const COUNTS_2 = {
  'youtube:l4WNrvVjiTw': [30, 'ok'],
  'soundcloud:230230230': [230, 'ok'],
  'x:gigpro': [4546, 'ok'],
  'facebook:4546477': [4546, 'ok'],
  'instagram:gigpro': [4564, 'ok']
}

const videos = (...ids: string[]) => ids.map(id =>
  ({ item_id: id, source_type: 1 as const, is_individual_work: true, in_app_plays: 0 }))

t.test('the documented example gets its counts and its score', async t => {
  const { id } = await store.create(EXAMPLE_2)
  t.same(await refreshInsights(depsWith(t), [id]), { saved: [id], superseded: [] })
  const document = await find(id)
  t.same(sourcesOf(document), COUNTS_2)
  t.equal(document.score, 7)
  t.match(document.breakdown, { model: 'insight-1', score: 7, coverage: 100 })
  t.match(document.refresh, { wanted: 1, done: 1, is_pending: false, is_running: false })
})

t.test('the next refresh is due when the first source is, a day on', async t => {
  const { id } = await store.create(EXAMPLE_2)
  await refreshInsights(depsWith(t), [id])
  const { refresh, sources } = await find(id)
  const first = Math.min(...sources.map(source => Date.parse(source.next_at ?? '')))
  t.ok(Math.abs(Date.parse(refresh.due_at ?? '') - first) < 60_000)
  t.ok(Math.abs(first - Date.parse(refresh.done_at ?? '') - 86_400_000) < 60_000)
})

t.test('an insight that links to nothing is scored and never due again', async t => {
  const { id } = await store.create({ ...defaultFields(), has_about: true })
  await refreshInsights(depsWith(t), [id])
  const document = await find(id)
  t.equal(document.score, 4)
  t.equal(document.refresh.due_at, null)
})

t.test('unknown ids and insights with nothing to do are left out', async t => {
  const { id } = await store.create(EXAMPLE_2)
  const deps = depsWith(t)
  await refreshInsights(deps, [id])
  sandbox.calls.clear()
  t.same(await refreshInsights(deps, [id, 999_999]), { saved: [], superseded: [] })
  t.same(sandbox.calls.list(), [])
})

for (const [title, fault, code] of [
  ['answers 500', { kind: 'status', status: 500 }, 'INS_PLATFORM_STATUS'],
  ['answers garbage', { kind: 'html' }, 'INS_PLATFORM_REPLY'],
  ['answers nothing', { kind: 'empty' }, 'INS_PLATFORM_REPLY'],
  ['hangs', { kind: 'delay', ms: 60_000 }, 'INS_PLATFORM_TIMEOUT'],
  ['cuts the connection', { kind: 'reset' }, 'INS_PLATFORM_UNREACHABLE']
] as const) {
  t.test(`a platform that ${title} keeps its last good count, and the others are right`, async t => {
    const { id } = await store.create(EXAMPLE_2)
    const deps = depsWith(t)
    await refreshInsights(deps, [id])
    // Short limits for what only hangs from now on: the others may take their time.
    const { youtube, instagram } = depsWith(t, { timeoutMs: 2_000, deadlineMs: 2_000 }).platforms
    if (fault.kind === 'delay') deps.platforms = { ...deps.platforms, youtube, instagram }
    await store.requestRefresh(id)
    for (const platform of ['youtube', 'instagram'] as const) sandbox.faults.add({ platform, times: 'always', ...fault })
    sandbox.entities.set('soundcloud', '230230230', { count: 231 })
    deps.policy.freshForMs.soundcloud = 0
    deps.policy.freshForMs.youtube = 0
    deps.policy.freshForMs.instagram = 0
    await refreshInsights(deps, [id])
    const document = await find(id)
    t.same(sourcesOf(document), {
      ...COUNTS_2, 'youtube:l4WNrvVjiTw': [30, 'stale'], 'soundcloud:230230230': [231, 'ok'], 'instagram:gigpro': [4564, 'stale']
    })
    t.match(document.sources[0], { failures: 1, error: { code } })
    t.ok(Date.parse(document.sources[0]?.fetched_at ?? '') < Date.parse(document.sources[1]?.fetched_at ?? ''), 'its age shows')
    t.match(document.refresh, { done: 2, is_pending: false })
    t.ok(document.score >= 7)
  })
}

t.test('a platform in trouble from the start leaves the count unknown, never zero', async t => {
  sandbox.faults.add({ platform: 'youtube', kind: 'status', status: 503, times: 'always' })
  const { id } = await store.create(EXAMPLE_2)
  await refreshInsights(depsWith(t), [id])
  const document = await find(id)
  t.same(sourcesOf(document)['youtube:l4WNrvVjiTw'], [null, 'stale'])
  t.match(document.breakdown, { coverage: 80, score_range: { high: 26.96 } }, 'a count not known yet may still earn its points')
})

t.test('one bad id among fifty harms none of the others', async t => {
  const ids = Array.from({ length: 50 }, (_, index) => `video${String(index).padStart(6, '0')}`)
  sandbox.entities.set('youtube', ids[7] ?? '', 'missing')
  const { id } = await store.create({ ...defaultFields(), works: videos(...ids, 'stuff gggg') })
  await refreshInsights(depsWith(t), [id])
  const document = await find(id)
  t.equal(document.sources.filter(source => source.state === 'ok' && source.count !== null).length, 49)
  t.match(document.sources[7], { state: 'stale', count: null, misses: 1, error: { code: 'INS_PLATFORM_NOT_FOUND' } })
  t.match(document.sources[50], { state: 'invalid_id', count: null, error: { code: 'INS_PLATFORM_ID' } })
})

t.test('a throttled platform is left alone until it may be asked again', async t => {
  sandbox.faults.add({ platform: 'x', kind: 'status', status: 429, body: { title: 'Too Many Requests' }, times: 'always' })
  const { id } = await store.create(EXAMPLE_2)
  const deps = depsWith(t)
  await refreshInsights(deps, [id])
  t.match((await find(id)).sources[2], { state: 'rate_limited', count: null, error: { code: 'INS_PLATFORM_THROTTLED' } })
  sandbox.calls.clear()
  await store.requestRefresh(id)
  await refreshInsights(deps, [id])
  t.same(sandbox.calls.list('x'), [], 'a wish for fresh counts does not get around it')
})

t.test('a platform without credentials is recorded as such', async t => {
  const { id } = await store.create(EXAMPLE_2)
  const deps = depsWith(t)
  await refreshInsights({ ...deps, platforms: { ...deps.platforms, x: undefined } }, [id])
  t.match((await find(id)).sources[2], { state: 'not_configured', error: { code: 'INS_PLATFORM_NOT_CONFIGURED' } })
})

t.test('a loader that throws costs its source one try and nobody else anything', async t => {
  const { id } = await store.create(EXAMPLE_2)
  const deps = depsWith(t)
  const x = { platform: 'x' as const, load: async () => { throw new Error('a fault of ours') } }
  await refreshInsights({ ...deps, platforms: { ...deps.platforms, x } }, [id])
  t.same(sourcesOf(await find(id)), { ...COUNTS_2, 'x:gigpro': [null, 'stale'] })
  t.ok(deps.log.messages.includes('a lookup failed unexpectedly'))
})

t.test('a wish for fresh counts asks again, but not for what is fresh', async t => {
  const { id } = await store.create(EXAMPLE_2)
  const deps = depsWith(t)
  await refreshInsights(deps, [id])
  sandbox.calls.clear()
  await store.requestRefresh(id)
  await refreshInsights(deps, [id])
  t.same(sandbox.calls.list(), [], 'all counts are seconds old')
  deps.policy.freshForMs = { ...deps.policy.freshForMs, youtube: 0, facebook: 0 }
  await store.requestRefresh(id)
  await refreshInsights(deps, [id])
  t.same(sandbox.calls.list().map(call => call.platform).sort(), ['facebook', 'youtube'])
})

t.test('a change of other fields is scored without asking any platform', async t => {
  const { id } = await store.create(EXAMPLE_2)
  const deps = depsWith(t)
  await refreshInsights(deps, [id])
  sandbox.calls.clear()
  await store.replaceFields(id, { ...EXAMPLE_2, has_about: true })
  await refreshInsights(deps, [id])
  t.equal((await find(id)).score, 11)
  t.same(sandbox.calls.list(), [])
})

t.test('works shared by many insights are asked for once, in full batches', async t => {
  const ids = Array.from({ length: 120 }, (_, index) => `share${String(index).padStart(6, '0')}`)
  const created = await Promise.all(Array.from({ length: 60 }, async (_, index) =>
    await store.create({ ...defaultFields(), works: videos(...ids.slice(index, index + 60)) })))
  const deps = depsWith(t)
  await Promise.all([0, 20, 40].map(async from =>
    await refreshInsights(deps, created.slice(from, from + 20).map(document => document.id))))
  t.equal(sandbox.calls.totals('youtube').calls, Math.ceil(119 / 50))
  t.equal(sandbox.calls.totals('youtube').ids, 119)
  t.ok((await find(created[59]?.id ?? 0)).sources.every(source => source.state === 'ok'))
})

t.test('a result for accounts that changed meanwhile is dropped, and the new ones are fetched', async t => {
  const { id } = await store.create(EXAMPLE_2)
  const deps = depsWith(t)
  let release = (): void => {}
  const gate = new Promise<void>(resolve => { release = resolve })
  const entered = new Promise<void>(resolve => {
    const load = deps.platforms.x?.load
    const x = { platform: 'x' as const, load: async (handle: string) => { resolve(); await gate; return await load?.(handle) ?? { kind: 'hidden' as const } } }
    Object.assign(deps, { platforms: { ...deps.platforms, x } })
  })
  const run = refreshInsights(deps, [id])
  await entered
  await store.replaceFields(id, { ...EXAMPLE_2, twitter_handle: 'somebody' })
  release()
  t.same(await run, { saved: [], superseded: [id] })
  t.same(await refreshInsights(deps, [id]), { saved: [id], superseded: [] })
  const after = sourcesOf(await find(id))
  t.equal(after['x:gigpro'], undefined)
  t.match(after['x:somebody'], [Number, 'ok'])
})

t.test('the counts that are there do not wait for a slow platform', async t => {
  const { id } = await store.create(EXAMPLE_2)
  const deps = { ...depsWith(t), patienceMs: 100 }
  let release = (): void => {}
  const gate = new Promise<void>(resolve => { release = resolve })
  const facebook = { platform: 'facebook' as const, load: async () => { await gate; return { kind: 'ok' as const, count: 4546 } } }
  const run = refreshInsights({ ...deps, platforms: { ...deps.platforms, facebook } }, [id])
  const early = await until(async () => await find(id), document => document.sources.filter(({ count }) => count === null).length === 1)
  t.same(sourcesOf(early), { ...COUNTS_2, 'facebook:4546477': [null, 'pending'] })
  t.match(early.refresh, { is_running: true, is_pending: true })
  release()
  t.same(await run, { saved: [id], superseded: [] })
  const late = await find(id)
  t.same(sourcesOf(late), COUNTS_2)
  t.match(late, { score: 7, refresh: { is_running: false, is_pending: false } })
})

t.test('a long run keeps its insights until it ends', async t => {
  const { id } = await store.create(EXAMPLE_2)
  const deps = { ...depsWith(t), patienceMs: 10, leaseMs: 3_000 }
  let release = (): void => {}
  const gate = new Promise<void>(resolve => { release = resolve })
  const x = { platform: 'x' as const, load: async () => { await gate; return { kind: 'ok' as const, count: 4546 } } }
  const run = refreshInsights({ ...deps, platforms: { ...deps.platforms, x } }, [id])
  const started = await until(async () => await find(id), document => document.refresh.is_running)
  // A lease that ends so late was prolonged after the first one would have ended.
  const end = Date.parse(started.refresh.lease_until ?? '') + 3_000
  await until(async () => await find(id), document => Date.parse(document.refresh.lease_until ?? '') > end)
  t.same((await store.startRefreshes([id], { leaseMs: 3_000 })).documents, [], 'nobody can take it over')
  release()
  t.same(await run, { saved: [id], superseded: [] })
})

async function until<T> (ask: () => Promise<T>, isThere: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const answer = await ask()
    if (isThere(answer)) return answer
    if (Date.now() > deadline) throw new Error('The awaited state did not come')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
