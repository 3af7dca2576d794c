import type { Config } from '@insights/config'
import type { Metrics } from '@insights/metrics'
import type { CountLoaders } from '@insights/platforms'
import type { JobQueues } from '@insights/queue'
import type { LimitStore } from '@insights/queue/limit-store'
import type { Log, Platform, PlatformStatus } from '@insights/shared'
import type { HistoryStore, InsightStore, TokenStore } from '@insights/storage'
import type { Closers } from './closers.js'
import type { PlatformMode } from './platform-options.js'

/** Everything that an app needs, opened. */
export interface Runtime {
  store: InsightStore
  history: HistoryStore
  /** The same for work that nobody waits for, where others would have to wait for it. */
  background: { store: InsightStore, history: HistoryStore }
  tokens: TokenStore
  queues: JobQueues
  platforms: CountLoaders
  platformModes: Record<Platform, PlatformMode>
  /** How a platform fares, of all workers together. Rejects when what they share can not be read. */
  readPlatformStatus: (platform: Platform) => Promise<PlatformStatus>
  /** What this process counts; calls of platforms are counted already. */
  metrics: Metrics
  /** Over which processes share their rate limits; absent where there is only one process. */
  limitRedis?: LimitStore['redis']
  /** Closes in the reverse order of opening. Close the apps that use the runtime first. */
  close: () => Promise<void>
}

export interface RuntimeOptions {
  log: Log
  /** Where the embedded database lives, in a data directory that this process holds. Not for MongoDB and Redis. */
  databasePath?: string
}

/** What the opener of a mode gets and gives. */
export type OpenMode = (
  config: Config, options: RuntimeOptions & { metrics: Metrics }, closers: Closers
) => Promise<Omit<Runtime, 'close' | 'metrics'>>
