import { openSandbox } from '@insights/sandbox'
import { createApiClient, startService } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'
import { t } from 'tap'
import { TOKEN } from '../support/production-stack.js'

const BACKLOG = 100_000
const ON_DEMAND = 30
const DOLLARS_PER_DAY = 10

t.test(`fault 42: what clients ask for overtakes a backlog of ${BACKLOG}, which takes no more than the limit leaves it`, async t => {
  const sandbox = await openSandbox()
  t.teardown(sandbox.close)
  const service = await startService({
    node: ['apps/standalone/dist/main.js'],
    optimized: true,
    env: {
      DATA_DIR: await makeDataDirectory(t),
      BOOTSTRAP_TOKEN: TOKEN,
      LOG_LEVEL: 'error',
      X_BASE_URL: sandbox.baseUrls.x,
      X_BEARER_TOKEN: sandbox.credentials.x.bearerToken,
      X_DAILY_SPEND_DOLLARS: String(DOLLARS_PER_DAY)
    }
  })
  t.teardown(async () => { await service.end('SIGKILL') })
  const api = createApiClient(service.url, TOKEN)

  const lines = Array.from({ length: BACKLOG }, (_, n) => `{"twitter_handle":"planned${n}"}`).join('\n')
  const stored = await fetch(`${service.url}/api/user_insights/bulk`, {
    method: 'POST', body: lines, headers: { authorization: `Token ${TOKEN}`, 'content-type': 'application/x-ndjson' }
  })
  const results = (await stored.text()).trim().split('\n')
  t.equal(results.length, BACKLOG)

  const times: number[] = []
  for (let n = 0; n < ON_DEMAND; n++) {
    const start = performance.now()
    const { body } = await api.post('/api/user_insights', { twitter_handle: `wanted${n}` })
    const { body: { twitter_followers_count: count } } = await api.refreshed(body.id)
    times.push(performance.now() - start)
    t.type(count, 'number', `the count of wanted${n} is there`)
  }
  times.sort((a, b) => a - b)
  const { body: { results: waiting } } = await api.get('/api/user_insights?state=pending&ordering=-id&limit=1')
  t.equal(waiting.length, 1, 'all the while others were waiting')
  t.comment(`on demand, until the count is read: median ${times[ON_DEMAND / 2]?.toFixed(0)} ms, most ${times.at(-1)?.toFixed(0)} ms`)

  const { body: { platforms: { x } } } = await api.get('/api/platforms')
  const spend = x.buckets.find((bucket: { name: string }) => bucket.name === 'spend')
  t.ok(spend.used <= DOLLARS_PER_DAY * 100, `${spend.used} cents are counted`)
  const asked = sandbox.calls.list('x').flatMap(call => call.ids)
  const planned = new Set(asked.filter(id => id.startsWith('planned'))).size
  t.ok(planned <= DOLLARS_PER_DAY * 100 * 0.8, `${planned} of the backlog were asked for`)
  t.ok(sandbox.calls.totals('x').cost <= DOLLARS_PER_DAY)
  t.equal((await service.end('SIGTERM')).code, 0)
})
