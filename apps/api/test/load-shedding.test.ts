import type { LightMyRequestResponse } from 'fastify'
import { t, type Test } from 'tap'
import { createMetrics } from '@insights/metrics'
import type { InsightStore } from '@insights/storage'
import { anyToken, buildBareApi, type BareApi } from './build-test-api.js'

const store = { find: async () => null, ping: async () => {}, backlog: async () => ({ due: 0, oldestDueAgeMs: null }) } as unknown as InsightStore

interface Stage extends BareApi {
  ask: (url: string) => Promise<LightMyRequestResponse>
}

async function build (t: Test, maxEventLoopDelayMs: number): Promise<Stage> {
  const api = await buildBareApi(t, { store, tokens: anyToken, monitoring: { metrics: createMetrics(), countJobs: async () => ({}) } }, { maxEventLoopDelayMs })
  return { ...api, ask: async url => await api.app.inject({ url, headers: { authorization: 'Token a' } }) }
}

function block (ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

/** Asks until a request is let through: what starting costs may have made the event loop late for some samples. */
async function calm (ask: () => Promise<LightMyRequestResponse>): Promise<void> {
  const deadline = performance.now() + 20_000
  while ((await ask()).statusCode !== 404) {
    if (performance.now() > deadline) throw new Error('No request is let through')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Keeps the event loop late until a request is answered like this; the deadline is far beyond one sample. */
async function lateUntil (ask: () => Promise<LightMyRequestResponse>, status: number): Promise<LightMyRequestResponse> {
  const deadline = performance.now() + 20_000
  for (;;) {
    block(120)
    const answer = await ask()
    if (answer.statusCode === status) return answer
    if (performance.now() > deadline) throw new Error(`No answer had status ${status}`)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

t.test('while the event loop is late, requests are turned away, but not what an operator needs', async t => {
  const { ask, logged } = await build(t, 30)
  await calm(async () => await ask('/api/user_insights/1'))
  logged.length = 0
  const { headers, body } = await lateUntil(async () => await ask('/api/user_insights/1'), 503)
  t.match(headers, { 'retry-after': '2', 'content-type': 'application/problem+json; charset=utf-8', 'x-request-id': String })
  t.match(JSON.parse(body), { type: 'urn:insights:error:INS_SERVICE_BUSY', status: 503, code: 'INS_SERVICE_BUSY', request_id: headers['x-request-id'] })
  t.equal((await ask('/readyz')).statusCode, 503, 'a balancer is to send requests elsewhere')
  t.equal((await ask('/livez')).statusCode, 200)
  t.equal((await ask('/metrics')).statusCode, 200)
  t.equal(logged.filter(line => /turning requests away/.test(String(line.msg))).length, 1)
  t.notOk(logged.some(line => Number(line.level) >= 50), 'a stack per request would only add to the load')
  t.ok(logged.some(line => line.code === 'INS_SERVICE_BUSY' && line.status === 503))
})

t.test('nobody is turned away where the limit is off', async t => {
  const { ask } = await build(t, 0)
  block(300)
  t.equal((await ask('/api/user_insights/1')).statusCode, 404)
})
