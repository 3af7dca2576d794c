import { createRedisBackend, type ConnectionOptions } from 'bullmq'
import type { QueueBackend, WorkerConnection } from './backend.js'
import { ConnectionWatch } from './connection-watch.js'
import type { QueueLog } from './port.js'
import { disconnect, firstOf, onNodeReady, type RedisClient } from './redis-client.js'
import { openProducerConnection, openWorkerConnections } from './redis-connection.js'
import { RedisSettings } from './redis-settings.js'

/** The braces make a cluster keep all keys of all queues on one node, which BullMQ's scripts need. */
const DEFAULT_PREFIX = '{insights}'

/** A Redis that answers is ready in a few milliseconds; one that does not is waited for no longer than this. */
const OPEN_LIMIT_MS = 1_000

const WORKER_CLOSE_LIMIT_MS = 3_000

/** What ioredis says of a connection that has ended, and of one to a cluster that ends while it is being made. */
const ENDED = new Set(['Connection is closed.', 'None of startup nodes is available'])

export interface RedisBackendOptions {
  url: string
  prefix?: string
  log: QueueLog
}

/**
 * BullMQ on Redis. Opens also while Redis is away: calls then fail fast until it is there.
 * @throws AppError `INS_CONFIG_INVALID` when the address is none, or when Redis is there and not fit to carry jobs
 */
export async function openRedisBackend (options: RedisBackendOptions): Promise<QueueBackend> {
  const { url, prefix = DEFAULT_PREFIX, log } = options
  const watch = new ConnectionWatch(log)
  const producer = openProducerConnection(url, watch)
  await firstOf(producer, ['ready', 'close'], OPEN_LIMIT_MS)
  await checkSettings(producer, log)
  return {
    // BullMQ's own version check would fail for good when Redis is away at its only moment, and the queue with it.
    forQueues: { connection: producer as ConnectionOptions, prefix, skipVersionCheck: true, skipWaitingForReady: true },
    factory: createRedisBackend,
    openForWorker: () => openForWorker(url, prefix, watch),
    isLogged: error => watch.hasSeen(error),
    isEnd: ({ message }) => ENDED.has(message),
    ping: async () => { await ping(producer, prefix) },
    close: async limitMs => { await disconnect(producer, limitMs) }
  }
}

/** Now for the servers that are there, and again for each whenever it comes back: another one may have taken its place. */
async function checkSettings (producer: RedisClient, log: QueueLog): Promise<void> {
  const settings = new RedisSettings(log)
  const isThere = producer.status === 'ready'
  onNodeReady(producer, node => { settings.report(node).catch(() => {}) }) // It never rejects.
  if (!isThere) return
  const nodes = 'nodes' in producer ? producer.nodes('master') : [producer]
  try {
    await Promise.all(nodes.map(async node => { await settings.assertFit(node) }))
  } catch (error) {
    await disconnect(producer, OPEN_LIMIT_MS)
    throw error
  }
}

function openForWorker (url: string, prefix: string, watch: ConnectionWatch): WorkerConnection {
  const connections = openWorkerConnections(url, watch)
  return {
    connection: connections.redis as ConnectionOptions,
    prefix,
    beforeClose: async () => { await connections.giveUpLost() },
    afterClose: async () => { await connections.close(WORKER_CLOSE_LIMIT_MS) }
  }
}

/** Asks for a key, so that of a cluster the node answers on which the jobs lie. */
async function ping (redis: RedisClient, prefix: string): Promise<void> {
  await redis.exists(`${prefix}:ping`)
}
