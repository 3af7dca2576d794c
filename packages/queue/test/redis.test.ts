import { findRedis, startRedis } from '@insights/testkit'
import { t } from 'tap'
import { jobQueuesContract } from './contract/job-queues-contract.js'
import { createRedisBackendForTests } from './redis-lab.js'

const { sharedUrl, skip } = findRedis()

async function openUrl (): Promise<string> {
  if (sharedUrl !== null) return sharedUrl
  const server = await startRedis()
  t.teardown(async () => { await server.stop() })
  return server.url
}

if (skip === false) {
  const url = await openUrl()
  jobQueuesContract(t, 'redis', async t => createRedisBackendForTests(t, url))
} else {
  t.plan(0, skip)
}
