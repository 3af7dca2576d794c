import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Clock, Milliseconds } from '@insights/shared'
import type { TokenStore } from '@insights/storage'

/** Often enough to see which tokens are in use, seldom enough to cost nothing. */
const NOTED_EVERY_MS: Milliseconds = 60_000

/** As many as are remembered for looking them up. */
const MAX_NOTED = 1_000

export interface TokenUsage {
  /** Notes a use of the token in the store, at most once a minute, and neither waits nor fails. */
  note: (hash: string) => void
  /** Resolves when nothing is being written any more. */
  settled: () => Promise<void>
}

/** Keeps `last_used_at` of the tokens. What could not be written is logged and not tried again before a minute is over. */
export function createTokenUsage (tokens: TokenStore, clock: Clock, log: FastifyBaseLogger): TokenUsage {
  const notedAt = new LRUCache<string, Milliseconds>({ max: MAX_NOTED })
  const writing = new Set<Promise<void>>()
  const write = async (hash: string): Promise<void> => {
    try {
      await tokens.markUsed(hash)
    } catch (err) {
      log.warn({ err }, 'the use of a token was not noted')
    }
  }
  return {
    note: hash => {
      const now = clock.now()
      if (Math.abs(now - (notedAt.get(hash) ?? -Infinity)) < NOTED_EVERY_MS) return
      notedAt.set(hash, now)
      const written = write(hash).finally(() => { writing.delete(written) })
      writing.add(written)
    },
    settled: async () => { await Promise.all(writing) }
  }
}
