import type { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import type { FastifyBaseLogger } from 'fastify'
import type { JobCounts, Metrics } from '@insights/metrics'
import type { Clock, Milliseconds, Platform, PlatformStatus } from '@insights/shared'
import type { HistoryStore, InsightStore, TokenStore } from '@insights/storage'

/** A queue as the dashboard wants it: one of BullMQ, whatever its backend. */
export type DashboardQueue = ConstructorParameters<typeof BullMQAdapter>[0]

/** What the API counts, and where `/metrics` finds the figures that are not its own. */
export interface Monitoring {
  metrics: Metrics
  /** The jobs in the queues; a rejection means that they can not be reached. */
  countJobs: () => Promise<JobCounts>
}

/** What the API may tell of the platforms. */
export interface PlatformInsight {
  modes: Readonly<Record<Platform, 'live' | 'sandbox' | 'not_configured'>>
  /** Rejects when what the workers share can not be read. */
  readStatus: (platform: Platform) => Promise<PlatformStatus>
}

/** The part of a Redis client that rate limits use: one of ioredis, whose commands fail fast. */
export interface RateLimitRedis {
  defineCommand: (name: string, definition: { lua: string, numberOfKeys?: number, readOnly?: boolean }) => void
}

/** What the API needs. It borrows everything: whoever opened a thing closes it, after the app is closed. */
export interface ApiDeps {
  store: InsightStore
  tokens: TokenStore
  /** Without it there is no history to read. */
  history?: Pick<HistoryStore, 'read'>
  /**
   * Tells the workers that an insight wants a refresh. The wish itself already stands in the store, so a rejection
   * costs only time: the write succeeds, and the planner finds the insight. It is waited for a quarter second at most.
   * `traceId` is that of the request, for the log of the worker.
   */
  enqueueRefresh: (id: number, options: { traceId?: string }) => Promise<void>
  /** Takes a waiting refresh out of the queue again. A rejection harms nothing; it is waited for as long as above. */
  dropRefresh: (id: number) => Promise<void>
  log: FastifyBaseLogger
  /** Decides when tokens expire and how long a token is remembered. */
  clock: Clock
  /** `false` while the service starts or drains: `/readyz` then answers 503. Without it the store alone decides. */
  isReady?: () => boolean
  /** What the dashboard shows; without them there is none. */
  queues?: readonly DashboardQueue[]
  /** Without it nothing is counted and there is no `/metrics`. */
  monitoring?: Monitoring
  /** Without it there is no `/api/platforms`. */
  platforms?: PlatformInsight
  /** Makes processes share their rate limits; without it each has its own. */
  rateLimitRedis?: RateLimitRedis
}

export interface ApiSettings {
  /** The most bytes of a request body; more is a 413. */
  bodyLimitBytes: number
  /** The longest time for receiving a request; for receiving and answering it together it is half as much again. */
  requestTimeoutMs: Milliseconds
  /** What absolute links begin with, without a slash at the end; without it they are as the request was addressed. */
  publicUrl?: string | null
  /** The queue dashboard at `/queues`. Off by default; one that is not writable only shows. */
  dashboard?: { isEnabled: boolean, isWritable: boolean }
  /** Requests that one token may make in a minute; 0, the default, sets no limit. */
  rateLimitPerMinute?: number
  /** Origins whose pages may read answers in browsers; none by default. */
  corsOrigins?: readonly string[]
  /** The delay of the event loop above which requests are turned away with 503; 0, the default, never does. */
  maxEventLoopDelayMs?: Milliseconds
}
