import { t } from 'tap'
import { createMetrics } from '@insights/metrics'
import { AppError } from '@insights/shared'
import { addToken, buildBareApi, buildTestApi, openTestStores } from './build-test-api.js'

const stores = await openTestStores(t)
const countJobs = async () => ({ refresh: { waiting: 3, active: 1 } })
const away = async (): Promise<never> => { throw new AppError('INS_QUEUE_UNAVAILABLE', 'Away') }
const hang = async (): Promise<never> => await new Promise(() => {})

t.test('answers are counted under the pattern of their route, and unknown paths under one label', async t => {
  const metrics = createMetrics()
  const { app, send } = await buildTestApi(t, stores, { monitoring: { metrics, countJobs } })
  const { id } = (await send({ method: 'POST', url: '/api/user_insights/', payload: {} })).json()
  await send({ url: `/api/user_insights/${id}` })
  await send({ url: `/api/user_insights/${id}/` })
  await send({ url: '/api/user_insights/999999999' })
  await app.inject({ url: `/api/user_insights/${id}` })
  for (const url of ['/wp-admin', '/api/user_insights/7/secret', '/metrics/x']) await app.inject({ url })
  await app.inject({ method: 'DELETE', url: '/livez' })
  const { text } = await metrics.render()
  const counts = [...text.matchAll(/^insights_http_request_duration_seconds_count\{(.*)\} (\d+)$/gm)].map(([, labels, count]) => `${labels} ${count}`)
  t.same(counts.sort(), [
    'method="DELETE",route="unknown",status="405" 1',
    'method="GET",route="/api/user_insights/:id",status="200" 2',
    'method="GET",route="/api/user_insights/:id",status="401" 1',
    'method="GET",route="/api/user_insights/:id",status="404" 1',
    'method="GET",route="unknown",status="404" 3',
    'method="POST",route="/api/user_insights",status="201" 1'
  ])
})

t.test('the metrics are for tokens with the scope metrics or admin, also by a browser’s sign-in', async t => {
  const { app } = await buildTestApi(t, stores, { monitoring: { metrics: createMetrics(), countJobs } })
  const token = await addToken(stores, ['metrics'])
  const ask = async (authorization?: string) => await app.inject({ url: '/metrics', headers: { ...(authorization !== undefined && { authorization }) } })
  const answer = await ask(`Token ${token}`)
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  t.match(answer.body, /^insights_store_up 1$/m)
  t.match(answer.body, /^insights_due_insights \d+$/m)
  t.match(answer.body, /^insights_queue_jobs\{queue="refresh",state="waiting"\} 3$/m)
  t.equal((await ask(`Basic ${Buffer.from(`anybody:${token}`).toString('base64')}`)).statusCode, 200)
  t.equal((await ask(`Bearer ${await addToken(stores, ['admin'])}`)).statusCode, 200)
  t.match(await ask(`Token ${await addToken(stores, ['read', 'write'])}`), { statusCode: 403, body: /INS_AUTH_SCOPE/ })
  t.match(await ask(), { statusCode: 401, headers: { 'www-authenticate': 'Basic realm="insights"' } })
  t.match(await app.inject({ method: 'POST', url: '/metrics' }), { statusCode: 405, headers: { allow: 'GET, HEAD, OPTIONS' } })
})

t.test('a scrape is answered within a second or so while store and queue hang, and says so', async t => {
  let isHanging = false
  const { store, tokens } = stores
  const { app } = await buildTestApi(t, stores, {
    monitoring: { metrics: createMetrics(), countJobs: async () => isHanging ? await hang() : await countJobs() },
    store: { ...store, backlog: async () => isHanging ? await hang() : await store.backlog() },
    tokens: { ...tokens, findByHash: async hash => isHanging ? await hang() : await tokens.findByHash(hash) }
  })
  const scrape = { url: '/metrics', headers: { authorization: `Token ${await addToken(stores, ['metrics'])}` } }
  t.match((await app.inject(scrape)).body, /^insights_store_up 1$/m)
  isHanging = true
  const { statusCode, body } = await app.inject(scrape)
  t.equal(statusCode, 200)
  t.match(body, /^insights_store_up 0$/m)
  t.match(body, /^insights_queue_up 0$/m)
  t.notMatch(body, /^insights_(due|oldest|queue_jobs)/m)
})

t.test('a wish that could not be enqueued is counted, and the write succeeds', async t => {
  const metrics = createMetrics()
  const { send } = await buildTestApi(t, stores, { monitoring: { metrics, countJobs: away }, enqueueRefresh: away })
  t.equal((await send({ method: 'POST', url: '/api/user_insights/', payload: {} })).statusCode, 201)
  t.match((await metrics.render()).text, /^insights_enqueue_failures_total 1$/m)
})

t.test('without metrics there is no such path', async t => {
  const { injectUncompared } = await buildBareApi(t, stores)
  t.equal((await injectUncompared({ url: '/metrics' })).statusCode, 404)
})
