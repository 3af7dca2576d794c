import { setTimeout as delay } from 'node:timers/promises'
import { t, type Test } from 'tap'
import { findRedis, openFaultProxy, type ApiClient, type Line, type ServiceProcess } from '@insights/testkit'
import { findMongo } from '@insights/testkit/mongo-server'
import { completed, isComplete, postArtists } from '../support/artists.js'
import { openProductionStack } from '../support/production-stack.js'

const skip = findMongo().skipOwn || findRedis().skipOwn

/** Longer than the 15 s after which a worker takes its connection for dead, so that it has to make new ones. */
const OUTAGE_MS = 20_000

/** How long the line is bad where work can go on over it. */
const HARDSHIP_MS = 8_000

interface Hardship { title: string, line: Line, lastsMs: number }

const HARDSHIPS: Hardship[] = [
  { title: 'brings nothing over for a while', line: { kind: 'blackhole' }, lastsMs: OUTAGE_MS },
  { title: 'takes two seconds each way', line: { kind: 'delay', ms: 2_000 }, lastsMs: HARDSHIP_MS },
  { title: 'brings one byte a second', line: { kind: 'drip', bytesPerSecond: 1 }, lastsMs: HARDSHIP_MS }
]

/** Posts artists for as long as the line is bad; every write has to be acknowledged. */
async function postWhile (t: Test, api: ApiClient, lastsMs: number, from: number): Promise<number[]> {
  const end = performance.now() + lastsMs
  const ids: number[] = []
  let number = from
  while (performance.now() < end) {
    const posted = await postArtists(api, number, 2)
    t.equal(posted.length, 2, 'both writes are acknowledged')
    ids.push(...posted)
    number += 2
    await delay(250) // A host that goes on working, not a load test.
  }
  return ids
}

async function allAreDone (t: Test, api: ApiClient, ids: number[]): Promise<void> {
  for (const id of ids) {
    const body = await completed(api, id)
    if (!isComplete(body)) t.fail(`insight ${id} is not complete`, body)
  }
}

t.test('fault 13: a line to Redis that goes bad stops no write and no worker for good', { skip }, async t => {
  const stack = await openProductionStack(t)
  const proxy = await openFaultProxy(Number(new URL(stack.redis.url).port))
  t.teardown(proxy.close)
  const REDIS_URL = `redis://127.0.0.1:${proxy.port}`
  const { api, end: endApi } = await stack.startApi(t, { REDIS_URL })
  const worker = await stack.startWorker(t, { REDIS_URL })
  await allAreDone(t, api, await postArtists(api, 1, 5))

  for (const [index, { title, line, lastsMs }] of HARDSHIPS.entries()) {
    await t.test(`it ${title}`, async t => {
      proxy.setLine(line)
      const ids = await postWhile(t, api, lastsMs, 1_000 * (index + 1))
      proxy.setLine({ kind: 'pass' })
      await recovered(t, api, ids)
    })
  }

  await t.test('it breaks every connection, again and again', async t => {
    const ids: number[] = []
    for (let round = 0; round < 5; round++) {
      ids.push(...await postArtists(api, 10_000 + round * 10, 10))
      proxy.reset()
    }
    await recovered(t, api, ids)
  })

  await t.test('processes end in order while it brings nothing over, with a job under way too', async t => {
    stack.sandbox.faults.add({ platform: 'x', kind: 'delay', ms: 3_000 })
    const [id = 0] = await postArtists(api, 20_000, 1)
    await allButX(api, id)
    proxy.setLine({ kind: 'blackhole' })
    await endsInOrder(t, worker)
    t.ok(isComplete((await api.get(`/api/user_insights/${id}`)).body), 'the job has been finished')
    await endsInOrder(t, { end: endApi })
  })
})

/** Waits until every count but the one of X is there: its call is under way, and none other is to be made. */
async function allButX (api: ApiClient, id: number): Promise<void> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const { body } = await api.get(`/api/user_insights/${id}`)
    if (isComplete({ ...body, twitter_followers_count: 0 })) return
    if (Date.now() > deadline) throw new Error('The refresh does not begin')
    await delay(10)
  }
}

/** The time is reported, not judged: how long it takes depends on the machine. */
async function recovered (t: Test, api: ApiClient, ids: number[]): Promise<void> {
  const healedAt = performance.now()
  await allAreDone(t, api, ids)
  t.comment(`${ids.length} insights done ${((performance.now() - healedAt) / 1_000).toFixed(1)} s after the line was good again`)
  t.ok(ids.length > 0)
}

async function endsInOrder (t: Test, { end }: Pick<ServiceProcess, 'end'>): Promise<void> {
  const startedAt = performance.now()
  const { code, stdout } = await end('SIGTERM')
  if (code !== 0) t.comment(stdout.slice(-2_000))
  t.equal(code, 0)
  t.comment(`ended after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`)
}
