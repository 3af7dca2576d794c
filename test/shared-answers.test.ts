/** What one process has asked a platform is not asked by another: on each adapter of the state that they share, with
 *  platforms over real HTTP. */
import { createMemoryState, openPlatforms, type CountLoaders, type CountOutcome, type PlatformOptions, type PlatformSettings } from '@insights/platforms'
import { openRedisState } from '@insights/queue/redis-state'
import { openSandbox } from '@insights/sandbox'
import type { Clock, Platform, SharedState } from '@insights/shared'
import { createPgliteSharedState, migratePglite } from '@insights/storage/pglite'
import { findRedis, startRedis } from '@insights/testkit'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { Redis } from 'ioredis'
import { t, type Test } from 'tap'

/** Opens what one more process uses of the state. */
type Open = (clock: Clock) => Promise<SharedState>

const MORNING = Date.parse('2026-11-23T10:00:00Z')
const HOUR = 3_600_000
const VIDEO = 'l4WNrvVjiTw'

const sandbox = await openSandbox()
t.teardown(sandbox.close)
t.beforeEach(() => {
  sandbox.reset()
  sandbox.clock.freeze()
  sandbox.clock.set(MORNING)
})

function openProcess (t: Test, shared: SharedState, settings: PlatformSettings = {}, changes: Partial<PlatformOptions> = {}): CountLoaders {
  const { baseUrls, credentials } = sandbox
  const platforms = openPlatforms({
    youtube: { baseUrl: baseUrls.youtube, ...credentials.youtube },
    x: { baseUrl: baseUrls.x, ...credentials.x },
    ...changes
  }, { clock: sandbox.clock, shared, random: () => 0, ...settings })
  t.teardown(platforms.close)
  return platforms.loaders
}

const load = async (process: CountLoaders, platform: Platform, id: string, options?: object): Promise<CountOutcome> => {
  const outcome = await process[platform]?.load(id, options)
  if (outcome === undefined) throw new Error(`${platform} is not open`)
  return outcome
}
const kindOf = (outcome: CountOutcome): string => outcome.kind === 'failed' ? outcome.failure.reason : outcome.kind
const asked = (platform: Platform): string[][] => sandbox.calls.list(platform).map(({ ids }) => ids)

async function until (isSo: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}

function contract (t: Test, open: Open): void {
  const openTwo = async (t: Test, settings?: PlatformSettings): Promise<[CountLoaders, CountLoaders]> => [
    openProcess(t, await open(sandbox.clock), settings), openProcess(t, await open(sandbox.clock), settings)
  ]

  t.test('an id that two processes want at the same time is asked for by one of them', async t => {
    const [one, other] = await openTwo(t)
    sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 200, times: 1 })
    const first = load(one, 'youtube', VIDEO)
    await until(() => asked('youtube').length === 1, 'one asks')
    t.match(await Promise.all([first, load(other, 'youtube', `https://youtu.be/${VIDEO}`)]), [{ kind: 'ok', count: 30 }, { kind: 'ok', count: 30 }])
    t.same(asked('youtube'), [[VIDEO]])
  })

  t.test('what was fetched is known to the others, with its age, as long as it is young enough for them', async t => {
    const [one, other] = await openTwo(t)
    t.strictSame(await load(one, 'youtube', VIDEO), { kind: 'ok', count: 30 })
    sandbox.clock.set(MORNING + 60_000)
    t.match(await load(other, 'youtube', VIDEO, { maxAgeMs: 60_000 }), { kind: 'ok', ageMs: 60_000 })
    t.equal(asked('youtube').length, 1)
    t.notOk('ageMs' in await load(other, 'youtube', VIDEO, { maxAgeMs: 1_000, urgency: 'on_demand' }), 'a fresh one')
    t.match(await load(one, 'youtube', VIDEO, { maxAgeMs: 60_000 }), { ageMs: 0 }, 'which is the one that is kept')
    t.equal(asked('youtube').length, 2)
  })

  t.test('a handle of X is asked for once on a UTC day', async t => {
    const [one, other] = await openTwo(t)
    const today = (): object => ({ maxAgeMs: sandbox.clock.now() % (24 * HOUR) })
    await load(one, 'x', 'gigpro', today())
    sandbox.clock.set(MORNING + 13 * HOUR)
    t.match(await load(other, 'x', '@GigPro', today()), { kind: 'ok', count: 4546, ageMs: 13 * HOUR })
    t.equal(sandbox.calls.totals('x').cost, 0.01)
    sandbox.clock.set(MORNING + 14 * HOUR)
    t.notOk('ageMs' in await load(other, 'x', 'gigpro', today()), 'the next day begins at midnight')
    t.equal(asked('x').length, 2)
  })

  t.test('misses are shared, and failures are not: who waited for one asks itself', async t => {
    const [one, other] = await openTwo(t, { timeoutMs: 2_000, deadlineMs: 2_000 })
    sandbox.entities.set('youtube', 'missing0001', 'missing')
    await load(one, 'youtube', 'missing0001')
    t.match(await load(other, 'youtube', 'missing0001', { maxAgeMs: HOUR }), { kind: 'not_found', ageMs: 0 })
    sandbox.calls.clear()
    sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 60_000, times: 1 })
    const first = load(one, 'youtube', VIDEO)
    await until(() => asked('youtube').length === 1, 'one asks')
    t.same((await Promise.all([first, load(other, 'youtube', VIDEO)])).map(kindOf), ['transient', 'ok'])
    t.equal(asked('youtube').length, 2)
  })

  t.test('calls are full, also when some of their ids are known already', async t => {
    const [one, other] = await openTwo(t)
    const ids = Array.from({ length: 170 }, (_, n) => `video${String(n).padStart(6, '0')}`)
    const loadAll = async (process: CountLoaders, some: string[]): Promise<CountOutcome[]> =>
      await Promise.all(some.map(async id => await load(process, 'youtube', id, { maxAgeMs: HOUR })))
    await loadAll(one, ids.filter((_, n) => n % 4 === 0 && n < 120))
    t.ok((await loadAll(other, ids)).every(({ kind }) => kind === 'ok'))
    t.same(asked('youtube').map(({ length }) => length), [30, 50, 50, 40])
    t.equal(new Set(asked('youtube').flat()).size, 170)
  })

  t.test('a process that dies with a claim holds others up until its lease ends, and those on demand for two seconds', async t => {
    const [one, other] = await openTwo(t)
    sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 600_000, times: 1 })
    const lost = load(one, 'youtube', VIDEO)
    lost.catch(() => {})
    await until(() => asked('youtube').length === 1, 'one asks')
    t.match(await load(other, 'youtube', VIDEO, { urgency: 'on_demand' }), { kind: 'ok' })
    t.equal(asked('youtube').length, 2)

    sandbox.faults.add({ platform: 'x', kind: 'delay', ms: 600_000, times: 1 })
    const alsoLost = load(one, 'x', 'gigpro')
    alsoLost.catch(() => {})
    await until(() => asked('x').length === 1, 'one asks')
    const planned = load(other, 'x', 'gigpro')
    t.equal(await Promise.race([planned, new Promise(resolve => setTimeout(resolve, 200, 'waits'))]), 'waits')
    sandbox.clock.set(MORNING + 15_000)
    t.match(await planned, { kind: 'ok' })
  })

  t.test('what a stand-in says is not taken for an answer of the platform, nor that with other credentials', async t => {
    const shared = await open(sandbox.clock)
    const recent = { maxAgeMs: HOUR }
    await load(openProcess(t, shared, { standIns: ['x', 'youtube'] }), 'youtube', VIDEO, recent)
    await load(openProcess(t, shared), 'youtube', VIDEO, recent)
    t.equal(asked('youtube').length, 2)
    const renewed = openProcess(t, shared, {}, { youtube: { baseUrl: sandbox.baseUrls.youtube, apiKey: 'another-key' } })
    await load(renewed, 'youtube', VIDEO, recent)
    t.equal(asked('youtube').length, 3)
  })

  t.test('neither ids nor what they can be found by is written', async t => {
    const shared = await open(sandbox.clock)
    const written: string[] = []
    const watched: SharedState = {
      ...shared,
      claim: async (list, names, options) => {
        written.push(list, ...names)
        return await shared.claim(list, names, options)
      },
      keep: async (list, results) => {
        written.push(list, ...results.flatMap(([name, value]) => [name, value ?? '']))
        await shared.keep(list, results)
      }
    }
    await load(openProcess(t, watched), 'x', 'gigpro')
    t.same(written, ['answers:x', written[1], 'answers:x', written[1], '4546'])
    t.match(written[1], /^[\w-]{22}$/)
  })
}

t.test('in memory', async t => {
  const all = new Map<Clock, SharedState>()
  t.beforeEach(() => { all.clear() })
  contract(t, async clock => {
    const shared = all.get(clock) ?? createMemoryState(clock)
    all.set(clock, shared)
    return shared
  })

  t.test('while the state is away everything is asked for, and nothing waits for it twice', async t => {
    const away = async (): Promise<never> => { throw new Error('away') }
    const shared = createMemoryState(sandbox.clock)
    t.match(await load(openProcess(t, { ...shared, claim: away, keep: away }), 'youtube', VIDEO), { kind: 'ok', count: 30 })
    let claims = 0
    const mute = async (): Promise<never> => await new Promise<never>(() => {})
    const claim = async (): Promise<never> => {
      claims++
      return await mute()
    }
    const silent = openProcess(t, { ...shared, claim, keep: mute })
    for (let n = 0; n < 3; n++) t.match(await load(silent, 'youtube', VIDEO), { kind: 'ok', count: 30 })
    t.equal(claims, 1)
  })

  t.test('what is kept goes after five minutes, at X when the UTC day ends', async t => {
    const process = openProcess(t, createMemoryState(sandbox.clock))
    const ageAt = async (platform: Platform, id: string, time: number): Promise<number | undefined> => {
      sandbox.clock.set(time)
      const outcome = await load(process, platform, id, { maxAgeMs: 24 * HOUR })
      return outcome.kind === 'ok' ? outcome.ageMs : NaN
    }
    const after = [0, 299_999, 300_000].map(ms => MORNING + ms)
    t.same([await ageAt('youtube', VIDEO, after[0] ?? 0), await ageAt('youtube', VIDEO, after[1] ?? 0), await ageAt('youtube', VIDEO, after[2] ?? 0)], [undefined, 299_999, undefined])
    t.same([await ageAt('x', 'gigpro', MORNING), await ageAt('x', 'gigpro', MORNING + 14 * HOUR - 1), await ageAt('x', 'gigpro', MORNING + 14 * HOUR)], [undefined, 14 * HOUR - 1, undefined])
  })
})

t.test('on the embedded database', async t => {
  const db = await openMemoryDatabase()
  t.teardown(async () => { await db.close() })
  await migratePglite(db)
  t.beforeEach(async () => { await db.exec('truncate insights.platform_notes, insights.platform_states') })
  contract(t, async clock => createPgliteSharedState(db, clock))

  t.test('of one process alone it keeps only what costs money', async t => {
    const open = (): CountLoaders => openProcess(t, createPgliteSharedState(db, sandbox.clock), { isOnlyProcess: true })
    const recent = { maxAgeMs: HOUR }
    const [before, after] = [open(), open()]
    for (const process of [before, before, after]) {
      await load(process, 'x', 'gigpro', recent)
      await load(process, 'youtube', VIDEO, recent)
    }
    t.same([asked('x').length, asked('youtube').length], [1, 2])
  })
})

t.test('on Redis', { skip: findRedis().skipOwn }, async t => {
  const server = await startRedis()
  t.teardown(server.stop)
  let prefix = 0
  t.beforeEach(() => { prefix++ })
  contract(t, async clock => {
    const { shared, close } = await openRedisState(server.url, { clock, prefix: `{${prefix}}` })
    t.teardown(close)
    return shared
  })

  t.test('every note expires by itself', async t => {
    const { shared, close } = await openRedisState(server.url, { prefix: '{expiry}' })
    t.teardown(close)
    sandbox.clock.set(Date.now())
    sandbox.clock.run()
    const process = openProcess(t, shared)
    await load(process, 'youtube', VIDEO)
    await load(process, 'x', 'gigpro')
    const redis = new Redis(server.url)
    t.teardown(() => { redis.disconnect() })
    const keys = (await redis.keys('{expiry}:notes:*')).sort()
    const lives = await Promise.all(keys.map(async key => await redis.pttl(key)))
    t.equal(keys.length, 2)
    t.ok((lives[0] ?? 0) > 0 && (lives[0] ?? 0) <= 24 * HOUR, `X: ${lives[0]} ms`)
    t.ok((lives[1] ?? 0) > 200_000 && (lives[1] ?? 0) <= 300_000, `YouTube: ${lives[1]} ms`)
  })
})
