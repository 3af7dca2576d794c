import { t } from 'tap'
import type { CountOutcome } from '@insights/platforms'
import { defaultFields, type InsightFields, type Platform } from '@insights/shared'
import type { InsightDocument } from '@insights/storage'
import { refreshInsights } from '../src/refresh.js'
import { createSilence } from '../src/silence.js'
import { eachStore } from './each-store.js'
import { EXAMPLE_2, sourcesOf } from './open-stage.js'

/** A loader that answers when it is let. */
function gated (platform: Platform, count: number) {
  let open = (): void => {}
  const gate = new Promise<void>(resolve => { open = resolve })
  const load = async (): Promise<CountOutcome> => {
    await gate
    return { kind: 'ok', count }
  }
  return { open, loader: { platform, load } }
}

const WORKS = 50
const artist = (n: number): InsightFields => ({
  ...defaultFields(),
  twitter_handle: `artist${n}`,
  works: Array.from({ length: WORKS }, (_, k) => ({
    item_id: `video${String(n * WORKS + k).padStart(6, '0')}`, source_type: 1, is_individual_work: true, in_app_plays: 0
  }))
})

await eachStore(t, (name, { store, sandbox, depsWith, find }) => {
  t.beforeEach(() => { sandbox.reset() })

  const until = async (id: number, isThere: (document: InsightDocument) => boolean): Promise<InsightDocument> => {
    const deadline = Date.now() + 20_000
    for (;;) {
      const document = await find(id)
      if (isThere(document)) return document
      if (Date.now() > deadline) throw new Error('The awaited state did not come')
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }

  t.test(`${name}: each count is saved when it comes, not when the slowest one does`, async t => {
    const { id } = await store.create(EXAMPLE_2)
    const [second, last] = [gated('facebook', 4_546), gated('instagram', 4_564)]
    const deps = { ...depsWith(t), patienceMs: 50 }
    const platforms = { ...deps.platforms, facebook: second.loader, instagram: last.loader }
    const run = refreshInsights({ ...deps, platforms }, [id])
    await until(id, document => document.score > 0)
    second.open()
    const between = await until(id, document => document.sources[3]?.count === 4_546)
    t.match(between.refresh, { is_running: true, is_pending: true })
    t.same(sourcesOf(between)['instagram:gigpro'], [null, 'pending'])
    last.open()
    t.same(await run, { saved: [id], superseded: [] })
    t.match(await find(id), { score: 7, refresh: { is_running: false, is_pending: false, done: 1 } })
  })

  t.test(`${name}: behind a platform that hangs, many batches wait no longer than one`, async t => {
    sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 600_000, times: 'always' })
    const ids: number[] = []
    for (let n = 0; n < 40; n++) ids.push((await store.create(artist(n))).id)
    const deps = { ...depsWith(t, { deadlineMs: 2_000 }), patienceMs: 50, silenceLimitMs: 2_500, silence: createSilence() }
    const jobs = [0, 10, 20, 30].map(async from => await refreshInsights(deps, ids.slice(from, from + 10)))
    const early = await until(ids[39] ?? 0, document => document.sources[WORKS]?.state === 'ok')
    t.ok(early.sources.slice(0, WORKS).every(source => source.count === null), 'the followers are there before any video')
    t.same((await Promise.all(jobs)).flatMap(({ saved }) => saved).sort((a, b) => a - b), ids)
    const calls = sandbox.calls.totals('youtube').calls
    t.ok(calls < 40, `${calls} of 40 batches were tried`)
    for (const id of ids) {
      const { sources, refresh } = await find(id)
      t.ok(sources.slice(0, WORKS).every(({ state, count, error }) => state === 'stale' && count === null && error?.code === 'INS_PLATFORM_TIMEOUT'))
      t.match(sources[WORKS], { state: 'ok', count: Number })
      t.match(refresh, { done: 1, is_pending: false, is_running: false })
    }
  })

  t.test(`${name}: a platform that is slow and answers is waited for`, async t => {
    sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 100, times: 'always' })
    const ids: number[] = []
    for (let n = 100; n < 120; n++) ids.push((await store.create(artist(n))).id)
    const deps = { ...depsWith(t), patienceMs: 20, silenceLimitMs: 5_000, silence: createSilence() }
    await Promise.all([refreshInsights(deps, ids.slice(0, 10)), refreshInsights(deps, ids.slice(10))])
    for (const id of ids) t.ok((await find(id)).sources.every(source => source.state === 'ok'))
    t.equal(sandbox.calls.totals('youtube').calls, 20)
  })
})

t.test('silence is counted from the last word of any kind, and from the start of the wait at the earliest', async t => {
  let now = 0
  const silence = createSilence(() => now)
  t.equal(silence.lengthOf('x', 0), 0)
  now = 100
  t.equal(silence.lengthOf('x', 40), 60)
  const failure = { reason: 'transient' as const, code: 'INS_PLATFORM_TIMEOUT' as const, detail: 'x', retryAt: null }
  silence.heard('x', { kind: 'failed', failure })
  t.equal(silence.lengthOf('x', 40), 60, 'that nobody answered is no answer')
  silence.heard('x', { kind: 'failed', failure: { ...failure, code: 'INS_PLATFORM_STATUS' } })
  t.equal(silence.lengthOf('x', 40), 0)
  t.equal(silence.lengthOf('youtube', 40), 60)
})
