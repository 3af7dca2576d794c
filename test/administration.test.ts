import { setTimeout as delay } from 'node:timers/promises'
import { t } from 'tap'
import { createApiClient, findRedis, runService } from '@insights/testkit'
import { findMongo } from '@insights/testkit/mongo-server'
import { openProductionStack, TOKEN, type ProductionStack } from './support/production-stack.js'

const skip = findMongo().skipOwn || findRedis().skipOwn

/** Far beyond the five seconds within which a revocation counts. */
const REFUSAL_LIMIT_MS = 30_000

interface Printed { id: string, token: string }

async function tokenCommand ({ env }: ProductionStack, ...args: string[]): Promise<Printed> {
  const { code, stdout, stderr } = await runService({ node: ['apps/token-cli/dist/main.js', ...args, '--json'], env })
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

/** An insight that does not exist is a 404 for a token that is accepted. */
async function statusOf (url: string, token: string): Promise<number> {
  return (await createApiClient(url, token).get('/api/user_insights/4711')).status
}

/** Milliseconds until the token is refused. */
async function timeToRefusal (url: string, token: string): Promise<number> {
  const start = performance.now()
  while (await statusOf(url, token) !== 401) {
    if (performance.now() - start > REFUSAL_LIMIT_MS) throw new Error('The token is still accepted')
    await delay(50)
  }
  return performance.now() - start
}

const dashboardOf = async (url: string): Promise<Response> => await fetch(`${url}/queues/api/queues`, {
  headers: { authorization: `Basic ${Buffer.from(`operator:${TOKEN}`).toString('base64')}` }
})

t.test('several API processes under administration', { skip }, async t => {
  const stack = await openProductionStack(t)
  const [one, other] = await Promise.all([stack.startApi(t), stack.startApi(t, { DASHBOARD: 'on' })])

  await t.test('row 46: what the command line does to tokens counts in every API process', async t => {
    const made = await tokenCommand(stack, 'create', '--name', 'host', '--scopes', 'read')
    t.same([await statusOf(one.url, made.token), await statusOf(other.url, made.token)], [404, 404], 'a new token works at once')

    const next = await tokenCommand(stack, 'rotate', made.id, '--overlap-seconds', '600')
    for (const token of [made.token, next.token]) {
      t.same([await statusOf(one.url, token), await statusOf(other.url, token)], [404, 404], 'old and new one both work in the overlap')
    }

    for (const { id, token } of [made, next]) {
      await tokenCommand(stack, 'revoke', id)
      const times = await Promise.all([one, other].map(async ({ url }) => await timeToRefusal(url, token)))
      t.comment(`refused after ${times.map(ms => `${Math.round(ms)} ms`).join(' and ')}`)
    }
  })

  await t.test('row 46: what the API of one process does to tokens counts in the other one', async t => {
    const { body: made } = await one.api.post('/api/tokens', { name: 'host', scopes: ['read'] })
    t.equal(await statusOf(other.url, made.token), 404)
    const revoked = await fetch(`${one.url}/api/tokens/${made.id}`, { method: 'DELETE', headers: { authorization: `Token ${TOKEN}` } })
    t.equal(revoked.status, 204)
    t.equal(await statusOf(one.url, made.token), 401, 'at once where it was revoked')
    t.comment(`refused by the other one after ${Math.round(await timeToRefusal(other.url, made.token))} ms`)
  })

  await t.test('the dashboard is there where it is enabled and nowhere else', async t => {
    t.equal((await dashboardOf(one.url)).status, 404)
    const answer = await dashboardOf(other.url)
    t.equal(answer.status, 200)
    t.match(await answer.json(), { queues: [{ name: 'refresh', readOnlyMode: true }, { name: 'maintenance', readOnlyMode: true }] })
  })
})
