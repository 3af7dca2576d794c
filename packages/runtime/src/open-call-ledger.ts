import { existsSync } from 'node:fs'
import type { Config } from '@insights/config'
import type { PlatformSettings } from '@insights/platforms'
import { AppError, type SharedState } from '@insights/shared'
import { createClosers, type Closers } from './closers.js'
import { databasePathIn, openDataDirectory } from './data-directory.js'
import { isGraphOneApp, limitsOf } from './platform-options.js'

export interface CallLedger {
  /** With these `openPlatforms` counts its calls among those of the service. */
  settings: Pick<PlatformSettings, 'shared' | 'limits' | 'graphIsOneApp'>
  close: () => Promise<void>
}

export interface CallLedgerOptions {
  /** Called when another process has taken the data directory over, which nothing may be written to any more. */
  onLost: () => void
}

/**
 * Opens what the workers share about the platforms, for a program that makes calls beside them: no jobs, no insights.
 * The embedded database is this process's alone until `close`, and is not made where there is none.
 *
 * @throws AppError `INS_QUEUE_UNAVAILABLE` while Redis does not answer, `INS_DATA_LOCKED` while the service runs on the
 *   embedded database, `INS_STORE_UNAVAILABLE` where there is none yet, and those of a data directory that can not be
 *   used; whatever was opened by then is closed again.
 */
export async function openCallLedger (config: Config, options: CallLedgerOptions): Promise<CallLedger> {
  const closers = createClosers()
  try {
    const shared = await openShared(config, options, closers)
    return { settings: { shared, limits: limitsOf(config), graphIsOneApp: isGraphOneApp(config) }, close: closers.close }
  } catch (error) {
    await closers.close()
    throw error
  }
}

async function openShared ({ queue, dataDir }: Config, { onLost }: CallLedgerOptions, closers: Closers): Promise<SharedState> {
  return queue.kind === 'redis' ? await openOnRedis(queue.url, closers) : await openEmbedded(dataDir, onLost, closers)
}

async function openOnRedis (url: string, closers: Closers): Promise<SharedState> {
  const { openRedisState } = await import('@insights/queue/redis-state')
  const { shared, close } = await openRedisState(url)
  closers.add(close)
  try {
    await shared.read('youtube')
  } catch (cause) {
    throw new AppError('INS_QUEUE_UNAVAILABLE', 'Redis does not answer.', { cause })
  }
  return shared
}

async function openEmbedded (dataDir: string, onLost: () => void, closers: Closers): Promise<SharedState> {
  if (!existsSync(databasePathIn(dataDir))) {
    throw new AppError('INS_STORE_UNAVAILABLE', `There is no database in ${dataDir} yet.`)
  }
  const directory = await openDataDirectory(dataDir, onLost)
  closers.add(directory.release)
  const { openEmbeddedDatabase } = await import('./embedded-db.js')
  const { createPgliteSharedState, migratePglite } = await import('@insights/storage/pglite')
  const { db, close } = await openEmbeddedDatabase(directory.databasePath)
  closers.add(close)
  await migratePglite(db)
  return createPgliteSharedState(db)
}
