import { setTimeout as delay } from 'node:timers/promises'
import { t, type Test } from 'tap'
import { createApiClient, findRedis, startService, type ApiClient, type ServiceProcess } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'
import { findMongo } from '@insights/testkit/mongo-server'
import { openProductionStack, TOKEN } from '../support/production-stack.js'

const KILLS = 4
const WRITERS = 8

/** Far beyond the lease of a key. */
const REPEAT_LIMIT_MS = 60_000

interface Running { api: ApiClient, kill: () => Promise<unknown> }
type Answer = Awaited<ReturnType<ApiClient['post']>>

/** What was answered: the ids of the insights, by the number of `connects` that each create has of its own. */
type Answered = Map<number, number>

const running = (service: ServiceProcess): Running =>
  ({ api: createApiClient(service.url, TOKEN), kill: async () => await service.end('SIGKILL') })

/** Sends a create under its key until it is made or refused for good; rejects when the service dies. */
async function createUnderKey (api: ApiClient, connects: number): Promise<Answer> {
  const deadline = Date.now() + REPEAT_LIMIT_MS
  for (;;) {
    const answer = await api.post('/api/user_insights', { connects }, { 'idempotency-key': `create-${connects}` })
    const isToBeRepeated = answer.status === 503 || answer.body.code === 'INS_IDEMPOTENCY_RUNNING'
    if (!isToBeRepeated || Date.now() > deadline) return answer
    await delay(100)
  }
}

/** Creates insights until the service dies; gives the one that was not answered. */
async function createUntilDeath (api: ApiClient, next: () => number, answered: Answered): Promise<number> {
  for (;;) {
    const connects = next()
    const answer = await createUnderKey(api, connects).catch(() => null)
    if (answer?.status !== 201) return connects
    answered.set(connects, answer.body.id)
  }
}

/** All insights that there are: their ids, by `connects`. */
async function readAll (api: ApiClient): Promise<Map<number, number[]>> {
  const found = new Map<number, number[]>()
  for (let next: string | null = '/api/user_insights?limit=100'; next !== null;) {
    const { status, body }: Answer = await api.get(next)
    // A service that has just started may be busy for a moment.
    if (status === 503) continue
    for (const { id, connects } of body.results) found.set(connects, [...found.get(connects) ?? [], id])
    next = body.next === null ? null : new URL(body.next).pathname + new URL(body.next).search
  }
  return found
}

/**
 * Kills the API within creates under keys, without names of the host's own, and repeats what was not answered under
 * the same key: in the end there is one insight for each key, the one that was answered, and no other.
 */
async function keysMakeOne (t: Test, start: () => Promise<Running>): Promise<void> {
  let count = 0
  let replayed = 0
  let made = 0
  const answered: Answered = new Map()
  for (let kill = 0; kill < KILLS; kill++) {
    const { api, kill: end } = await start()
    const before = answered.size
    const writers = Array.from({ length: WRITERS }, async () => await createUntilDeath(api, () => ++count, answered))
    while (answered.size < before + WRITERS) await delay(1)
    await delay(Math.random() * 1_500) // anywhere in a create, also beside the first refreshes
    await end()
    const open = await Promise.all(writers)
    const { api: again, kill: endAgain } = await start()
    const stored = await readAll(again)
    made += open.filter(connects => stored.has(connects)).length
    for (const connects of open) {
      const [first, second] = [await createUnderKey(again, connects), await createUnderKey(again, connects)]
      if (first.headers.get('idempotency-replayed') === 'true') replayed++
      t.match([first.status, second.status, second.headers.get('idempotency-replayed')], [201, 201, 'true'], `${connects}: ${JSON.stringify(first.body)}`)
      t.same(second.body, first.body)
      answered.set(connects, first.body.id)
    }
    await endAgain()
  }
  const { api, kill } = await start()
  const found = [...await readAll(api)].sort(([a], [b]) => a - b)
  t.same(found, [...answered].map(([connects, id]) => [connects, [id]] as const).sort(([a], [b]) => a - b))
  t.equal(answered.size, count, 'every create that was ever sent has its insight')
  t.comment(`${count} insights; of ${KILLS * WRITERS} unanswered creates ${made} had been made, and ${replayed} had kept their answer`)
  await kill()
}

t.test('fault 2: a create that is repeated under the same Idempotency-Key after a kill makes one insight (embedded)', async t => {
  const env = { DATA_DIR: await makeDataDirectory(t), BOOTSTRAP_TOKEN: TOKEN, LOG_LEVEL: 'error' }
  await keysMakeOne(t, async () => {
    const service = await startService({ env, node: ['apps/standalone/dist/main.js'] })
    t.teardown(async () => { await service.end('SIGKILL') })
    return running(service)
  })
})

const skip = findMongo().skipOwn || findRedis().skipOwn

t.test('fault 2: a create that is repeated under the same Idempotency-Key after a kill makes one insight (MongoDB)', { skip }, async t => {
  const stack = await openProductionStack(t)
  await keysMakeOne(t, async () => running(await stack.startApi(t)))
})
