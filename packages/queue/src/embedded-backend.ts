import type { PGlite } from '@electric-sql/pglite'
import {
  createPostgresBackend, runMigrations, type BackendFactory, type ConnectionOptions, type PgPool, type RedisQueueBackend
} from 'bullmq'
import type { QueueBackend } from './backend.js'
import { PglitePool } from './pglite-pool.js'

/**
 * BullMQ's PostgreSQL backend on an embedded database, which is borrowed. Brings BullMQ's tables up to date first; they
 * lie in the schema `bullmq`, which stays on the session's search path: BullMQ's statements name no schema.
 */
export async function openEmbeddedBackend (db: PGlite): Promise<QueueBackend> {
  const pool = new PglitePool(db)
  await migrate(pool)
  await pool.query('SET search_path TO bullmq, public')
  const connection = pool as unknown as ConnectionOptions
  return {
    forQueues: { connection, skipVersionCheck: true, skipWaitingForReady: true },
    factory: createPostgresBackend as unknown as BackendFactory<RedisQueueBackend>,
    openForWorker: () => ({ connection, beforeClose: async () => {}, afterClose: async () => {} }),
    isLogged: () => false,
    isEnd: () => false,
    ping: async () => { await pool.query('SELECT 1') },
    close: async () => { await pool.end() }
  }
}

async function migrate (pool: PgPool): Promise<void> {
  const client = await pool.connect()
  try {
    await runMigrations(client)
  } finally {
    client.release()
  }
}
