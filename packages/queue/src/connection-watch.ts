import type { QueueLog } from './port.js'
import { withoutDetails } from './queue-errors.js'
import type { RedisClient } from './redis-client.js'

/** Its disk or its memory is full, it has become a replica, or it has lost its own. */
const WRITE_REFUSAL = /\b(MISCONF|OOM|READONLY|NOREPLICAS|UNBLOCKED)\b/

const REFUSAL_LOG_PAUSE_MS = 60_000

/**
 * Logs each kind of failure once per outage, and the end of the outage when all connections are back: every connection
 * reports each of its tries, which would fill the log.
 */
export class ConnectionWatch {
  readonly #log: QueueLog
  readonly #lost = new Set<RedisClient>()
  readonly #seen = new WeakSet<Error>()
  readonly #logged = new Set<string>()
  #refusalLoggedAt = -Infinity

  constructor (log: QueueLog) {
    this.#log = log
  }

  attach (redis: RedisClient): void {
    redis.on('error', (error: Error) => { this.#onError(redis, error) })
    redis.on('ready', () => { this.#onReady(redis) })
    redis.on('end', () => { this.#lost.delete(redis) })
  }

  /** Whether the error is one of a connection's and so has been dealt with here. */
  hasSeen (error: Error): boolean {
    return this.#seen.has(error)
  }

  /** Whether Redis, which is there, can not write for now. Nothing says when that is over: it is logged once a minute. */
  isRefusedWrite (error: Error): boolean {
    if (!WRITE_REFUSAL.test(error.message)) return false
    this.#seen.add(error)
    if (performance.now() - this.#refusalLoggedAt > REFUSAL_LOG_PAUSE_MS) {
      this.#refusalLoggedAt = performance.now()
      this.#log.error({ err: withoutDetails(error) }, 'Redis refuses to write; trying again')
    }
    return true
  }

  #onError (redis: RedisClient, error: Error): void {
    this.#seen.add(error)
    this.#lost.add(redis)
    const reason = reasonOf(error)
    if (this.#logged.has(reason.message)) return
    this.#logged.add(reason.message)
    this.#log.error({ err: withoutDetails(reason) }, 'The connection to Redis fails; trying again')
  }

  #onReady (redis: RedisClient): void {
    if (!this.#lost.delete(redis) || this.#lost.size > 0) return
    this.#logged.clear()
    this.#log.info({}, 'The connection to Redis is back')
  }
}

/** A cluster's error says that no node could be asked; why stands in the error of the last one. */
function reasonOf (error: Error & { lastNodeError?: unknown }): Error {
  return error.lastNodeError instanceof Error ? error.lastNodeError : error
}
