import { disconnect, firstOf } from './redis-client.js'
import { openLimitConnection } from './redis-connection.js'

/** A Redis that answers is ready in a few milliseconds; one that does not is waited for no longer than this. */
const OPEN_LIMIT_MS = 300

const CLOSE_LIMIT_MS = 1_000

/** The part of a Redis client that a rate limit works with: it defines its script, then calls it by its name. */
export interface LimitRedis {
  defineCommand: (name: string, definition: { lua: string, numberOfKeys?: number, readOnly?: boolean }) => void
}

export interface LimitStore {
  /** Its commands fail within a third of a second while Redis is away, and at once when that is known. */
  redis: LimitRedis
  close: () => Promise<void>
}

/**
 * Opens the connection over which processes share their rate limits. It resolves also while Redis is away, within a
 * third of a second, and connects by itself when it is there. `url` as for the queues.
 */
export async function openLimitStore (url: string): Promise<LimitStore> {
  const redis = openLimitConnection(url)
  await firstOf(redis, ['ready', 'close'], OPEN_LIMIT_MS)
  return { redis, close: async () => { await disconnect(redis, CLOSE_LIMIT_MS) } }
}
