import { createRedisBackend } from 'bullmq'
import type { Redis } from 'ioredis'
import type { QueueBackend, WorkerConnection } from './backend.js'
import { ConnectionWatch } from './connection-watch.js'
import type { QueueLog } from './port.js'
import { disconnect, firstOf, openProducerConnection, openWorkerConnections } from './redis-connection.js'
import { checkRedisSettings } from './redis-settings.js'

/** The braces make a cluster keep all keys of all queues on one node, which BullMQ's scripts need. */
const DEFAULT_PREFIX = '{insights}'

/** A Redis that answers is ready in a few milliseconds; one that does not is waited for no longer than this. */
const OPEN_LIMIT_MS = 1_000

const WORKER_CLOSE_LIMIT_MS = 3_000

export interface RedisBackendOptions {
  url: string
  prefix?: string
  log: QueueLog
}

/** BullMQ on Redis. Opens also while Redis is away: calls then fail fast until it is there. */
export async function openRedisBackend (options: RedisBackendOptions): Promise<QueueBackend> {
  const { url, prefix = DEFAULT_PREFIX, log } = options
  const watch = new ConnectionWatch(log)
  const producer = openProducerConnection(url, watch)
  producer.on('ready', () => { checkRedisSettings(producer, log) })
  await firstOf(producer, ['ready', 'close'], OPEN_LIMIT_MS)
  return {
    // BullMQ's own version check would fail for good when Redis is away at its only moment, and the queue with it.
    forQueues: { connection: producer, prefix, skipVersionCheck: true, skipWaitingForReady: true },
    factory: createRedisBackend,
    openForWorker: () => openForWorker(url, prefix, watch),
    isLogged: error => watch.hasSeen(error),
    ping: async () => { await ping(producer) },
    close: async limitMs => { await disconnect(producer, limitMs) }
  }
}

function openForWorker (url: string, prefix: string, watch: ConnectionWatch): WorkerConnection {
  const connections = openWorkerConnections(url, watch)
  return {
    connection: connections.redis,
    prefix,
    beforeClose: async () => { await connections.giveUpLost() },
    afterClose: async () => { await connections.close(WORKER_CLOSE_LIMIT_MS) }
  }
}

async function ping (redis: Redis): Promise<void> {
  await redis.ping()
}
