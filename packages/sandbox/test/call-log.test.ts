import t from 'tap'
import { createCallLog } from '../src/call-log.js'
import { createSandboxClock } from '../src/index.js'
import { graphBatch, open, PAGE_FIELDS, xHandles, youtube } from './requests.js'

t.test('each call is logged with what it asked, cost and when', async t => {
  const clock = createSandboxClock(Date.parse('2026-11-23T12:00:00.000Z'))
  clock.freeze()
  const sandbox = await open(t, { clock })
  await youtube(sandbox, 'videos:batchGetStats', { part: 'statistics', id: 'l4WNrvVjiTw,l4WNrvVjiTw' })
  await graphBatch(sandbox, 'facebook', [`4546477?${PAGE_FIELDS}`, `gigpro?${PAGE_FIELDS}`])
  t.same(sandbox.calls.list(), [
    {
      platform: 'youtube',
      method: 'GET',
      path: '/videos:batchGetStats',
      ids: ['l4WNrvVjiTw', 'l4WNrvVjiTw'],
      status: 200,
      cost: 1,
      at: clock.now()
    },
    { platform: 'facebook', method: 'POST', path: '/', ids: ['4546477', 'gigpro'], status: 200, cost: 2, at: clock.now() }
  ])
})

t.test('the log can be read and summed by platform, and cleared', async t => {
  const sandbox = await open(t)
  await xHandles(sandbox, 'a', 'b')
  await xHandles(sandbox, 'c')
  await youtube(sandbox, 'videos', { part: 'statistics', id: 'l4WNrvVjiTw' })
  t.equal(sandbox.calls.list('x').length, 2)
  t.same(sandbox.calls.totals('x'), { calls: 2, ids: 3, cost: 0.03 })
  t.same(sandbox.calls.totals('instagram'), { calls: 0, ids: 0, cost: 0 })
  sandbox.calls.clear()
  t.same(sandbox.calls.list(), [])
  t.same(sandbox.calls.totals('x'), { calls: 0, ids: 0, cost: 0 })
})

t.test('only the last 10,000 calls are kept while the totals count on', async t => {
  const log = createCallLog()
  for (let at = 0; at < 25_000; at++) {
    log.add({ platform: 'x', method: 'GET', path: '/', ids: ['a'], status: 200, cost: 0.01, at })
  }
  t.equal(log.list().length, 10_000)
  t.equal(log.list()[0]?.at, 15_000)
  t.equal(log.list().at(-1)?.at, 24_999)
  t.same(log.totals('x'), { calls: 25_000, ids: 25_000, cost: 250 })
})
