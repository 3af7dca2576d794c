import type { Config } from '@insights/config'
import type { Log } from '@insights/shared'
import type { TokenStore } from '@insights/storage'
import { createClosers } from './closers.js'
import { openDataDirectory } from './data-directory.js'

export interface OpenedTokens {
  tokens: TokenStore
  close: () => Promise<void>
}

export interface TokenStoreOptions {
  log: Log
  /** Called when another process has taken the data directory over, which nothing may be written to any more. */
  onLost: () => void
}

/**
 * Opens the configured store for work on its tokens alone: no queue, no platforms. The embedded database is made if
 * it is not there yet, and is this process's alone until `close`; MongoDB may be in use by any number of others.
 *
 * @throws AppError `INS_DATA_LOCKED` while the service runs on the embedded database, `INS_DATA_FOREIGN`,
 *   `INS_DATA_UNWRITABLE`, `INS_STORE_UNAVAILABLE`, `INS_CONFIG_INVALID`; whatever was opened by then is closed again.
 */
export async function openTokenStore (config: Config, options: TokenStoreOptions): Promise<OpenedTokens> {
  const { storage } = config
  if (storage.kind === 'embedded') return await openEmbeddedTokens(config.dataDir, options.onLost)
  const { openMongo } = await import('@insights/storage/mongo')
  return await openMongo({ url: storage.url, log: options.log })
}

async function openEmbeddedTokens (dataDir: string, onLost: () => void): Promise<OpenedTokens> {
  const closers = createClosers()
  try {
    const directory = await openDataDirectory(dataDir, onLost)
    closers.add(directory.release)
    const { openEmbeddedDatabase } = await import('./embedded-db.js')
    const { createPgliteTokenStore, migratePglite } = await import('@insights/storage/pglite')
    const { db, close } = await openEmbeddedDatabase(directory.databasePath)
    closers.add(close)
    await migratePglite(db)
    return { tokens: createPgliteTokenStore(db), close: closers.close }
  } catch (error) {
    await closers.close()
    throw error
  }
}
