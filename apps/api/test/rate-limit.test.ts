import { setTimeout as delay } from 'node:timers/promises'
import fastify, { type LightMyRequestResponse } from 'fastify'
import { t, type Test } from 'tap'
import { createMetrics } from '@insights/metrics'
import { openLimitStore } from '@insights/queue/limit-store'
import { AppError, createToken, hashToken, tokenIdOf } from '@insights/shared'
import type { InsightStore, TokenStore } from '@insights/storage'
import { findRedis, startRedis, type RedisServer } from '@insights/testkit'
import type { RateLimitRedis } from '../src/deps.js'
import type { ApiDeps, ApiSettings } from '../src/index.js'
import { rateLimit } from '../src/plugins/rate-limit.js'
import { anyToken, buildBareApi, type BareApi } from './build-test-api.js'

const store = { find: async () => null, ping: async () => {} } as unknown as InsightStore

/** Knows these tokens alone, and counts how often it was asked. */
function tokensKnowing (...known: string[]): TokenStore & { asked: () => number } {
  const hashes = known.map(hashToken)
  let asked = 0
  return {
    ...anyToken,
    findByHash: async hash => {
      asked++
      return hashes.includes(hash) ? await anyToken.findByHash(hash) : null
    },
    asked: () => asked
  }
}

interface LimitedApi extends BareApi {
  ask: (token: string, url?: string) => Promise<LightMyRequestResponse>
}

async function build (t: Test, settings: Partial<ApiSettings>, deps: Partial<ApiDeps> = {}): Promise<LimitedApi> {
  const api = await buildBareApi(t, { store, tokens: anyToken, ...deps }, settings)
  return { ...api, ask: async (token, url = '/api/user_insights/1') => await api.app.inject({ url, headers: { authorization: `Token ${token}` } }) }
}

async function statuses (count: number, ask: () => Promise<LightMyRequestResponse>): Promise<number[]> {
  const seen: number[] = []
  for (let round = 0; round < count; round++) seen.push((await ask()).statusCode)
  return seen
}

t.test('every answer says what the limit is and what is left of it', async t => {
  const { ask } = await build(t, { rateLimitPerMinute: 5 })
  const { headers } = await ask('a')
  t.equal(headers['ratelimit-policy'], '"default";q=5;w=60')
  t.match(headers['ratelimit'], /^"default";r=4;t=(60|[1-5]?\d)$/)
  t.match((await ask('a')).headers['ratelimit'], /^"default";r=3;/)
})

t.test('a token over its limit is told when to come back, and the others are not affected', async t => {
  const { ask, logged } = await build(t, { rateLimitPerMinute: 3 })
  t.same(await statuses(4, async () => await ask('a')), [404, 404, 404, 429])
  const { statusCode, headers, body } = await ask('a')
  t.equal(statusCode, 429)
  t.equal(headers['content-type'], 'application/problem+json; charset=utf-8')
  t.match(JSON.parse(body), { type: 'urn:insights:error:INS_RATE_LIMITED', status: 429, code: 'INS_RATE_LIMITED', detail: /3 requests in 60 s/ })
  t.match(headers['ratelimit'], /^"default";r=0;t=\d+$/)
  const seconds = Number(headers['retry-after'])
  t.ok(seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`)
  t.equal((await ask('b')).statusCode, 404)
  t.notOk(logged.some(line => Number(line.level) >= 40), 'it is no fault of ours')
})

t.test('probes and requests without an insight in them are not limited', async t => {
  const { app } = await build(t, { rateLimitPerMinute: 1 })
  t.same(await statuses(3, async () => await app.inject({ url: '/livez' })), [200, 200, 200])
  t.same(await statuses(3, async () => await app.inject({ url: '/readyz' })), [200, 200, 200])
})

t.test('without a limit nothing is counted', async t => {
  const { ask } = await build(t, {})
  const { headers } = await ask('a')
  t.notOk('ratelimit' in headers)
  t.notOk('ratelimit-policy' in headers)
})

t.test('sign-ins that keep failing are not looked at any more, from that address alone', async t => {
  const tokens = tokensKnowing('good')
  const { app } = await build(t, { rateLimitPerMinute: 1_000 }, { tokens })
  const tryFrom = async (remoteAddress: string, token = createToken()) =>
    await app.inject({ url: '/api/user_insights/1', remoteAddress, headers: { authorization: `Token ${token}` } })
  t.same([...new Set(await statuses(31, async () => await tryFrom('192.0.2.1')))], [401])
  const asked = tokens.asked()
  const refused = await tryFrom('192.0.2.1')
  t.match(refused, { statusCode: 429, headers: { 'retry-after': /^\d+$/ }, body: /INS_RATE_LIMITED/ })
  t.equal((await tryFrom('192.0.2.1', 'good')).statusCode, 429, 'a token that was never seen may be a guess as well')
  t.equal(tokens.asked(), asked, 'the store is spared')
  t.equal((await tryFrom('192.0.2.2')).statusCode, 401)
  t.equal((await tryFrom('192.0.2.2', 'good')).statusCode, 404)
})

t.test('a client in good standing goes on while others guess from its address', async t => {
  const { ask, app } = await build(t, { rateLimitPerMinute: 1_000 }, { tokens: tokensKnowing('good') })
  t.equal((await ask('good')).statusCode, 404)
  await statuses(32, async () => await ask('bad'))
  t.equal((await ask('bad')).statusCode, 429)
  t.equal((await ask('good')).statusCode, 404)
  t.equal((await app.inject({ url: '/api/user_insights/1' })).statusCode, 429, 'no token at all counts as a bad one')
})

t.test('sign-ins are counted wherever there are any', async t => {
  const monitoring = { metrics: createMetrics(), countJobs: async () => ({}) as never }
  const dashboard = { isEnabled: true, isWritable: false }
  for (const url of ['/metrics', '/queues', '/docs', '/docs/json']) {
    const tokens = tokensKnowing()
    const { ask, app } = await build(t, { rateLimitPerMinute: 1_000, dashboard }, { tokens, monitoring, queues: [] })
    t.same([...new Set(await statuses(31, async () => await ask(createToken(), url)))], [401], url)
    const asked = tokens.asked()
    t.match(await ask(createToken(), url), { statusCode: 429, headers: { 'retry-after': /^\d+$/ } }, url)
    t.equal((await ask(createToken())).statusCode, 429, 'elsewhere too')
    t.equal(tokens.asked(), asked, 'the store is spared')
    for (const open of ['/livez', '/openapi.json']) t.equal((await app.inject({ url: open })).statusCode, 200, open)
    t.equal((await app.inject({ url: '/nothing' })).statusCode, 404)
  }
})

t.test('a scraper in good standing goes on while others guess and the store is away, and is not counted', async t => {
  const monitoring = { metrics: createMetrics(), countJobs: async () => ({}) as never }
  const tokens = tokensKnowing('good')
  let isAway = false
  const findByHash: TokenStore['findByHash'] = async hash => {
    if (isAway) throw new AppError('INS_STORE_UNAVAILABLE', 'Away')
    return await tokens.findByHash(hash)
  }
  const { ask } = await build(t, { rateLimitPerMinute: 2 }, { tokens: { ...tokens, findByHash }, monitoring })
  const first = await ask('good', '/metrics')
  t.equal(first.statusCode, 200)
  t.notOk('ratelimit' in first.headers)
  await statuses(4, async () => await ask('bad', '/metrics'))
  t.equal((await ask('bad', '/metrics')).statusCode, 429)
  isAway = true
  t.same(await statuses(3, async () => await ask('good', '/metrics')), [200, 200, 200])
})

t.test('addresses of one IPv6 network count as one', async t => {
  const { app } = await build(t, { rateLimitPerMinute: 1_000 }, { tokens: tokensKnowing() })
  let host = 0
  const tryOnce = async () => await app.inject({ url: '/api/user_insights/1', remoteAddress: `2001:db8::${(++host).toString(16)}`, headers: { authorization: 'Token bad' } })
  await statuses(31, tryOnce)
  t.equal((await tryOnce()).statusCode, 429)
})

t.test('what is left is counted anew when the window is over', async t => {
  const app = fastify()
  t.teardown(async () => { await app.close() })
  const token = await anyToken.findByHash(hashToken('a'))
  app.decorateRequest('token', null)
  app.addHook('onRequest', async request => { request.token = token })
  await app.register(rateLimit, { limit: 1, windowMs: 100 })
  app.get('/', { config: { scope: 'read' } }, async () => 'here')
  app.setErrorHandler(async (error: Error, _request, reply) => await reply.code(429).send(error.message))
  await until(async () => (await app.inject({ url: '/' })).statusCode === 429)
  await until(async () => (await app.inject({ url: '/' })).statusCode === 200)
})

const { skipOwn: skip } = findRedis()

/** The client as ioredis has it: what the port does not promise, and a test may look at. */
type RedisClient = RateLimitRedis & { keys: (pattern: string) => Promise<string[]>, ping: () => Promise<string> }

async function withRedis (t: Test): Promise<{ server: RedisServer, open: () => Promise<RedisClient> }> {
  const server = await startRedis()
  t.teardown(server.stop)
  const open = async (): Promise<RedisClient> => {
    const { redis, close } = await openLimitStore(server.url)
    t.teardown(close)
    const client = redis as RedisClient
    // Opening gives up early where the machine is busy, and everybody is let through until the connection is there.
    await until(async () => await client.ping().then(() => true, () => false))
    return client
  }
  return { server, open }
}

/** Asks until the answer is as wanted; the deadline is far beyond what a working server needs. */
async function until (isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('The awaited state did not come')
    await delay(10)
  }
}

async function timeOf (work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

t.test('processes share their limits through Redis, under names that open nothing', { skip }, async t => {
  const { open } = await withRedis(t)
  const redis = await open()
  const [one, other] = [await build(t, { rateLimitPerMinute: 4 }, { rateLimitRedis: redis }), await build(t, { rateLimitPerMinute: 4 }, { rateLimitRedis: await open() })]
  const token = createToken()
  t.same(await statuses(2, async () => await one.ask(token)), [404, 404])
  t.same(await statuses(3, async () => await other.ask(token)), [404, 404, 429])
  t.equal((await one.ask(token)).statusCode, 429)
  t.same(await redis.keys('*'), [`{insights}:limit:token:${tokenIdOf(hashToken(token))}`])
})

t.test('while Redis is away everybody is let through, at once, and limits count again when it is back', { skip }, async t => {
  const { server, open } = await withRedis(t)
  const { ask, logged } = await build(t, { rateLimitPerMinute: 2 }, { rateLimitRedis: await open() })
  t.same(await statuses(3, async () => await ask('a')), [404, 404, 429])
  await server.kill()
  const first = await timeOf(async () => { t.equal((await ask('a')).statusCode, 404) })
  t.ok(first < 5_000, `the first request took ${first.toFixed(1)} ms`)
  const next = await timeOf(async () => { t.same(await statuses(20, async () => await ask('a')), Array(20).fill(404)) })
  t.ok(next < 5_000, `the next twenty took ${next.toFixed(1)} ms`)
  t.notOk('ratelimit' in (await ask('a')).headers, 'nothing is said of a limit that nobody counts')
  t.equal(logged.filter(line => /letting everybody through/.test(String(line.msg))).length, 1, 'an outage is one line')
  await server.restart()
  await until(async () => (await ask('a')).statusCode === 429)
  t.ok(logged.some(line => /are back/.test(String(line.msg))))
})

t.test('a Redis that stands still holds up the requests of a moment, not all', { skip }, async t => {
  const { server, open } = await withRedis(t)
  const { ask } = await build(t, { rateLimitPerMinute: 1_000 }, { rateLimitRedis: await open() })
  await ask('a')
  await server.pause()
  t.teardown(() => { server.resume() })
  const first = await timeOf(async () => { t.equal((await ask('a')).statusCode, 404) })
  t.ok(first < 5_000, `the first request waited ${first.toFixed(0)} ms`)
  const next = await timeOf(async () => await statuses(20, async () => await ask('a')))
  t.ok(next < 5_000, `the next twenty took ${next.toFixed(0)} ms`)
  server.resume()
  await until(async () => 'ratelimit' in (await ask('a')).headers)
})
