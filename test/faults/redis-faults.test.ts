import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { t, type Test } from 'tap'
import { findRedis, runService, startRedis, whyNoSmallDisk, type ApiClient, type RedisServer } from '@insights/testkit'
import { findMongo } from '@insights/testkit/mongo-server'
import { buildArtist, completed, isComplete, postArtists } from '../support/artists.js'
import { openProductionStack } from '../support/production-stack.js'

const skip = findMongo().skipOwn || findRedis().skipOwn

/** Posts one by one and gives the time of each answer in milliseconds, ascending. */
async function timePosts (t: Test, api: ApiClient, count: number, from: number): Promise<{ ids: number[], times: number[] }> {
  const [ids, times]: [number[], number[]] = [[], []]
  for (let number = from; number < from + count; number++) {
    const start = performance.now()
    const { status, body } = await api.post('/api/user_insights/', buildArtist(number))
    times.push(performance.now() - start)
    if (status === 201) ids.push(body.id)
    else t.fail(`the API answered ${status}`, body)
  }
  return { ids, times: times.sort((a, b) => a - b) }
}

/** Asks until it is so, for twenty seconds at the most. */
async function until (isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('The awaited state did not come')
    await delay(50)
  }
}

const percentile = (times: number[], share: number): string => (times[Math.ceil(times.length * share) - 1] ?? 0).toFixed(1)

/** Runs `work` with a connection of its own. */
async function ask<T> (redis: RedisServer, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(redis.url)
  try {
    return await work(client)
  } finally {
    client.disconnect()
  }
}

async function allAreDone (t: Test, api: ApiClient, ids: number[]): Promise<void> {
  for (const id of ids) {
    if (isComplete(await completed(api, id))) continue
    t.fail(`insight ${id} is not complete`, (await api.get(`/api/user_insights/${id}/refresh/`)).body)
  }
}

t.test('a Redis that dies, forgets, fills up or freezes loses no refresh and stops no write', { skip }, async t => {
  const stack = await openProductionStack(t)
  const { redis } = stack
  const { api, end: endApi } = await stack.startApi(t)
  const worker = await stack.startWorker(t)
  let next = 1
  const numbers = (count: number): number => (next += count) - count
  const admin = async <T>(work: (client: Redis) => Promise<T>): Promise<T> => await ask(redis, work)

  await t.test('fault 6: killed under load and started again, everything asked for is done, and reads go on', async t => {
    const ids = await postArtists(api, numbers(50), 50)
    await redis.kill()
    t.equal((await api.get(`/api/user_insights/${ids[0] ?? 0}`)).status, 200)
    ids.push(...await postArtists(api, numbers(20), 20))
    await redis.restart()
    t.equal(ids.length, 70, 'no write failed')
    await allAreDone(t, api, ids)
  })

  await t.test('fault 7: killed without having kept anything, all that is due comes back', async t => {
    await admin(async client => { await client.config('SET', 'appendonly', 'no') })
    worker.child.kill('SIGSTOP') // so that the jobs are still there to be lost
    const ids = await postArtists(api, numbers(50), 50)
    await admin(async client => { await client.flushall() })
    await redis.kill()
    await redis.restart()
    worker.child.kill('SIGCONT')
    await allAreDone(t, api, ids)
  })

  await t.test('fault 8: flushed while jobs wait and run, the worker lives on and the planner comes back', async t => {
    const ids: number[] = []
    for (let round = 0; round < 5; round++) {
      ids.push(...await postArtists(api, numbers(20), 20))
      await admin(async client => { await client.flushall() })
    }
    await allAreDone(t, api, ids)
    t.ok((await admin(async client => await client.keys('*'))).some(key => key.includes('plan')), 'the schedule is there again')
  })

  await t.test('fault 9 and 10: while Redis is down the API writes as before, and starts too', async t => {
    const healthy = await timePosts(t, api, 50, numbers(50))
    await redis.kill()
    const down = await timePosts(t, api, 50, numbers(50))
    const started = await stack.startApi(t)
    const fresh = await timePosts(t, started.api, 5, numbers(5))
    t.equal((await fetch(`${started.url}/readyz`)).status, 200, 'it can do its work: the store is there')
    await started.end('SIGTERM')
    await redis.restart()
    t.comment(`POST in ms, p50 and p99: Redis healthy ${percentile(healthy.times, 0.5)} and ${percentile(healthy.times, 0.99)}, ` +
      `down ${percentile(down.times, 0.5)} and ${percentile(down.times, 0.99)}`)
    t.equal(down.ids.length + fresh.ids.length, 55, 'every write was acknowledged')
    await allAreDone(t, api, [...healthy.ids, ...down.ids, ...fresh.ids])
  })

  await t.test('fault 11: a Redis without memory refuses jobs; writes succeed, and the work is done when it has some again', async t => {
    await admin(async client => {
      const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
      await client.config('SET', 'maxmemory', String(Math.floor(used * 0.9)))
    })
    const { ids } = await timePosts(t, api, 20, numbers(20))
    await admin(async client => { await client.config('SET', 'maxmemory', '0') })
    t.equal(ids.length, 20)
    await allAreDone(t, api, ids)
  })

  await t.test('fault 12: on a Redis that may evict jobs no process starts, and says why in one line', async t => {
    await admin(async client => { await client.config('SET', 'maxmemory-policy', 'allkeys-lru') })
    for (const app of ['api', 'worker']) {
      const { code, stderr } = await runService({ node: [`apps/${app}/dist/main.js`], env: stack.env })
      t.equal(code, 1, app)
      t.match(stderr, /^insights: REDIS_URL .*maxmemory-policy allkeys-lru.*CONFIG SET maxmemory-policy noeviction.*\n$/, app)
    }
    await admin(async client => { await client.config('SET', 'maxmemory-policy', 'noeviction') })
  })

  await t.test('fault 13: a Redis that keeps its connections and answers nothing stops neither writes nor, later, the worker', async t => {
    await redis.pause()
    const { ids, times } = await timePosts(t, api, 10, numbers(10))
    t.comment(`POST against a frozen Redis: p50 ${percentile(times, 0.5)} ms, p99 ${percentile(times, 0.99)} ms`)
    redis.resume()
    t.equal(ids.length, 10)
    await allAreDone(t, api, ids)
  })

  await t.test('fault 34: a deduplication key left behind without its job holds an insight up no longer than the planner’s pace', async t => {
    const [id = 0] = await postArtists(api, numbers(1), 1)
    await api.refreshed(id)
    // While a job is active the next one is only noted, and would not wait in the list.
    await admin(async client => { await until(async () => await client.llen('{insights}:refresh:active') === 0) })
    worker.child.kill('SIGSTOP')
    await api.post(`/api/user_insights/${id}/refresh`)
    await admin(async client => {
      t.ok(await client.exists(`{insights}:refresh:de:insight-${id}`), 'the key is there')
      const jobs = await client.lrange('{insights}:refresh:wait', 0, -1)
      t.ok(jobs.length > 0, 'and so is its job')
      await client.del('{insights}:refresh:wait', ...jobs.map(job => `{insights}:refresh:${job}`))
    })
    worker.child.kill('SIGCONT')
    const { body } = await api.post(`/api/user_insights/${id}/refresh`)
    t.equal(body.state, 'pending')
    await api.refreshed(id)
  })

  t.equal((await worker.end('SIGTERM')).code, 0)
  t.equal((await endApi('SIGTERM')).code, 0)
})

t.test('fault 36: a Redis whose disk is full stops no write, and all is done when it has room again', { skip: skip || whyNoSmallDisk() }, async t => {
  const stack = await openProductionStack(t)
  const redis = await startRedis({ diskBytes: 8 << 20 })
  t.teardown(redis.stop)
  const { api } = await stack.startApi(t, { REDIS_URL: redis.url })
  await stack.startWorker(t, { REDIS_URL: redis.url })
  await allAreDone(t, api, await postArtists(api, 1, 10))
  const filler = join(redis.directory, 'filler')
  await t.rejects(writeFile(filler, Buffer.alloc(16 << 20)), { code: 'ENOSPC' })
  await ask(redis, async client => {
    // The planner writes every second, and so it is the first that is refused.
    await until(async () => (await client.info('persistence')).includes('aof_last_write_status:err'))
    await t.rejects(client.set('{insights}:test', '1'), /^MISCONF/)
  })
  const { ids, times } = await timePosts(t, api, 30, 100)
  t.comment(`POST against a Redis with a full disk: p50 ${percentile(times, 0.5)} ms, p99 ${percentile(times, 0.99)} ms`)
  t.equal(ids.length, 30)
  await ask(redis, async client => { await t.rejects(client.set('{insights}:test', '1'), /^MISCONF/, 'it refused all the time') })
  await rm(filler)
  await allAreDone(t, api, ids)
})
