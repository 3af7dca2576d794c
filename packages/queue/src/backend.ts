import type { Milliseconds } from '@insights/shared'
import type { BackendFactory, ConnectionOptions, RedisQueueBackend } from 'bullmq'

/** How BullMQ reaches a backend. */
export interface BackendConnection {
  connection: ConnectionOptions
  prefix?: string
}

/** A connection lent to one worker. */
export interface WorkerConnection extends BackendConnection {
  /** Called before the worker is closed: makes sure that the closing can not wait for a backend that is away. */
  beforeClose: () => Promise<void>
  afterClose: () => Promise<void>
}

/** What differs between the backends. BullMQ's types are those of Redis; the embedded backend casts to them in its file. */
export interface QueueBackend {
  forQueues: BackendConnection & { skipVersionCheck: boolean, skipWaitingForReady: boolean }
  factory: BackendFactory<RedisQueueBackend>
  openForWorker: () => WorkerConnection
  /** Whether the error, which BullMQ passes on, has been logged where it arose. */
  isLogged: (error: Error) => boolean
  /** Whether the error only says that a connection has ended, which is no trouble once a worker closes. */
  isEnd: (error: Error) => boolean
  ping: () => Promise<void>
  /** Closes what was opened here. What was borrowed stays open. */
  close: (limitMs: Milliseconds) => Promise<void>
}
