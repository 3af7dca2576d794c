/** How the service connects to Redis, be it one server, a Sentinel group or a cluster. */
import { Cluster, Redis, type Command, type RedisOptions } from 'ioredis'
import type { Milliseconds } from '@insights/shared'
import type { ConnectionWatch } from './connection-watch.js'
import { parseRedisAddress, type RedisAddress } from './redis-address.js'
import { disconnect, firstOf, isRefusal, type RedisClient } from './redis-client.js'

/** How long to pause before the next try; `null`: there is none. */
type RetryPause = (tries: number) => Milliseconds | null

/** Longest pause between two tries to connect, so that everything is back soon after Redis is. */
const MAX_RETRY_PAUSE_MS = 2_000

const CONNECT_LIMIT_MS = 2_000

const COMMON: RedisOptions = {
  connectTimeout: CONNECT_LIMIT_MS,
  keepAlive: 10_000
}

/**
 * For producers: a command fails at once while Redis is away, and one under way fails with its connection. None waits
 * in memory for Redis to come back: what was not added is planned again. A connection that gives no answer is dropped,
 * or the commands for a frozen Redis would gather on it.
 */
const FAIL_FAST: RedisOptions = {
  ...COMMON,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  socketTimeout: 3_000
}

/** For workers: commands wait for ever. The socket limit lies above the 10 s for which BullMQ blocks at the most. */
const WAIT_FOR_EVER: RedisOptions = {
  ...COMMON,
  enableOfflineQueue: true,
  maxRetriesPerRequest: null,
  socketTimeout: 15_000
}

/**
 * For rate limits, on whose answer every request waits: a third of a second is more than a Redis that works ever takes.
 * One that does not answer is then dropped, and until it answers again commands fail at once.
 */
const IMPATIENT: RedisOptions = {
  ...FAIL_FAST,
  connectTimeout: 300,
  socketTimeout: 300
}

/** Redirections that a command of a cluster may follow: one to a moved slot, and a few while a failover is under way. */
const MAX_REDIRECTIONS = 4

const retryPause = (tries: number): Milliseconds => Math.min(tries * 100, MAX_RETRY_PAUSE_MS)

/** Opens the connection that producers share. `url` as for `parseRedisAddress`. */
export function openProducerConnection (url: string, watch: ConnectionWatch): RedisClient {
  const redis = connect(parseRedisAddress(url), FAIL_FAST, retryPause)
  watch.attach(redis)
  return redis
}

/** Opens a connection for rate limits. Its trouble is for the caller of its commands to report: each of them fails. */
export function openLimitConnection (url: string): RedisClient {
  const redis = connect(parseRedisAddress(url), IMPATIENT, retryPause)
  redis.on('error', () => {}) // Without a listener it would be printed.
  return redis
}

/** Opens the connection for state that workers share. As above, but a call may take as long as a producer's. */
export function openStateConnection (url: string): RedisClient {
  const redis = connect(parseRedisAddress(url), FAIL_FAST, retryPause)
  redis.on('error', () => {})
  return redis
}

function connect (address: RedisAddress, patience: RedisOptions, pause: RetryPause): RedisClient {
  const { kind, hosts, masterName, login } = address
  // Certificates are checked as Node does it, against its own list and NODE_EXTRA_CA_CERTS.
  const tls = address.isTls ? { tls: {} } : {}
  if (kind === 'cluster') return connectToCluster(address, { ...patience, ...login, ...tls }, pause)
  if (kind === 'server') return new Redis({ ...patience, ...login, ...tls, ...hosts[0], retryStrategy: pause })
  return new Redis({
    ...patience,
    ...login,
    ...tls,
    ...(address.isTls && { sentinelTLS: {}, enableTLSForSentinelMode: true }),
    sentinels: [...hosts],
    name: masterName,
    sentinelRetryStrategy: pause,
    retryStrategy: pause
  })
}

function connectToCluster ({ hosts }: RedisAddress, options: RedisOptions, pause: RetryPause): Cluster {
  const { enableOfflineQueue, ...redisOptions } = options
  return new Cluster([...hosts], {
    redisOptions,
    enableOfflineQueue,
    maxRedirections: MAX_REDIRECTIONS,
    clusterRetryStrategy: pause,
    // Names stay names, because certificates are issued for them; they are looked up when a connection is made.
    dnsLookup: (name, done) => { done(null, name) }
  })
}

/** The connections of one worker: the one given to BullMQ, and the one that BullMQ makes of it to block on. */
export interface WorkerConnections {
  redis: RedisClient
  /** No connection is made anew from now on, and those that are not up have ended when this resolves. */
  giveUpLost: () => Promise<void>
  /** Idempotent. */
  close: (limitMs: Milliseconds) => Promise<void>
}

export function openWorkerConnections (url: string, watch: ConnectionWatch): WorkerConnections {
  let isClosing = false
  const all: RedisClient[] = []
  const redis = connect(parseRedisAddress(url), WAIT_FOR_EVER, tries => isClosing ? null : retryPause(tries))
  const adopt = (each: RedisClient): void => {
    all.push(each)
    watch.attach(each)
    nameAsConnectionErrors(each)
    letInfoBeRefused(each)
    repeatRefusedWrites(each, watch)
  }
  adopt(redis)
  const duplicate = redis.duplicate.bind(redis) as (...args: unknown[]) => RedisClient
  Object.assign(redis, {
    duplicate: (...args: unknown[]) => {
      const copy = duplicate(...args)
      adopt(copy)
      return copy
    }
  })
  return {
    redis,
    giveUpLost: async () => {
      isClosing = true
      await Promise.all(all.map(giveUpIfLost))
    },
    close: async limitMs => { await Promise.all(all.splice(0).map(async each => { await disconnect(each, limitMs) })) }
  }
}

/**
 * BullMQ pauses after what it takes for an error of the connection, which goes by the code. With any other, such as a
 * refused password, its loop would spin on a connection that has ended and let nothing else of the process run.
 */
function nameAsConnectionErrors (redis: RedisClient): void {
  redis.on('error', (error: Error) => { Object.assign(error, { code: 'ECONNREFUSED' }) })
}

/**
 * BullMQ asks INFO for the version and can not go on without an answer. A user who may not ask gets the oldest version
 * that is supported.
 */
function letInfoBeRefused (redis: RedisClient): void {
  const info = redis.info.bind(redis) as (...args: unknown[]) => Promise<string>
  const askOrAssume = async (): Promise<string> => {
    try {
      return await info()
    } catch (error) {
      if (isRefusal(error)) return 'redis_version:6.2.0'
      throw error
    }
  }
  // The driver's own call, which has a callback, stays as it is.
  Object.assign(redis, { info: async (...args: unknown[]) => await (args.length === 0 ? askOrAssume() : info(...args)) })
}

/**
 * BullMQ repeats after a pause what failed with its connection; anything else it asks again at once and without end, or
 * gives up with the end of a job unrecorded. A Redis that can not write for now is as good as away.
 */
function repeatRefusedWrites (redis: RedisClient, watch: ConnectionWatch): void {
  const send = redis.sendCommand.bind(redis) as (command: Command, ...args: unknown[]) => unknown
  Object.assign(redis, {
    sendCommand: (command: Command, ...args: unknown[]) => {
      const reject = command.reject.bind(command)
      command.reject = error => { reject(watch.isRefusedWrite(error) ? Object.assign(error, { code: 'ECONNREFUSED' }) : error) }
      return send(command, ...args)
    }
  })
}

/**
 * A connection that pauses between two tries must be left to its next one, which is the last: disconnecting it now
 * would stop its timer and leave its commands waiting for ever.
 */
async function giveUpIfLost (redis: RedisClient): Promise<void> {
  if (redis.status === 'ready' || redis.status === 'end') return
  const decided = firstOf(redis, ['end', 'ready'], MAX_RETRY_PAUSE_MS + CONNECT_LIMIT_MS + 1_000)
  if (redis.status !== 'reconnecting') redis.disconnect()
  await decided
}
