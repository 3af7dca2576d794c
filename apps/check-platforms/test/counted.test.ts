import { loadConfig } from '@insights/config'
import { openPlatforms, type Platforms } from '@insights/platforms'
import { liveOptions, openCallLedger } from '@insights/runtime'
import { openDataDirectory } from '@insights/runtime/data-directory'
import { openSandbox } from '@insights/sandbox'
import type { Platform } from '@insights/shared'
import { findRedis, startRedis } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'
import { t, type Test } from 'tap'
import { check, variablesOf, type Variables } from './stage.js'

const sandbox = await openSandbox()
t.teardown(sandbox.close)
t.beforeEach(() => { sandbox.reset() })

/** The shared state as workers use it. */
async function openWorker (t: Test, env: Variables): Promise<Platforms> {
  const config = loadConfig(env)
  const ledger = await openCallLedger(config, { onLost: () => {} })
  t.teardown(ledger.close)
  const platforms = openPlatforms(liveOptions(config), ledger.settings)
  t.teardown(platforms.close)
  return platforms
}

async function usedOf ({ readStatus }: Platforms, platform: Platform): Promise<Record<string, number>> {
  return Object.fromEntries((await readStatus(platform)).buckets.map(({ name, used }) => [name, used]))
}

t.test('with Redis', { skip: findRedis().skipOwn }, async t => {
  const redis = await startRedis()
  t.teardown(redis.stop)
  let databases = 0
  /** Limits of its own for each test; MongoDB is not asked. */
  const environment = (limits: Variables = {}): Variables => ({
    ...variablesOf(sandbox), STORAGE: 'mongo', QUEUE: 'redis', MONGO_URL: 'mongodb://127.0.0.1:1', REDIS_URL: `${redis.url}/${databases++}`, ...limits
  })

  t.test('each call takes its units from what the workers share, and a token serves them and the check', async t => {
    sandbox.entities.set('x', 'insights_check_', 'missing')
    const env = environment()
    const { code, lines, complaints } = await check(t, env)
    t.strictSame([code, lines], [0, [
      'YouTube     works. Cost: 1 quota unit.',
      'SoundCloud  works. Cost: 1 token.',
      'X           works: It answers, and does not know what was asked for. Cost: at most 0.01 dollars.',
      'Facebook    works. Cost: 1 call.',
      'Instagram   works. Cost: 1 call.'
    ]])
    t.match(complaints, /^insights: X charges[^\n]*\n$/, 'and nothing about calls that are not counted')
    const worker = await openWorker(t, env)
    t.strictSame(await usedOf(worker, 'youtube'), { stats: sandbox.calls.totals('youtube').cost, videos: 0 })
    t.strictSame(await usedOf(worker, 'soundcloud'), { calls: 1, grants: 1, grants_per_hour: 1 })
    t.strictSame(await usedOf(worker, 'x'), { calls: 1, spend: 1 })
    t.strictSame(await usedOf(worker, 'facebook'), { calls: sandbox.calls.totals('facebook').cost })
    t.strictSame(await usedOf(worker, 'instagram'), { calls: sandbox.calls.totals('instagram').cost })
    t.strictSame((await check(t, env, '--only', 'soundcloud')).lines, ['SoundCloud  works. Cost: nothing.'])
    t.match(JSON.parse((await check(t, env, '--only', 'youtube', '--json')).output), { is_counted: true, results: [{ cost: { amount: 1, is_at_most: false } }] })
  })

  t.test('when a limit of the service is used up the line says so, and no call is made', async t => {
    const env = environment({ X_DAILY_SPEND_DOLLARS: '0', GRAPH_CALLS_PER_HOUR: '1' })
    t.equal((await check(t, env, '--only', 'facebook')).code, 0)
    const calls = sandbox.calls.list().length
    const { code, lines } = await check(t, env, '--only', 'x,facebook')
    t.equal(code, 1)
    t.match(lines, [
      /^X +fails: The service has used its own limit of cents at X for this day\. Not before \d{4}-.*Z\. Cost: nothing\.$/,
      /^Facebook +fails: The service has used its own limit of calls at Facebook for the last while\. Not before .*Z\. Cost: nothing\.$/
    ])
    t.equal(sandbox.calls.list().length, calls)
  })

  t.test('refused credentials are tried all the same, and what is mended is so for the workers too', async t => {
    const env = environment()
    const worker = await openWorker(t, env)
    sandbox.settings.set({ youtube: { apiEnabled: false } })
    await worker.clients.youtube?.fetchCounts(['jNQXAC9IVRw'])
    t.match((await worker.readStatus('youtube')).parked, { code: 'INS_PLATFORM_AUTH' })
    t.equal((await check(t, env, '--only', 'youtube')).code, 1)
    t.equal(sandbox.calls.list('youtube').length, 2, 'it was asked')
    sandbox.settings.set({ youtube: { apiEnabled: true } })
    t.equal((await check(t, env, '--only', 'youtube')).code, 0)
    t.equal((await worker.readStatus('youtube')).parked, null)
  })

  t.test('a platform that keeps failing is tried all the same', async t => {
    const env = environment()
    const worker = await openWorker(t, env)
    sandbox.faults.add({ platform: 'x', kind: 'status', status: 503, times: 'always' })
    while ((await worker.readStatus('x')).circuit === 'closed') await worker.clients.x?.fetchCounts(['gigpro'])
    sandbox.faults.clear()
    t.equal((await check(t, env, '--only', 'x')).code, 0)
    t.equal((await worker.readStatus('x')).circuit, 'closed')
  })

  t.test('a platform that has asked for a pause is left alone', async t => {
    const env = environment()
    sandbox.faults.add({ platform: 'facebook', kind: 'error', error: '4' })
    t.equal((await check(t, env, '--only', 'facebook')).code, 1)
    const { code, lines } = await check(t, env, '--only', 'facebook')
    t.equal(code, 1)
    t.match(lines[0], /Not before .*Z\. Cost: nothing\.$/)
    t.equal(sandbox.calls.list('facebook').length, 1)
  })

  t.test('while Redis is away the calls are made, and it is said that they are not counted', async t => {
    const { code, lines, complaints } = await check(t, { ...environment(), REDIS_URL: 'redis://someone:the-password@127.0.0.1:1' }, '--only', 'youtube')
    t.strictSame([code, lines], [0, ['YouTube     works. Cost: 1 quota unit.']])
    t.equal(complaints, 'insights: These calls are not counted in the limits of the service. Redis does not answer.\n')
  })
})

t.test('on the embedded database calls are counted while the service is stopped, and it is said when they are not', async t => {
  const env = { ...variablesOf(sandbox), DATA_DIR: await makeDataDirectory(t) }
  t.strictSame(await check(t, env, '--only', 'youtube'), { code: 0, output: 'YouTube     works. Cost: 1 quota unit.\n', complaints: '', lines: ['YouTube     works. Cost: 1 quota unit.'] })

  await t.test('the service runs', async t => {
    const { release } = await openDataDirectory(env.DATA_DIR, () => {})
    const { code, complaints } = await check(t, env, '--only', 'youtube')
    t.equal(code, 0)
    t.match(complaints, /^insights: These calls are not counted in the limits of the service\. It is running[^\n]*\n$/)
    await release()
  })

  const worker = await openWorker(t, env)
  t.strictSame(await usedOf(worker, 'youtube'), { stats: 1, videos: 0 }, 'the first call, and not the second one')
})
