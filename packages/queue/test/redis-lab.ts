import { randomUUID } from 'node:crypto'
import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { openQueues } from '../src/open.js'
import type { QueueBackendForTests } from './contract/lab.js'

/** An empty backend on the Redis at `url`: every test has key names of its own. */
export function createRedisBackendForTests (t: Test, url: string): QueueBackendForTests & { prefix: string } {
  const prefix = `{insights-${randomUUID()}}`
  return {
    prefix,
    open: async (log, timing) => await openQueues({ backend: { kind: 'redis', url, prefix }, log, timing }),
    createIdleWorker: (queue, options) => {
      const connection = openRedis(t, url, { maxRetriesPerRequest: null })
      return new Worker(queue, null, { ...options, connection, prefix })
    }
  }
}

/** A connection of the test's own. */
export function openRedis (t: Test, url: string, options: { maxRetriesPerRequest?: null } = {}): Redis {
  const redis = new Redis(url, options)
  redis.on('error', () => {})
  t.teardown(() => { redis.disconnect() })
  return redis
}
