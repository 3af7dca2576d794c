import type { FastifyBaseLogger } from 'fastify'
import type { Clock, Milliseconds } from '@insights/shared'
import type { InsightStore, TokenStore } from '@insights/storage'

/** What the API needs. It borrows everything: whoever opened a thing closes it, after the app is closed. */
export interface ApiDeps {
  store: InsightStore
  tokens: TokenStore
  /**
   * Tells the workers that an insight wants a refresh. The wish itself already stands in the store, so a rejection
   * costs only time: the write succeeds, and the planner finds the insight. It is waited for a quarter second at most.
   */
  enqueueRefresh: (id: number) => Promise<void>
  log: FastifyBaseLogger
  /** Decides when tokens expire and how long a token is remembered. */
  clock: Clock
  /** `false` while the service starts or drains: `/readyz` then answers 503. Without it the store alone decides. */
  isReady?: () => boolean
}

export interface ApiSettings {
  /** The most bytes of a request body; more is a 413. */
  bodyLimitBytes: number
  /** The longest time for receiving a request; for receiving and answering it together it is half as much again. */
  requestTimeoutMs: Milliseconds
}
