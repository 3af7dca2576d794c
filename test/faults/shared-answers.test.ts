/** Two workers on real Redis ask the platforms as if they were one. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { openPlatforms, type CountLoaders, type CountOutcome } from '@insights/platforms'
import { openRedisState } from '@insights/queue/redis-state'
import { openSandbox, type Sandbox } from '@insights/sandbox'
import { PLATFORMS, type Platform } from '@insights/shared'
import { findRedis, startRedis } from '@insights/testkit'
import { findMongo } from '@insights/testkit/mongo-server'
import { t, type Test } from 'tap'
import { buildArtist, isComplete } from '../support/artists.js'
import { openProductionStack, TOKEN } from '../support/production-stack.js'

const WORKERS = 2
const JOBS_AT_A_TIME = 10
const IDS_PER_JOB = 200
const BATCH_SIZES: Record<Platform, number> = { youtube: 50, soundcloud: 50, x: 100, facebook: 50, instagram: 50 }

/** Which artist each insight is of: three of ten are of one of the other seven's, wherever that stands. */
function buildBacklog (count: number): number[] {
  let seed = 1
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  return Array.from({ length: count }, (_, place) => place % 10 < 7 ? place : random(count / 10) * 10 + random(7))
}

const idsOf = (artist: number): Record<Platform, string> => ({
  youtube: `video${String(artist).padStart(6, '0')}`,
  soundcloud: String(200_000_000 + artist),
  x: `artist${artist}`,
  facebook: String(100_000 + artist),
  instagram: `artist.${artist}`
})

/**
 * Looks up an artist's count, again where its call could not be counted, as a worker does some seconds later. No call was
 * made then. It happens when this process stands still for so long that its connection to Redis is given up.
 */
async function load (loaders: CountLoaders, platform: Platform, artist: number): Promise<CountOutcome | undefined> {
  const outcome = await loaders[platform]?.load(idsOf(artist)[platform], { maxAgeMs: 300_000 })
  if (outcome?.kind !== 'failed' || outcome.failure.code !== 'INS_PLATFORM_LEDGER') return outcome
  await delay((outcome.failure.retryAt ?? 0) - Date.now())
  return await load(loaders, platform, artist)
}

/** Works on the backlog as workers do: jobs of 200 insights, ten at a time, each of which ends with its last lookup. */
async function workOff (loaders: CountLoaders, jobs: number[][], t: Test): Promise<void> {
  const lane = async (): Promise<void> => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const lookups = job.flatMap(artist => PLATFORMS.map(async platform => await load(loaders, platform, artist)))
      const missing = (await Promise.all(lookups)).find(outcome => outcome?.kind !== 'ok')
      if (missing !== undefined) t.fail('a count is missing', { missing })
    }
  }
  await Promise.all(Array.from({ length: JOBS_AT_A_TIME }, lane))
}

/** After so long without a call what fills none is sent as it is; a little less, since calls are not sent in no time. */
const PAUSE_MS = 1_500

/** How often nothing was sent for so long that what was left over had to go: one call of each platform then. */
function countPauses (sandbox: Sandbox): number {
  const times = sandbox.calls.list().map(({ at }) => at).sort((a, b) => a - b)
  return times.filter((at, index) => at - (times[index - 1] ?? at) > PAUSE_MS).length
}

/** Each id once, and hardly more calls than the fewest. */
function countCalls (t: Test, sandbox: Sandbox, artists: readonly number[]): void {
  const unique = new Set(artists).size
  let [calls, fewest] = [0, 0]
  for (const platform of PLATFORMS) {
    const received = sandbox.calls.list(platform).filter(({ path }) => !path.endsWith('/oauth/token'))
    const ids = received.reduce((sum, call) => sum + call.ids.length, 0)
    const least = Math.ceil(unique / BATCH_SIZES[platform])
    t.comment(`${platform}: ${received.length} calls for ${ids} ids; the fewest for ${unique} are ${least}`)
    t.equal(ids, unique, `${platform} is asked for each id once`)
    calls += received.length
    fewest += least
  }
  const pauses = countPauses(sandbox)
  t.comment(`${calls} calls are ${(calls / fewest).toFixed(3)} of the fewest, with ${pauses} pauses`)
  t.ok(calls <= 1.05 * fewest + pauses * PLATFORMS.length)
}

for (const count of [1_000, 20_000]) {
  t.test(`two workers ask for what ${count} insights share once, in full calls`, { skip: findRedis().skipOwn }, async t => {
    const redis = await startRedis()
    t.teardown(redis.stop)
    const sandbox = await openSandbox()
    t.teardown(sandbox.close)
    const { baseUrls: { soundcloudToken, ...baseUrls }, credentials } = sandbox
    const open = async (): Promise<CountLoaders> => {
      const state = await openRedisState(redis.url)
      t.teardown(state.close)
      const platforms = openPlatforms({
        youtube: { baseUrl: baseUrls.youtube, ...credentials.youtube },
        soundcloud: { baseUrl: baseUrls.soundcloud, tokenUrl: soundcloudToken, ...credentials.soundcloud },
        x: { baseUrl: baseUrls.x, ...credentials.x },
        facebook: { baseUrl: baseUrls.facebook, ...credentials.facebook },
        instagram: { baseUrl: baseUrls.instagram, ...credentials.instagram }
      }, { shared: state.shared })
      t.teardown(platforms.close)
      return platforms.loaders
    }
    const workers = await Promise.all(Array.from({ length: WORKERS }, open))
    const artists = buildBacklog(count)
    const jobs = Array.from({ length: count / IDS_PER_JOB }, (_, n) => artists.slice(n * IDS_PER_JOB, (n + 1) * IDS_PER_JOB))
    await Promise.all(workers.map(async loaders => { await workOff(loaders, jobs, t) }))

    countCalls(t, sandbox, artists)
  })
}

t.test('two worker processes ask for a backlog in full calls', { skip: findMongo().skipOwn || findRedis().skipOwn }, async t => {
  const stack = await openProductionStack(t)
  const { api, url } = await stack.startApi(t)
  const artists = buildBacklog(1_000)
  const stored = await fetch(`${url}/api/user_insights/bulk`, {
    method: 'POST',
    body: artists.map(artist => JSON.stringify(buildArtist(artist))).join('\n'),
    headers: { authorization: `Token ${TOKEN}`, 'content-type': 'application/x-ndjson' }
  })
  const ids = (await stored.text()).trim().split('\n').map(line => Number((JSON.parse(line) as { id: number }).id))
  const workers = await Promise.all(Array.from({ length: WORKERS }, async () => await stack.startWorker(t)))
  for (const id of ids) t.ok(isComplete((await api.refreshed(id)).body), `every count of ${id} is there`)
  countCalls(t, stack.sandbox, artists)
  for (const worker of workers) t.equal((await worker.end('SIGTERM')).code, 0)
})

t.test('an account that a killed worker was asking for is fetched for another insight soon', { skip: findMongo().skipOwn || findRedis().skipOwn }, async t => {
  const stack = await openProductionStack(t)
  const { api } = await stack.startApi(t)
  const victim = await stack.startWorker(t)
  stack.sandbox.faults.add({ platform: 'x', kind: 'delay', ms: 600_000, times: 1 })
  const handle = `artist${randomUUID().slice(0, 8)}`
  await api.post('/api/user_insights/', { twitter_handle: handle })
  while (stack.sandbox.calls.list('x').length === 0) await delay(5)
  await victim.end('SIGKILL')
  const survivor = await stack.startWorker(t)
  const killedAt = performance.now()
  const { body: { id } } = await api.post('/api/user_insights/', { twitter_handle: handle })
  const { body } = await api.refreshed(id)
  t.type(body.twitter_followers_count, 'number')
  t.comment(`the count was there ${Math.round(performance.now() - killedAt)} ms after the new worker started`)
  t.equal((await survivor.end('SIGTERM')).code, 0)
})
