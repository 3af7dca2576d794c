/** The only file that imports ioredis: how the service connects to Redis. */
import { Redis, type RedisOptions } from 'ioredis'
import type { Milliseconds } from '@insights/shared'
import type { ConnectionWatch } from './connection-watch.js'

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

const retryPause = (tries: number): Milliseconds => Math.min(tries * 100, MAX_RETRY_PAUSE_MS)

/** Opens the connection that producers share. `rediss:` means TLS; user and password come from the URL. */
export function openProducerConnection (url: string, watch: ConnectionWatch): Redis {
  const redis = new Redis(url, { ...FAIL_FAST, retryStrategy: retryPause })
  watch.attach(redis)
  return redis
}

/** Opens a connection for rate limits. Its trouble is for the caller of its commands to report: each of them fails. */
export function openLimitConnection (url: string): Redis {
  const redis = new Redis(url, { ...IMPATIENT, retryStrategy: retryPause })
  redis.on('error', () => {}) // Without a listener it would be printed.
  return redis
}

/** The connections of one worker: the one given to BullMQ, and the one that BullMQ makes of it to block on. */
export interface WorkerConnections {
  redis: Redis
  /** No connection is made anew from now on, and those that are not up have ended when this resolves. */
  giveUpLost: () => Promise<void>
  close: (limitMs: Milliseconds) => Promise<void>
}

export function openWorkerConnections (url: string, watch: ConnectionWatch): WorkerConnections {
  let isClosing = false
  const redis = new Redis(url, {
    ...WAIT_FOR_EVER,
    retryStrategy: tries => isClosing ? null : retryPause(tries)
  })
  const all = [redis]
  watch.attach(redis)
  const duplicate = redis.duplicate.bind(redis)
  redis.duplicate = override => {
    const copy = duplicate(override)
    all.push(copy)
    watch.attach(copy)
    return copy
  }
  return {
    redis,
    giveUpLost: async () => {
      isClosing = true
      await Promise.all(all.map(giveUpIfLost))
    },
    close: async limitMs => { await Promise.all(all.map(async each => { await disconnect(each, limitMs) })) }
  }
}

/**
 * A connection that pauses between two tries must be left to its next one, which is the last: disconnecting it now
 * would stop its timer and leave its commands waiting for ever.
 */
async function giveUpIfLost (redis: Redis): Promise<void> {
  if (redis.status === 'ready' || redis.status === 'end') return
  const decided = firstOf(redis, ['end', 'ready'], MAX_RETRY_PAUSE_MS + CONNECT_LIMIT_MS + 1_000)
  if (redis.status !== 'reconnecting') redis.disconnect()
  await decided
}

/** Resolves when the connection has ended, and after `limitMs` in any case. */
export async function disconnect (redis: Redis, limitMs: Milliseconds): Promise<void> {
  // One that pauses between two tries ends without an event.
  const isDown = redis.status === 'end' || redis.status === 'reconnecting'
  const ended = isDown ? undefined : firstOf(redis, ['end'], limitMs)
  redis.disconnect()
  await ended
}

/** Waits for the first of the events, and for `limitMs` at the most. */
export async function firstOf (redis: Redis, events: readonly string[], limitMs: Milliseconds): Promise<void> {
  await new Promise<void>(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      for (const event of events) redis.off(event, done)
      resolve()
    }
    const timer = setTimeout(done, limitMs)
    for (const event of events) redis.once(event, done)
  })
}
