import { setTimeout as delay } from 'node:timers/promises'
import { t } from 'tap'
import { findRedis } from '@insights/testkit'
import { findMongo } from '@insights/testkit/mongo-server'
import { buildArtist, isComplete, postArtists } from '../support/artists.js'
import { openProductionStack } from '../support/production-stack.js'

const skip = findMongo().skipOwn || findRedis().skipOwn

/** Waits for the event that the title speaks of; the deadline is far beyond what it may take. */
async function until (isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!await isSo()) {
    if (Date.now() > deadline) throw new Error('The awaited state did not come')
    await delay(5)
  }
}

t.test('workers that die, hang or leave lose no refresh', { skip }, async t => {
  const stack = await openProductionStack(t)
  const { sandbox } = stack
  const { api } = await stack.startApi(t)
  let next = 1
  const post = async (count: number): Promise<number[]> => await postArtists(api, (next += count) - count, count)
  t.beforeEach(() => { sandbox.reset() })

  await t.test('fault 3: a worker killed in mid-job 10 times; everything is done, and done right', async t => {
    const ids: number[] = []
    for (let kill = 1; kill <= 10; kill++) {
      const worker = await stack.startWorker(t)
      sandbox.calls.clear()
      sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 200, times: 'always' })
      ids.push(...await post(20))
      await until(() => sandbox.calls.list('youtube').length > 0)
      await delay(Math.random() * 250) // before, during or after the answer and the write
      await worker.end('SIGKILL')
      sandbox.faults.clear()
    }
    const last = await stack.startWorker(t)
    const killedAt = performance.now()
    for (const id of ids) {
      const { body } = await api.refreshed(id)
      if (!isComplete(body)) t.fail(`insight ${id} is not complete`, body)
    }
    t.comment(`${ids.length} insights done ${Math.round(performance.now() - killedAt)} ms after the last worker started`)
    t.equal(ids.length, 200)
    t.equal((await last.end('SIGTERM')).code, 0)
  })

  await t.test('fault 3: with another worker alive the refresh of a killed one is done within 25 s', async t => {
    const victim = await stack.startWorker(t)
    sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 600_000, times: 1 })
    const [id = 0] = await post(1)
    await until(() => sandbox.calls.list('youtube').length > 0)
    const survivor = await stack.startWorker(t)
    const killedAt = performance.now()
    await victim.end('SIGKILL')
    t.ok(isComplete((await api.refreshed(id)).body))
    t.comment(`recovered in ${Math.round(performance.now() - killedAt)} ms`)
    await survivor.end('SIGTERM')
  })

  await t.test('fault 4: a worker killed between the call and the write costs one more call, not more', async t => {
    const victim = await stack.startWorker(t)
    sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 600_000, times: 1 })
    const [id = 0] = await post(1)
    await until(() => sandbox.calls.list('youtube').length > 0)
    await victim.end('SIGKILL')
    const next = await stack.startWorker(t)
    t.ok(isComplete((await api.refreshed(id)).body))
    t.equal(sandbox.calls.totals('youtube').calls, 2)
    t.ok(sandbox.calls.totals('x').calls <= 2)
    await next.end('SIGTERM')
  })

  await t.test('fault 5: SIGTERM lets active jobs end, and none is found stalled afterwards', async t => {
    const worker = await stack.startWorker(t)
    sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 2_000, times: 'always' })
    const [id = 0] = await post(1)
    await until(() => sandbox.calls.list('youtube').length > 0)
    const { code } = await worker.end('SIGTERM')
    t.equal(code, 0)
    t.ok(isComplete((await api.get(`/api/user_insights/${id}`)).body), 'the job that was active is done')
    const next = await stack.startWorker(t)
    const [later = 0] = await post(1)
    await api.refreshed(later)
    const { stdout } = await next.end('SIGTERM')
    t.notMatch(stdout, 'lost its worker')
  })

  await t.test('fault 27: a worker that stops for longer than its lock does no harm when it goes on', async t => {
    const frozen = await stack.startWorker(t)
    sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 5_000, times: 1 })
    const [id = 0] = await post(1)
    await until(() => sandbox.calls.list('youtube').length > 0)
    frozen.child.kill('SIGSTOP')
    const other = await stack.startWorker(t)
    const { body } = await api.refreshed(id)
    t.ok(isComplete(body))
    sandbox.entities.set('youtube', body.works[0].item_id, { count: body.works[0].non_app_plays + 1 })
    frozen.child.kill('SIGCONT')
    await until(() => /overtaken|lost their lock|Missing lock/.test(frozen.stdout()))
    t.same((await api.get(`/api/user_insights/${id}`)).body, body, 'the late result changed nothing')
    await frozen.end('SIGTERM')
    await other.end('SIGTERM')
  })

  await t.test('fault 1: an API killed under load 10 times; every acknowledged insight is refreshed', async t => {
    const worker = await stack.startWorker(t)
    const ids: number[] = []
    for (let kill = 1; kill <= 10; kill++) {
      const service = await stack.startApi(t)
      const writers = Array.from({ length: 8 }, async () => {
        for (;;) {
          const answer = await service.api.post('/api/user_insights/', buildArtist(next++)).catch(() => null)
          if (answer === null) return
          if (answer.status === 201) ids.push(answer.body.id)
        }
      })
      const before = ids.length
      await until(() => ids.length > before)
      await delay(Math.random() * 100)
      await service.end('SIGKILL')
      await Promise.all(writers)
    }
    t.comment(`${ids.length} insights acknowledged`)
    t.equal(new Set(ids).size, ids.length)
    for (const id of ids) await api.refreshed(id)
    await worker.end('SIGTERM')
  })

  await t.test('fault 1: an insight whose job was never enqueued is refreshed all the same', async t => {
    const worker = await stack.startWorker(t)
    const cutOff = await stack.startApi(t, { REDIS_URL: 'redis://127.0.0.1:1' })
    const { status, body } = await cutOff.api.post('/api/user_insights/', buildArtist(next++))
    t.equal(status, 201)
    t.ok(isComplete((await api.refreshed(body.id)).body))
    await cutOff.end('SIGTERM')
    await worker.end('SIGTERM')
  })
})
