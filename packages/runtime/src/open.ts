import type { Config } from '@insights/config'
import { openPlatforms, type CountLoaders } from '@insights/platforms'
import { openQueues, type JobQueues } from '@insights/queue'
import type { Sandbox } from '@insights/sandbox'
import { AppError, PLATFORMS, type Log, type Platform } from '@insights/shared'
import type { InsightStore, TokenStore } from '@insights/storage'
import { liveOptions, sandboxOptions, toPlatformModes, type PlatformMode } from './platform-options.js'

/** Everything that an app needs, opened. */
export interface Runtime {
  store: InsightStore
  tokens: TokenStore
  queues: JobQueues
  platforms: CountLoaders
  platformModes: Record<Platform, PlatformMode>
  /** Closes in the reverse order of opening. Close the apps that use the runtime first. */
  close: () => Promise<void>
}

export interface RuntimeOptions {
  log: Log
  /** Where the embedded database lives, in a data directory that this process holds. */
  databasePath: string
}

/**
 * Opens store, queues and platforms as configured. This is the one place that picks adapters; each is loaded only
 * when it is picked.
 *
 * @throws AppError `INS_STORE_UNAVAILABLE`, `INS_CONFIG_INVALID`; whatever was opened by then is closed again.
 */
export async function openRuntime (config: Config, options: RuntimeOptions): Promise<Runtime> {
  const closers: Array<() => Promise<void>> = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const opened = await openEmbedded(config, options, closers)
    return { ...opened, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function openEmbedded (
  config: Config, { log, databasePath }: RuntimeOptions, closers: Array<() => Promise<void>>
): Promise<Omit<Runtime, 'close'>> {
  if (config.storage.kind !== 'embedded') {
    throw new AppError('INS_CONFIG_INVALID', 'STORAGE and QUEUE: this version runs on the embedded database only; leave both unset.')
  }
  const { openEmbeddedDatabase } = await import('./embedded-db.js')
  const { createPgliteInsightStore, createPgliteTokenStore, migratePglite } = await import('@insights/storage/pglite')
  const database = await openEmbeddedDatabase(databasePath)
  closers.push(database.close)
  await migratePglite(database.db)
  const queues = await openQueues({ backend: { kind: 'embedded', db: database.db }, log })
  closers.push(async () => { await queues.close() })
  const store = createPgliteInsightStore(database.db)
  const tokens = createPgliteTokenStore(database.db)
  return { store, tokens, queues, ...await openConfiguredPlatforms(config, closers) }
}

async function openConfiguredPlatforms (
  config: Config, closers: Array<() => Promise<void>>
): Promise<Pick<Runtime, 'platforms' | 'platformModes'>> {
  const platformModes = toPlatformModes(config, true)
  const sandbox = PLATFORMS.some(platform => platformModes[platform] === 'sandbox') ? await startSandbox(closers) : null
  const platforms = openPlatforms(
    { ...(sandbox !== null && sandboxOptions(sandbox)), ...liveOptions(config) },
    { deadlineMs: config.refresh.platformTimeoutMs }
  )
  closers.push(platforms.close)
  return { platforms: platforms.loaders, platformModes }
}

async function startSandbox (closers: Array<() => Promise<void>>): Promise<Sandbox> {
  const { openSandbox } = await import('@insights/sandbox')
  const sandbox = await openSandbox()
  closers.push(sandbox.close)
  return sandbox
}
