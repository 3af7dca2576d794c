/** The five clients against the sandbox of this repository: the whole way, over real HTTP. */
import { openSandbox, type Sandbox, type SettingChanges } from '@insights/sandbox'
import { PLATFORMS, type Platform } from '@insights/shared'
import t, { type Test } from 'tap'
import { openPlatforms, type CountOutcome, type Platforms } from '../src/index.js'
import { codeOf, failureOf } from './contract/platform-client-contract.js'

const DOCUMENTED: Record<Platform, [id: string, count: number]> = {
  youtube: ['l4WNrvVjiTw', 30],
  soundcloud: ['230230230', 230],
  x: ['gigpro', 4546],
  facebook: ['4546477', 4546],
  instagram: ['gigpro', 4564]
}

const manyIds: Record<Platform, (n: number) => string> = {
  youtube: n => `video_${String(n).padStart(5, '0')}`,
  soundcloud: n => String(5000 + n),
  x: n => `artist_${n}`,
  facebook: n => String(1_000_000 + n),
  instagram: n => `artist.${n}`
}

async function open (t: Test, settings: SettingChanges = {}): Promise<Platforms & { sandbox: Sandbox }> {
  const sandbox = await openSandbox({ settings })
  t.teardown(() => sandbox.close())
  const { baseUrls, credentials, clock } = sandbox
  const platforms = openPlatforms({
    youtube: { baseUrl: baseUrls.youtube, ...credentials.youtube },
    soundcloud: { baseUrl: baseUrls.soundcloud, tokenUrl: baseUrls.soundcloudToken, ...credentials.soundcloud },
    x: { baseUrl: baseUrls.x, ...credentials.x },
    facebook: { baseUrl: baseUrls.facebook, ...credentials.facebook },
    instagram: { baseUrl: baseUrls.instagram, ...credentials.instagram }
  }, { clock, random: () => 0 })
  t.teardown(() => platforms.close())
  return { ...platforms, sandbox }
}

async function load (platforms: Platforms, platform: Platform, ids: readonly string[]): Promise<CountOutcome[]> {
  const loader = platforms.loaders[platform]
  return Promise.all(ids.map(id => loader?.load(id) ?? Promise.reject(new Error('no loader'))))
}

t.test('the counts of the documented example arrive', async t => {
  const platforms = await open(t)
  for (const platform of PLATFORMS) {
    const [id, count] = DOCUMENTED[platform]
    t.strictSame(await load(platforms, platform, [id]), [{ kind: 'ok', count }], platform)
  }
})

for (const platform of PLATFORMS) {
  t.test(`250 ids of ${platform} with repeats are asked for in the fewest calls`, async t => {
    const platforms = await open(t)
    const { sandbox, clients } = platforms
    sandbox.clock.freeze()
    const ids = Array.from({ length: 250 }, (_, n) => manyIds[platform](n))
    const outcomes = await load(platforms, platform, [...ids, ...ids])
    t.strictSame(outcomes, [...ids, ...ids].map(id => ({ kind: 'ok', count: sandbox.entities.countOf(platform, id) })))
    const calls = sandbox.calls.list(platform).filter(call => call.ids.length > 0)
    t.equal(calls.length, Math.ceil(250 / (clients[platform]?.maxBatchSize ?? 0)))
  })

  t.test(`missing, hidden and impossible ids of ${platform} among others are told apart`, async t => {
    const platforms = await open(t)
    const { sandbox } = platforms
    const [good, missing, hidden] = [1, 2, 3].map(manyIds[platform]) as [string, string, string]
    sandbox.entities.set(platform, missing, 'missing')
    const canHide = platform === 'youtube' || platform === 'soundcloud' || platform === 'facebook'
    if (canHide) sandbox.entities.set(platform, hidden, 'hidden')
    const outcomes = await load(platforms, platform, [good, missing, hidden, 'no such id!'])
    t.strictSame(outcomes.map(codeOf), ['ok', 'not_found', canHide ? 'hidden' : 'ok', 'invalid_id'])
  })
}

t.test('states that look like others are read for what they are', async t => {
  const platforms = await open(t)
  const { entities } = platforms.sandbox
  entities.set('soundcloud', '7001', { state: 'blocked', count: 5 })
  entities.set('soundcloud', '7002', { state: 'unlisted', count: 6 })
  entities.set('youtube', 'no_stats_vd', 'no_statistics')
  entities.set('x', 'suspended', 'suspended')
  entities.set('facebook', '1000001', 'restricted')
  t.strictSame(await load(platforms, 'soundcloud', ['7001', '7002']), [{ kind: 'ok', count: 5 }, { kind: 'ok', count: 6 }])
  t.strictSame((await load(platforms, 'youtube', ['no_stats_vd'])).map(codeOf), ['hidden'])
  t.strictSame((await load(platforms, 'x', ['Suspended', 'gigpro'])).map(codeOf), ['not_found', 'ok'])
  t.strictSame((await load(platforms, 'facebook', ['1000001', '1000002'])).map(codeOf), ['INS_PLATFORM_AUTH', 'ok'])
})

for (const batchGetStats of ['status_404', 'status_501'] as const) {
  t.test(`YouTube without batchGetStats (${batchGetStats}) is read through videos`, async t => {
    const platforms = await open(t, { youtube: { batchGetStats } })
    t.strictSame(await load(platforms, 'youtube', ['l4WNrvVjiTw']), [{ kind: 'ok', count: 30 }])
  })
}

t.test('YouTube videos are read by either name of their id', async t => {
  const platforms = await open(t, { youtube: { idField: 'videoId', summary: false } })
  t.strictSame(await load(platforms, 'youtube', ['l4WNrvVjiTw']), [{ kind: 'ok', count: 30 }])
})

t.test('SoundCloud tokens are renewed by refresh as hours pass, and pages are followed', async t => {
  const platforms = await open(t, { soundcloud: { maxPageSize: 20, tokenGrantsPer12Hours: 1 } })
  const { sandbox } = platforms
  sandbox.clock.freeze()
  for (let hour = 0; hour < 4; hour++) {
    const outcomes = await load(platforms, 'soundcloud', Array.from({ length: 50 }, (_, n) => manyIds.soundcloud(n)))
    t.ok(outcomes.every(outcome => outcome.kind === 'ok'), `hour ${hour}`)
    sandbox.clock.advance(3_500_000)
  }
  const calls = sandbox.calls.list('soundcloud')
  t.equal(calls.filter(call => call.path === '/oauth/token').length, 4)
  t.equal(calls.filter(call => call.path === '/tracks').length, 12)
})

t.test('quotas and throttles say when to ask again', async t => {
  const platforms = await open(t, {
    youtube: { statsUnitsPerDay: 0, generalUnitsPerDay: 0 },
    soundcloud: { callsPerDay: 0 },
    x: { callsPer15Minutes: 0 },
    graph: { callsPerHour: 0 }
  })
  platforms.sandbox.clock.freeze()
  const failures = await Promise.all(PLATFORMS.map(async platform => {
    const [outcome] = await load(platforms, platform, [DOCUMENTED[platform][0]])
    return failureOf(outcome)
  }))
  t.strictSame(failures.map(failure => failure?.reason), ['quota', 'throttled', 'throttled', 'throttled', 'throttled'])
  t.strictSame(failures.map(failure => failure?.retryAt !== null), [true, true, true, true, true])
})

t.test('money at X is no matter of credentials', async t => {
  const platforms = await open(t, { x: { spendCapDollars: 0 } })
  t.match(failureOf((await load(platforms, 'x', ['gigpro']))[0]), { reason: 'quota', retryAt: Number })
  platforms.sandbox.settings.set({ x: { creditDollars: 0 } })
  t.match(failureOf((await load(platforms, 'x', ['gigpro']))[0]), { reason: 'quota', code: 'INS_PLATFORM_QUOTA' })
})

for (const level of ['call', 'parts'] as const) {
  t.test(`a token that Facebook refuses (${level}) is for a person to mend`, async t => {
    const platforms = await open(t, { graph: { tokenErrorLevel: level }, facebook: { token: 'expired' }, instagram: { token: 'invalid' } })
    for (const platform of ['facebook', 'instagram'] as const) {
      t.equal(failureOf((await load(platforms, platform, [DOCUMENTED[platform][0]]))[0])?.reason, 'auth')
    }
  })
}

t.test('a feature that Facebook takes away marks no page as missing', async t => {
  for (const permission of ['refused', 'vague', 'not_found'] as const) {
    const platforms = await open(t, { facebook: { permission } })
    const outcomes = await load(platforms, 'facebook', Array.from({ length: 10 }, (_, n) => manyIds.facebook(n)))
    t.ok(outcomes.every(outcome => failureOf(outcome)?.reason === 'auth'), permission)
  }
})

t.test('single troubles are mended within the call', async t => {
  const platforms = await open(t)
  for (const platform of PLATFORMS) {
    for (const fault of [{ kind: 'reset' }, { kind: 'reset_mid_body' }, { kind: 'status', status: 503 }] as const) {
      platforms.sandbox.faults.add({ platform, path: '*', times: 1, ...fault })
      const [id, count] = DOCUMENTED[platform]
      t.strictSame(await load(platforms, platform, [id]), [{ kind: 'ok', count }], `${platform} ${fault.kind}`)
    }
  }
})
