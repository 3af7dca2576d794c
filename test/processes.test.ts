import { setTimeout as delay } from 'node:timers/promises'
import { t } from 'tap'
import { createApiClient, findRedis, LOGGED_URL, runService, startService } from '@insights/testkit'
import { findMongo } from '@insights/testkit/mongo-server'
import { EXAMPLE_2 } from './support/artists.js'
import { openProductionStack, TOKEN } from './support/production-stack.js'

const skip = findMongo().skipOwn || findRedis().skipOwn

t.test('several API and worker processes on MongoDB and Redis do the whole job', { skip }, async t => {
  const stack = await openProductionStack(t)
  const [one, other] = await Promise.all([stack.startApi(t), stack.startApi(t)])
  const workers = await Promise.all([stack.startWorker(t), stack.startWorker(t)])

  await t.test('what one API stores the other one reads, with the counts of the workers', async t => {
    const { status, body } = await one.api.post('/api/user_insights/', EXAMPLE_2)
    t.match([status, body], [201, { insight_score: '0.00', twitter_followers_count: null }])
    t.strictSame((await other.api.refreshed(body.id)).body, {
      id: body.id,
      has_about: false,
      ...EXAMPLE_2,
      insight_score: '7.00',
      twitter_followers_count: 4546,
      works: [{ ...EXAMPLE_2.works[0], non_app_plays: 30 }, { ...EXAMPLE_2.works[1], non_app_plays: 230 }],
      facebook_page_followers_count: 4546,
      instagram_followers_count: 4564
    })
  })

  await t.test('page ids beyond 2^53 survive', async t => {
    const { body } = await one.api.post('/api/user_insights/', { facebook_page_id: '12345678901234567890' })
    t.equal((await other.api.refreshed(body.id)).body.facebook_page_id, '12345678901234567890')
  })

  await t.test('API and workers can be probed and scraped', async t => {
    const headers = { authorization: `Token ${TOKEN}` }
    const texts = await Promise.all([one, ...workers].map(async service => {
      t.equal((await fetch(`${service.url}/livez`)).status, 200)
      t.equal((await fetch(`${service.url}/readyz`)).status, 200)
      t.equal((await fetch(`${service.url}/metrics`)).status, 401)
      return await (await fetch(`${service.url}/metrics`, { headers })).text()
    }))
    t.match(texts[0], /insights_http_request_duration_seconds_count\{[^}]*route="\/api\/user_insights"/)
    t.match(texts.slice(1).join(''), /insights_refreshes_total\{outcome="saved"\} [1-9]/)
    t.match(texts.slice(1).join(''), /insights_platform_call_ids_total\{platform="x"\} [1-9]/)
    const { calls, cost } = stack.sandbox.calls.totals('x')
    for (const text of texts) {
      t.match(text, /insights_store_up 1\n[^]*insights_queue_up 1\n/)
      t.match(text, `insights_platform_quota_used{platform="x",bucket="calls"} ${calls}\n`, 'what the platform has seen')
      t.match(text, `insights_platform_spend_used_dollars{platform="x",bucket="spend"} ${cost}\n`)
    }
  })

  await t.test('every process shows that a platform is left alone', async t => {
    stack.sandbox.faults.add({ platform: 'x', kind: 'status', status: 429 })
    const { body } = await one.api.post('/api/user_insights/', { twitter_handle: 'parked', instagram_handle: 'gigpro' })
    await one.api.refreshed(body.id)
    for (const service of [one, other, ...workers]) {
      const text = await (await fetch(`${service.url}/metrics`, { headers: { authorization: `Token ${TOKEN}` } })).text()
      t.match(text, 'insights_platform_parked{platform="x"} 1\n')
      t.match(text, /insights_platform_parked_until_timestamp_seconds\{platform="x"\} \d/)
      t.match(text, 'insights_platform_parked{platform="instagram"} 0\n')
    }
  })

  await t.test('a rate limit holds over all API processes', async t => {
    const limited = await Promise.all([1, 2].map(async () => await stack.startApi(t, { RATE_LIMIT_PER_MINUTE: '10' })))
    const { body } = await one.api.post('/api/tokens', { name: 'limited', scopes: ['read'] })
    // Until a process has its connection to Redis it lets everybody through. The token of the tests has a limit of its own.
    const deadline = Date.now() + 20_000
    for (const { api } of limited) {
      while (!(await api.get('/api/user_insights/1')).headers.has('ratelimit')) {
        if (Date.now() > deadline) throw new Error('The process does not count')
        await delay(100)
      }
    }
    const statuses: number[] = []
    for (let call = 0; call < 12; call++) {
      const { status } = await createApiClient(limited[call % 2]?.url ?? '', body.token).get('/api/user_insights/1')
      statuses.push(status)
    }
    t.equal(statuses.filter(status => status === 429).length, 2)
    await Promise.all(limited.map(async service => await service.end('SIGTERM')))
  })

  await t.test('a migration on a database in use finds nothing to do', async t => {
    const { code, stdout } = await runService({ node: ['apps/migrate/dist/main.js'], env: stack.env })
    t.same([code, stdout], [0, 'Nothing to do: the database is up to date.\n'])
  })

  await t.test('a draining API says that it is not ready while it still answers', async t => {
    const draining = await stack.startApi(t, { DRAIN_SECONDS: '5' })
    draining.child.kill('SIGTERM')
    const deadline = Date.now() + 10_000
    let ready = 200
    while (ready === 200 && Date.now() < deadline) ready = (await fetch(`${draining.url}/readyz`)).status
    t.equal(ready, 503)
    t.match((await draining.api.post('/api/user_insights/', {})).status, 201, 'requests are still taken')
    t.equal((await draining.ended).code, 0)
  })

  await t.test('SIGTERM ends every process in order', async t => {
    const endings = await Promise.all([one, other, ...workers].map(async service => await service.end('SIGTERM')))
    t.same(endings.map(ending => ending.code), [0, 0, 0, 0])
  })
})

for (const app of ['api', 'worker']) {
  t.test(`the ${app} process refuses the embedded settings and names everything that is wrong at once`, async t => {
    const { code, stderr } = await runService({ node: [`apps/${app}/dist/main.js`], env: { LOG_LEVEL: 'loud' } })
    t.equal(code, 1)
    for (const name of ['STORAGE', 'QUEUE', 'MONGO_URL', 'REDIS_URL', 'LOG_LEVEL']) t.match(stderr, name)
    t.match(stderr, /one process/, 'the reason is given')
  })
}

t.test('npm start refuses the settings of the production mode', async t => {
  const env = { STORAGE: 'mongo', QUEUE: 'redis', MONGO_URL: 'mongodb://127.0.0.1:1', REDIS_URL: 'redis://127.0.0.1:1', DATA_DIR: t.testdir() }
  const { code, stderr } = await runService({ node: ['apps/standalone/dist/main.js'], env })
  t.equal(code, 1)
  t.match(stderr, /STORAGE and QUEUE.*processes of their own/)
})

t.test('the API starts and serves while its stores are away', async t => {
  const service = await startService({
    node: ['apps/api/dist/main.js'],
    env: { STORAGE: 'mongo', QUEUE: 'redis', MONGO_URL: 'mongodb://127.0.0.1:1', REDIS_URL: 'redis://127.0.0.1:1' },
    announcement: LOGGED_URL
  })
  t.teardown(async () => { await service.end('SIGKILL') })
  t.equal((await fetch(`${service.url}/livez`)).status, 200)
  const ready = await fetch(`${service.url}/readyz`)
  t.equal(ready.status, 503)
  t.ok(Number(ready.headers.get('retry-after')) > 0)
  t.equal((await service.end('SIGTERM')).code, 0)
})
