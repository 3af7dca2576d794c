import { setTimeout as delay } from 'node:timers/promises'
import { t, type Test } from 'tap'
import { createApiClient, findRedis, startService, type ApiClient, type ServiceProcess } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'
import { findMongo } from '@insights/testkit/mongo-server'
import { openProductionStack, TOKEN } from '../support/production-stack.js'

const KILLS = 6
const WRITERS = 8

interface Running { api: ApiClient, kill: () => Promise<unknown> }

const running = (service: ServiceProcess): Running =>
  ({ api: createApiClient(service.url, TOKEN), kill: async () => await service.end('SIGKILL') })

/** Creates insights under names of the host's own until the service dies; gives the name that was not answered. */
async function createUntilDeath (api: ApiClient, next: () => string, answered: Set<string>): Promise<string> {
  for (;;) {
    const name = next()
    try {
      const { status } = await api.post('/api/user_insights', { external_id: name, connects: 7 })
      if (status !== 201) return name
      answered.add(name)
    } catch {
      return name
    }
  }
}

/**
 * Kills the API between and within creates, and repeats each create that was not answered as a careful client does:
 * under the same name, until it is told that the insight is made, or that it is there already.
 */
async function repeatsMakeOne (t: Test, start: () => Promise<Running>): Promise<void> {
  let count = 0
  let found = 0
  const names = new Set<string>()
  const next = (): string => `host-${++count}`
  for (let kill = 0; kill < KILLS; kill++) {
    const { api, kill: end } = await start()
    const before = names.size
    const writers = Array.from({ length: WRITERS }, async () => await createUntilDeath(api, next, names))
    while (names.size < before + WRITERS) await delay(1)
    await delay(Math.random() * 100) // anywhere in a create
    await end()
    const open = await Promise.all(writers)
    const again = await start()
    for (const name of open) {
      const { status, body } = await again.api.post('/api/user_insights', { external_id: name, connects: 7 })
      if (status === 409) found++
      t.ok(status === 201 || (status === 409 && body.code === 'INS_EXTERNAL_ID_TAKEN'), `${name}: ${status}`)
      names.add(name)
    }
    await again.kill()
  }
  const { api, kill } = await start()
  for (const name of names) {
    const { body } = await api.get(`/api/user_insights?external_id=${name}`)
    if (body.results?.length !== 1 || body.results[0].connects !== 7) t.fail(`${name} is not there once`, body)
  }
  t.comment(`${names.size} insights, ${found} of ${KILLS * WRITERS} unanswered creates had been made`)
  t.ok(names.size >= KILLS * WRITERS)
  await kill()
}

t.test('fault 2: a create that is repeated under the same external_id after a kill makes one insight (embedded)', async t => {
  const env = { DATA_DIR: await makeDataDirectory(t), BOOTSTRAP_TOKEN: TOKEN, LOG_LEVEL: 'error' }
  await repeatsMakeOne(t, async () => {
    const service = await startService({ env, node: ['apps/standalone/dist/main.js'] })
    t.teardown(async () => { await service.end('SIGKILL') })
    return running(service)
  })
})

const skip = findMongo().skipOwn || findRedis().skipOwn

t.test('fault 2: a create that is repeated under the same external_id after a kill makes one insight (MongoDB)', { skip }, async t => {
  const stack = await openProductionStack(t)
  await repeatsMakeOne(t, async () => running(await stack.startApi(t)))
})
