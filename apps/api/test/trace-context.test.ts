import { t } from 'tap'
import type { InsightStore } from '@insights/storage'
import { traceIdOf } from '../src/trace-context.js'
import { anyToken, buildBareApi } from './build-test-api.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const VALID = `00-${TRACE}-b7ad6b7169203331-01`

t.test('the trace id is that of a valid traceparent', async t => {
  t.equal(traceIdOf({ traceparent: VALID }), TRACE)
  t.equal(traceIdOf({ traceparent: `01-${TRACE}-b7ad6b7169203331-00` }), TRACE, 'a later version of the same form')
  t.equal(traceIdOf({ traceparent: `cc-${TRACE}-b7ad6b7169203331-01-what-it-will-add` }), TRACE)
})

t.test('a header that is not valid is as good as none', async t => {
  for (const traceparent of [
    '', 'a secret', `00-${TRACE}`, `${VALID}-more`, `ff-${TRACE}-b7ad6b7169203331-01`, VALID.toUpperCase(), `${VALID} `, `${VALID}, ${VALID}`,
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, `00-${TRACE}-${'0'.repeat(16)}-01`, `00-${TRACE}x-b7ad6b7169203331-01`, `cc-${TRACE}-b7ad6b7169203331-01x`
  ]) t.equal(traceIdOf({ traceparent }), undefined, traceparent)
  t.equal(traceIdOf({}), undefined)
})

t.test('the trace of a request stands in its log lines and goes on to the job, and into no answer', async t => {
  const announced: unknown[] = []
  const store = { requestRefresh: async (id: number) => ({ id, refresh: {}, sources: [] }), find: async () => null } as unknown as InsightStore
  const { app, logged } = await buildBareApi(t, {
    store, tokens: anyToken, enqueueRefresh: async (id, options) => { announced.push([id, options]) }
  })
  const ask = async (traceparent: string, method: 'GET' | 'POST' = 'POST') =>
    await app.inject({ method, url: '/api/user_insights/7/refresh', headers: { authorization: 'Token a', 'x-request-id': 'mine', traceparent } })
  const { headers } = await ask(VALID)
  t.notOk('traceparent' in headers)
  t.equal(headers['x-request-id'], 'mine')
  t.match(logged.at(-1), { request_id: 'mine', trace_id: TRACE })
  await ask('00-garbage')
  t.notOk('trace_id' in (logged.at(-1) ?? {}))
  t.same(announced, [[7, { traceId: TRACE }], [7, {}]])
  await app.inject({ url: '/nothing', headers: { traceparent: VALID } })
  t.match(logged.at(-1), { trace_id: TRACE, status: 404 }, 'also where no route answers')
})
