import type { Redis } from 'ioredis'
import type { QueueLog } from './port.js'
import { withoutDetails } from './queue-errors.js'

/**
 * Logs each kind of failure once per outage, and the end of the outage when all connections are back: every connection
 * reports each of its tries, which would fill the log.
 */
export class ConnectionWatch {
  readonly #log: QueueLog
  readonly #lost = new Set<Redis>()
  readonly #seen = new WeakSet<Error>()
  readonly #logged = new Set<string>()

  constructor (log: QueueLog) {
    this.#log = log
  }

  attach (redis: Redis): void {
    redis.on('error', (error: Error) => { this.#onError(redis, error) })
    redis.on('ready', () => { this.#onReady(redis) })
    redis.on('end', () => { this.#lost.delete(redis) })
  }

  /** Whether the error is one of a connection's and so has been dealt with here. */
  hasSeen (error: Error): boolean {
    return this.#seen.has(error)
  }

  #onError (redis: Redis, error: Error): void {
    this.#seen.add(error)
    this.#lost.add(redis)
    if (this.#logged.has(error.message)) return
    this.#logged.add(error.message)
    this.#log.error({ err: withoutDetails(error) }, 'The connection to Redis fails; trying again')
  }

  #onReady (redis: Redis): void {
    if (!this.#lost.delete(redis) || this.#lost.size > 0) return
    this.#logged.clear()
    this.#log.info({}, 'The connection to Redis is back')
  }
}
