import { findRedis, startRedis } from '@insights/testkit'
import { t, type Test } from 'tap'
import { openLimitStore, type LimitRedis } from '../src/limit-store.js'
import { until } from './until.js'

const skip = findRedis().skipOwn

interface Counting extends LimitRedis {
  countUp: (key: string) => Promise<number>
}

async function openCounter (t: Test, url: string): Promise<(key: string) => Promise<number>> {
  const { redis, close } = await openLimitStore(url)
  t.teardown(close)
  redis.defineCommand('countUp', { lua: "return redis.call('INCR', KEYS[1])", numberOfKeys: 1 })
  return async key => await (redis as Counting).countUp(key)
}

/** Waits for the connection: opening gives up early where the machine is busy, and a command fails until it is there. */
async function connected (countUp: (key: string) => Promise<number>): Promise<void> {
  await until(async () => await countUp('warm-up').then(() => true, () => false))
}

/** How long a rejection takes, in milliseconds. */
async function failureTime (t: Test, promise: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await t.rejects(promise)
  return performance.now() - startedAt
}

t.test('two processes count together', { skip }, async t => {
  const server = await startRedis()
  t.teardown(server.stop)
  const [one, other] = [await openCounter(t, server.url), await openCounter(t, server.url)]
  for (const countUp of [one, other]) await connected(countUp)
  t.equal(await one('a'), 1)
  t.equal(await other('a'), 2)
})

t.test('it opens while Redis is away, fails at once, and counts when Redis is there', { skip }, async t => {
  const server = await startRedis()
  t.teardown(server.stop)
  await server.kill()
  const openedAt = performance.now()
  const countUp = await openCounter(t, server.url)
  t.ok(performance.now() - openedAt < 5_000, 'opening does not wait for Redis')
  const time = await failureTime(t, countUp('a'))
  t.ok(time < 5_000, `a command failed after ${time.toFixed(1)} ms`)
  await server.restart()
  await until(async () => await countUp('a').then(() => true, () => false))
  await server.kill()
  t.ok(await failureTime(t, countUp('a')) < 5_000, 'a connection that breaks fails what is under way')
  await server.restart()
  await until(async () => await countUp('a').then(() => true, () => false))
})

t.test('a Redis that stands still is waited for once, not by every command', { skip }, async t => {
  const server = await startRedis()
  t.teardown(server.stop)
  const countUp = await openCounter(t, server.url)
  await connected(countUp)
  await server.pause()
  t.teardown(() => { server.resume() })
  const first = await failureTime(t, countUp('a'))
  t.ok(first > 100 && first < 15_000, `the first command was given up after ${first.toFixed(0)} ms`)
  // One after another, so that fifty waits would add up, to some 15 s.
  const startedAt = performance.now()
  for (let command = 0; command < 50; command++) await t.rejects(countUp('a'))
  const later = performance.now() - startedAt
  t.ok(later < 5_000, `the next fifty after ${later.toFixed(1)} ms`)
  server.resume()
  await until(async () => await countUp('a').then(() => true, () => false))
})
