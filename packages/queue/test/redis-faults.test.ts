import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findRedis, startRedis, type RedisServer } from '@insights/testkit'
import { t, type Test } from 'tap'
import { everyCallIsRejected, IMPATIENT } from './contract/impatience.js'
import { createLab, type Lab } from './contract/lab.js'
import { createRedisBackendForTests, openRedis } from './redis-lab.js'
import { createGate, until } from './until.js'

const HOLDER = fileURLToPath(new URL('./fixtures/hold-refresh.js', import.meta.url))
const UNAVAILABLE = { code: 'INS_QUEUE_UNAVAILABLE' }
/** Recovery and idle looks so long that only what a test is about can be what helped. */
const PATIENT = { stalledCheckMs: 60_000, idlePollMs: 5_000 }

interface Stage extends Lab {
  server: RedisServer
  prefix: string
}

function fault (title: string, test: (t: Test, stage: Stage) => Promise<void>): void {
  t.test(title, { skip: findRedis().skipOwn }, async t => {
    const server = await startRedis()
    t.teardown(async () => { await server.stop() })
    const backend = createRedisBackendForTests(t, server.url)
    await test(t, { ...createLab(t, backend), server, prefix: backend.prefix })
  })
}

/** How long a promise takes to settle, in milliseconds. */
async function timeOf (promise: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await Promise.allSettled([promise])
  return performance.now() - startedAt
}

fault('queues open while Redis is down, refuse work at once, and work when it is there', async (t, stage) => {
  await stage.server.kill()
  const openedAt = performance.now()
  const queues = await stage.openQueues(PATIENT)
  t.ok(performance.now() - openedAt < 5_000, 'opening does not wait for Redis')
  const calling = everyCallIsRejected(queues)
  t.ok(await timeOf(calling) < 4_000, 'no call waits for Redis')
  await t.resolves(calling)
  const seen: number[] = []
  let plans = 0
  await stage.process(queues, { refresh: async job => { seen.push(...job.ids) }, plan: async () => { plans++ } })
  await queues.schedulePlanner(100)
  t.ok(stage.log.has('warn', 'could not be scheduled'))
  await stage.server.restart()
  await until(async () => await queues.ping().then(() => true, () => false))
  await queues.enqueueRefresh(7)
  await until(() => seen.length === 1 && plans > 0)
  t.same(seen, [7])
  await until(() => stage.log.has('info', 'is scheduled again'))
})

fault('workers go on when Redis is back, and the outage is logged once', async (t, stage) => {
  const queues = await stage.openQueues(PATIENT)
  const seen: number[] = []
  await stage.process(queues, { refresh: async job => { seen.push(...job.ids) } })
  await queues.enqueueRefresh(1)
  await until(() => seen.length === 1)
  await stage.server.kill()
  await until(async () => await queues.ping().then(() => false, () => true))
  await t.rejects(queues.enqueueRefresh(2), UNAVAILABLE)
  await until(() => stage.log.has('error', 'connection to Redis fails'))
  await stage.server.restart()
  await until(async () => await queues.enqueueRefresh(3).then(() => true, () => false))
  await until(() => seen.includes(3))
  await until(() => stage.log.has('info', 'is back'))
  const messages = stage.log.entries.filter(entry => entry.level === 'error').map(entry => entry.details.err?.message)
  t.equal(new Set(messages).size, messages.length, 'no message twice')
})

fault('a frozen Redis makes every call fail in time, and all is well after it', async (t, stage) => {
  const queues = await stage.openQueues({ ...PATIENT, ...IMPATIENT })
  const seen: number[] = []
  await stage.process(queues, { refresh: async job => { seen.push(...job.ids) } })
  // The first call connects too, which may take longer than an impatient call; one given up may still add its job.
  await until(async () => await queues.enqueueRefresh(1).then(() => true, () => false))
  await until(() => seen.includes(1))
  await stage.server.pause()
  t.teardown(() => { stage.server.resume() })
  const calling = everyCallIsRejected(queues)
  t.ok(await timeOf(calling) < 2_000, 'long before the connection is dropped')
  await t.resolves(calling)
  const asking = queues.ping(60_000)
  t.ok(await timeOf(asking) < 30_000, 'the dead connection is dropped, and commands no longer gather on it')
  await t.rejects(asking, UNAVAILABLE)
  stage.server.resume()
  await until(async () => await queues.enqueueRefresh(3).then(() => true, () => false))
  await until(() => seen.includes(3))
})

fault('closing ends while Redis is down', async (t, stage) => {
  const queues = await stage.openQueues(PATIENT)
  const processing = await stage.process(queues, {})
  await queues.enqueueRefresh(7)
  await until(async () => {
    const { waiting, active } = await queues.countRefreshJobs()
    return waiting + active === 0
  })
  await stage.server.kill()
  await until(async () => await queues.ping().then(() => false, () => true))
  await processing.close()
  await queues.close()
  t.pass('closed')
})

fault('closing ends when Redis never was there', async (t, stage) => {
  await stage.server.kill()
  const queues = await stage.openQueues(PATIENT)
  const processing = await stage.process(queues, {})
  await processing.close()
  await queues.close()
  t.pass('closed')
})

fault('a job whose end could not be recorded before closing is run again', async (t, stage) => {
  const queues = await stage.openQueues({ lockMs: 500, stalledCheckMs: 100 })
  const gate = createGate()
  let runs = 0
  const refresh = async (): Promise<void> => { if (++runs === 1) await gate.opened }
  const processing = await stage.process(queues, { refresh })
  await queues.enqueueRefresh(7)
  await until(() => runs === 1)
  await stage.server.kill()
  const closing = processing.close()
  gate.open()
  await closing
  await stage.server.restart()
  await stage.process(queues, { refresh })
  await until(() => runs === 2)
  await until(async () => await queues.countRefreshJobs().then(({ active }) => active === 0, () => false))
  t.match(await queues.countRefreshJobs(), { waiting: 0, failed: 0 })
})

/** With the usual `appendfsync everysec` Redis answers before it writes while an fsync is slow, and can lose jobs. */
fault('a Redis that writes before it answers has lost no job when it is killed under load', async (t, stage) => {
  await openRedis(t, stage.server.url).config('SET', 'appendfsync', 'always')
  const producer = await stage.openQueues(PATIENT)
  const added: number[] = []
  const adders = Array.from({ length: 8 }, async (_, adder) => {
    for (let count = 1; ; count++) {
      const id = adder * 10_000 + count
      const isAdded = await producer.enqueueRefresh(id).then(() => true, () => false)
      if (!isAdded) return
      added.push(id)
    }
  })
  await until(() => added.length > 500)
  await stage.server.kill()
  await Promise.all(adders)
  await stage.server.restart()
  const seen = new Set<number>()
  await stage.process(producer, { refresh: async job => { for (const id of job.ids) seen.add(id) } })
  await until(() => added.every(id => seen.has(id)))
  t.comment(`${added.length} added, ${seen.size} run`)
  t.same(added.filter(id => !seen.has(id)), [])
})

fault('a flushed Redis gets the schedule of the planner back, and takes new jobs', async (t, stage) => {
  const queues = await stage.openQueues({ lockMs: 1_000, stalledCheckMs: 50 })
  let plans = 0
  const seen: number[] = []
  await stage.process(queues, { plan: async () => { plans++ }, refresh: async job => { seen.push(...job.ids) } })
  await queues.schedulePlanner(50)
  await until(() => plans >= 2)
  await openRedis(t, stage.server.url).flushall()
  const before = plans
  await queues.enqueueRefresh(7)
  await until(() => plans >= before + 3 && seen.length === 1)
  t.same(seen, [7])
})

fault('a refresh held by a process that is killed is run by another process', async (t, stage) => {
  const queues = await stage.openQueues({ lockMs: 500, stalledCheckMs: 100 })
  const holder = spawn(process.execPath, [HOLDER, stage.server.url, stage.prefix], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { holder.kill('SIGKILL') })
  await queues.enqueueRefresh(7)
  await once(holder.stdout, 'data')
  t.match(await queues.countRefreshJobs(), { waiting: 0, active: 1 })
  holder.kill('SIGKILL')
  const seen: unknown[] = []
  await stage.process(queues, { refresh: async (job, { attempt }) => { seen.push({ ...job, attempt }) } })
  await until(() => seen.length === 1)
  t.same(seen, [{ ids: [7], attempt: 2 }])
})

fault('a Redis that is full refuses jobs with our error, and loses none', async (t, stage) => {
  const queues = await stage.openQueues(PATIENT)
  await queues.enqueueRefresh(1)
  const redis = openRedis(t, stage.server.url)
  await redis.config('SET', 'maxmemory', '1')
  await t.rejects(queues.enqueueRefresh(2), UNAVAILABLE)
  await redis.config('SET', 'maxmemory', '0')
  await queues.enqueueRefresh(3)
  t.equal((await queues.countRefreshJobs()).waiting, 2)
})

fault('a Redis that can not write for now is waited for, and the job that ended meanwhile does not run again', async (t, stage) => {
  const queues = await stage.openQueues(PATIENT)
  const redis = openRedis(t, stage.server.url)
  const gate = createGate()
  const seen: number[] = []
  await stage.process(queues, { refresh: async ({ ids }) => { seen.push(...ids); await gate.opened } }, { refreshConcurrency: 2 })
  await queues.enqueueRefresh(1)
  await until(() => seen.length === 1)
  await redis.replicaof('127.0.0.1', 1)
  gate.open()
  await until(() => stage.log.has('error', 'refuses to write'))
  await t.rejects(queues.enqueueRefresh(2), UNAVAILABLE)
  await redis.replicaof('NO', 'ONE')
  await until(async () => (await queues.countRefreshJobs()).active === 0)
  await queues.enqueueRefresh(3)
  await until(() => seen.includes(3))
  t.same(seen, [1, 3])
  t.equal(stage.log.entries.filter(({ level }) => level === 'error').length, 1, 'logged once')
})
