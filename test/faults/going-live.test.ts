import { t } from 'tap'
import { openSandbox } from '@insights/sandbox'
import { createApiClient, startService, type ApiClient } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'
import { EXAMPLE_2 } from '../support/artists.js'

const TOKEN = 'a-token-of-our-own-choice-for-the-tests'

const scrape = async (url: string): Promise<string> =>
  await (await fetch(`${url}/metrics`, { headers: { authorization: `Token ${TOKEN}` } })).text()

t.test('counts that the sandbox made up are gone when a platform goes live, and real ones are not overwritten later', async t => {
  // What the service takes for the real YouTube and X: other counts than those of its own sandbox.
  const real = await openSandbox()
  t.teardown(real.close)
  real.entities.set('youtube', 'l4WNrvVjiTw', { count: 5_000_000 })
  real.entities.set('x', 'gigpro', { count: 7_000_000 })
  const youtube = { YOUTUBE_API_KEY: real.credentials.youtube.apiKey, YOUTUBE_BASE_URL: real.baseUrls.youtube }
  const x = { X_BEARER_TOKEN: real.credentials.x.bearerToken, X_BASE_URL: real.baseUrls.x }
  const dataDir = await makeDataDirectory(t)

  /** Starts the service on the same data, uses it, and ends it in good order. */
  const during = async (env: Record<string, string>, use: (api: ApiClient, banner: string, url: string) => Promise<void>): Promise<void> => {
    const service = await startService({
      node: ['apps/standalone/dist/main.js'], env: { DATA_DIR: dataDir, BOOTSTRAP_TOKEN: TOKEN, PLANNER_INTERVAL_SECONDS: '1', ...env }
    })
    t.teardown(async () => { await service.end('SIGKILL') })
    await use(createApiClient(service.url, TOKEN), service.stdout(), service.url)
    t.equal((await service.end('SIGTERM')).code, 0)
  }
  let id = 0
  let scoreOfSandbox = ''

  await during({}, async (api, banner) => {
    id = (await api.post('/api/user_insights/', EXAMPLE_2)).body.id
    const { body } = await api.refreshed(id)
    t.match(body, { insight_score: '7.00', works: [{ non_app_plays: 30 }, { non_app_plays: 230 }], twitter_followers_count: 4546 })
    t.match(banner, 'youtube: sandbox')
    scoreOfSandbox = body.insight_score
  })

  // YouTube answers nothing yet, so that what is left of the sandbox's counts can be seen.
  real.faults.add({ platform: 'youtube', kind: 'status', status: 503, times: 'always' })
  await during(youtube, async (api, banner) => {
    t.match(banner, 'youtube: live')
    const { body } = await api.refreshed(id)
    t.equal(body.works[0].non_app_plays, undefined, 'the count that was made up is gone')
    t.match(body, { works: [{}, { non_app_plays: 230 }], twitter_followers_count: 4546 })
    t.ok(Number(body.insight_score) < Number(scoreOfSandbox), 'and so is its share of the score')
    const { body: { sources } } = await api.get(`/api/user_insights/${id}/refresh`)
    t.match(sources.youtube, { state: 'stale', count: null, fetched_at: null })
  })

  real.faults.clear()
  await during({ ...youtube, ...x }, async (api, _banner, url) => {
    await api.post(`/api/user_insights/${id}/refresh`, {})
    t.match((await api.refreshed(id)).body, { works: [{ non_app_plays: 5_000_000 }, { non_app_plays: 230 }], twitter_followers_count: 7_000_000 })
    const before = await scrape(url)
    const { calls, cost } = real.calls.totals('x')
    t.match(before, `insights_platform_quota_used{platform="x",bucket="calls"} ${calls}\n`, 'what the platform has seen')
    t.match(before, `insights_platform_spend_used_dollars{platform="x",bucket="spend"} ${cost}\n`)
    t.match(before, 'insights_platform_parked{platform="x"} 0\n')
    real.faults.add({ platform: 'x', kind: 'status', status: 429 })
    await api.refreshed((await api.post('/api/user_insights/', { twitter_handle: 'parked' })).body.id)
    t.match(await scrape(url), 'insights_platform_parked{platform="x"} 1\n')
  })

  await during(youtube, async (api, banner) => {
    t.match(banner, 'x: not_configured')
    t.match(banner, 'facebook: sandbox')
    await api.post(`/api/user_insights/${id}/refresh`, {})
    t.match((await api.refreshed(id)).body, { twitter_followers_count: 7_000_000 }, 'a real count is not overwritten by a made-up one')
  })
})
