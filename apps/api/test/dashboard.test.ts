import { setTimeout as delay } from 'node:timers/promises'
import { openQueues, type BackendChoice, type JobQueues } from '@insights/queue'
import type { Scope } from '@insights/shared'
import { findRedis, startRedis } from '@insights/testkit'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { t, type Test } from 'tap'
import { addToken, buildBareApi, openTestStores } from './build-test-api.js'

/** What a platform or a person could put into an error: none of it may get into a job. */
const SECRETS = ['gigpro', 'the-secret-of-a-platform']
/** Far beyond what a working queue needs. */
const FAILURE_LIMIT_MS = 20_000
const log = { info: () => {}, warn: () => {}, error: () => {} }
const stores = await openTestStores(t)
const admin = await addToken(stores, ['admin'])
const db = await openMemoryDatabase()
t.teardown(async () => { await db.close() })
const embedded = await openBackend(t, { kind: 'embedded', db })

type Ask = (url: string, options?: Partial<InjectOptions> & { authorization?: string }) => Promise<LightMyRequestResponse>

const basic = (token: string): string => `Basic ${Buffer.from(`anybody:${token}`).toString('base64')}`

async function openBackend (t: Test, backend: BackendChoice): Promise<JobQueues> {
  const queues = await openQueues({ backend, log })
  t.teardown(async () => { await queues.close() })
  return queues
}

/** The app with a dashboard, and how to ask it as a browser does in which an admin has signed in. */
async function buildWith (t: Test, { queues }: JobQueues = embedded, isWritable = false): Promise<Ask> {
  const { app } = await buildBareApi(t, { ...stores, queues }, { dashboard: { isEnabled: true, isWritable } })
  return async (url, { authorization = basic(admin), headers, ...options } = {}) =>
    await app.inject({ url, ...options, headers: { ...(authorization !== '' && { authorization }), ...headers } })
}

/** Lets one refresh fail for good, with secrets in the error. */
async function failOneJob (queues: JobQueues): Promise<void> {
  const queue = queues.queues[0] as JobQueues['queues'][number]
  await queue.add('refresh', { ids: [7] }, { attempts: 1 })
  const processing = await queues.startProcessing({
    refresh: async () => { throw new Error(SECRETS.join(' ')) },
    plan: async () => {}
  })
  const deadline = Date.now() + FAILURE_LIMIT_MS
  while (await queue.getFailedCount() === 0) {
    if (Date.now() > deadline) throw new Error('The job did not fail')
    await delay(10)
  }
  await processing.close()
}

async function showsTheQueues (t: Test, ask: Ask): Promise<void> {
  const answer = await ask('/queues/api/queues?activeQueue=refresh&status=failed&page=1&jobsPerPage=10')
  t.equal(answer.statusCode, 200)
  const [refresh, maintenance] = answer.json().queues
  t.match([refresh, maintenance], [{ name: 'refresh', counts: { failed: 1 }, readOnlyMode: true }, { name: 'maintenance' }])
  t.match(refresh.jobs, [{ name: 'refresh', data: { ids: [7] } }])
  for (const url of ['/queues/api/redis/stats', '/queues/api/job-schedulers', '/queues/api/queues/refresh/workers', `/queues/api/queues/refresh/${refresh.jobs[0].id}`]) {
    t.equal((await ask(url)).statusCode, 200, url)
  }
}

t.test('the page and everything that it links to locally is served', async t => {
  const ask = await buildWith(t)
  const page = await ask('/queues')
  t.equal(page.statusCode, 200)
  t.match(page.headers['content-type'], /^text\/html/)
  t.equal((await ask('/queues/')).payload, page.payload)
  t.match(page.payload, /<base href="\/queues\/"/)
  const links = [...page.payload.matchAll(/(?:href|src)="(static\/[^"]+)"/g)].map(([, link = '']) => link)
  t.ok(links.some(link => link.endsWith('.js')) && links.some(link => link.endsWith('.css')), links.join(' '))
  for (const link of links) t.equal((await ask(`/queues/${link}`)).statusCode, 200, link)
})

t.test('nothing from outside is loaded, and the page can not be framed', async t => {
  const ask = await buildWith(t)
  for (const url of ['/queues', '/queues/queue/refresh', '/queues/static/favicon-32x32.png', '/queues/api/queues', '/queues/static/missing.js']) {
    const policy = String((await ask(url)).headers['content-security-policy'])
    t.match(policy, /^default-src 'none'; /, url)
    t.match(policy, /frame-ancestors 'none'/, url)
    t.notMatch(policy, /https?:|\*|script-src[^;]*unsafe/, url)
  }
})

t.test('the queues and their jobs are shown, without a handle or a secret', async t => {
  await embedded.queues[0]?.obliterate({ force: true })
  await failOneJob(embedded)
  const ask = await buildWith(t)
  await showsTheQueues(t, ask)
  const jobs = await ask('/queues/api/queues?activeQueue=refresh&status=latest&page=1&jobsPerPage=10')
  for (const secret of [...SECRETS, admin]) t.notMatch(jobs.payload, secret)
  t.equal(jobs.json().queues[0].hasWorkers, null, 'workers of the embedded database can not be listed, which is not "none"')
})

const { skip } = findRedis()
t.test('the queues on Redis are shown as well, and one that is away is a 503', { skip }, async t => {
  const redis = await startRedis()
  t.teardown(redis.stop)
  const queues = await openBackend(t, { kind: 'redis', url: redis.url })
  await failOneJob(queues)
  const ask = await buildWith(t, queues)
  await showsTheQueues(t, ask)
  await redis.kill()
  const answer = await ask('/queues/api/queues')
  t.match([answer.statusCode, answer.json().code], [503, 'INS_QUEUE_UNAVAILABLE'])
  t.match(answer.headers['retry-after'], /^\d+$/)
})

t.test('a browser is asked to sign in, also with a wrong password', async t => {
  const ask = await buildWith(t)
  for (const url of ['/queues', '/queues/static/favicon-32x32.png', '/queues/api/queues', '/queues/static/missing.js']) {
    for (const authorization of ['', basic('wrong'), 'Basic', 'Digest x', 'Token wrong']) {
      const answer = await ask(url, { authorization })
      t.equal(answer.statusCode, 401, `${url} ${authorization}`)
      t.equal(answer.headers['www-authenticate'], 'Basic realm="insights"')
      t.match(answer.json().code, /^INS_AUTH_/)
    }
  }
})

t.test('every scheme opens it for the scope admin, and no other scope does', async t => {
  const ask = await buildWith(t)
  for (const authorization of [basic(admin), `Token ${admin}`, `Bearer ${admin}`]) {
    t.equal((await ask('/queues/api/queues', { authorization })).statusCode, 200)
  }
  const scopes: Scope[] = ['read', 'write', 'metrics']
  const answer = await ask('/queues', { authorization: basic(await addToken(stores, scopes)) })
  t.match([answer.statusCode, answer.json().code], [403, 'INS_AUTH_SCOPE'])
  t.equal(answer.headers['www-authenticate'], undefined)
})

const CHANGES: Array<[method: 'PUT' | 'POST' | 'PATCH' | 'DELETE', url: string]> = [
  ['PUT', '/queues/api/queues/refresh/retry/failed'],
  ['PUT', '/queues/api/queues/pause'],
  ['PUT', '/queues/api/queues/refresh/clean/failed'],
  ['PUT', '/queues/api/queues/refresh/obliterate'],
  ['POST', '/queues/api/queues/refresh/add']
]

t.test('a dashboard that only shows refuses every change', async t => {
  const ask = await buildWith(t)
  for (const [method, url] of CHANGES) {
    const answer = await ask(url, { method, payload: {} })
    t.match([answer.statusCode, answer.json().code], [405, 'INS_ROUTE_METHOD'], `${method} ${url}`)
    t.match(answer.json().detail, /DASHBOARD_WRITABLE/)
    t.equal((await ask(url, { method, payload: {}, authorization: '' })).statusCode, 401, 'the sign-in comes first')
  }
  t.equal(await embedded.queues[0]?.isPaused(), false)
})

t.test('a writable dashboard changes queues, for its own page and for programs', async t => {
  await embedded.queues[0]?.obliterate({ force: true })
  const ask = await buildWith(t, embedded, true)
  const add = async (headers: Record<string, string>, authorization = basic(admin)): Promise<LightMyRequestResponse> => await ask(
    '/queues/api/queues/refresh/add', { method: 'POST', payload: { name: 'refresh', data: { ids: [1] }, options: {} }, headers, authorization })
  const own: Array<Record<string, string>> = [
    { 'sec-fetch-site': 'same-origin' }, { origin: 'http://insights.test:3000', host: 'insights.test:3000' }, {}
  ]
  for (const headers of own) t.equal((await add(headers)).statusCode, 200, JSON.stringify(headers))
  t.equal((await add({}, `Token ${admin}`)).statusCode, 200)
  t.equal(await embedded.queues[0]?.getWaitingCount(), 4)
})

t.test('another site can not use the sign-in of a browser', async t => {
  const ask = await buildWith(t, embedded, true)
  const before = await embedded.queues[0]?.getJobCounts()
  const foreign: Array<Record<string, string>> = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', origin: 'http://insights.test', host: 'insights.test' },
    { origin: 'http://evil.test', host: 'insights.test' },
    { origin: 'http://insights.test:81', host: 'insights.test' },
    { origin: 'null', host: 'insights.test' }
  ]
  for (const headers of foreign) {
    for (const [method, url] of CHANGES) {
      const answer = await ask(url, { method, payload: {}, headers })
      t.match([answer.statusCode, answer.json().code], [403, 'INS_AUTH_ORIGIN'], `${method} ${url} ${JSON.stringify(headers)}`)
    }
  }
  t.same(await embedded.queues[0]?.getJobCounts(), before)
  t.equal((await ask('/queues', { headers: { 'sec-fetch-site': 'cross-site' } })).statusCode, 200, 'a link to it works')
})

t.test('without being enabled, or without queues, nothing is there', async t => {
  const apps = [
    await buildBareApi(t, { ...stores, queues: embedded.queues }),
    await buildBareApi(t, { ...stores, queues: embedded.queues }, { dashboard: { isEnabled: false, isWritable: true } }),
    await buildBareApi(t, stores, { dashboard: { isEnabled: true, isWritable: false } })
  ]
  for (const { app } of apps) {
    for (const url of ['/queues', '/queues/', '/queues/api/queues', '/queues/static/favicon-32x32.png']) {
      const answer = await app.inject({ url, headers: { authorization: basic(admin) } })
      t.match([answer.statusCode, answer.json().code], [404, 'INS_ROUTE_UNKNOWN'], url)
    }
  }
})

t.test('what is not in it is answered like everywhere else', async t => {
  const ask = await buildWith(t)
  for (const url of ['/queues/static/missing.js', '/queues/static/../../package.json', '/queues/static/%2e%2e/index.ejs', '/queues/nothing/at/all/here']) {
    const answer = await ask(url)
    t.match([answer.statusCode, answer.json().code], [404, 'INS_ROUTE_UNKNOWN'], url)
  }
})
