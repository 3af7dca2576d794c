import { openPlatforms } from '@insights/platforms'
import { openQueues } from '@insights/queue'
import type { Sandbox } from '@insights/sandbox'
import { PLATFORMS, type Platform } from '@insights/shared'
import {
  createPgliteHistoryStore, createPgliteInsightStore, createPgliteSharedState, createPgliteTokenStore, migratePglite,
  settlePlatformModes, vacuumPglite
} from '@insights/storage/pglite'
import type { Closers } from './closers.js'
import { openEmbeddedDatabase } from './embedded-db.js'
import { credentialsGiven, isGraphOneApp, limitsOf, liveOptions, retentionsOf, sandboxOptions } from './platform-options.js'
import type { OpenMode } from './runtime.js'

/** One embedded database for store and queue; the sandbox for platforms that never had credentials in it. */
export const openEmbedded: OpenMode = async (config, { log, metrics, databasePath = '' }, closers) => {
  const { db, background, close } = await openEmbeddedDatabase(databasePath)
  closers.add(close)
  await migratePglite(db)
  // Before anybody waits for the database. A full disk is no reason not to start: reads go on.
  await vacuumPglite(db).catch((err: unknown) => { log.warn({ err }, 'the database could not be vacuumed, and grows until it can') })
  const queues = await openQueues({ backend: { kind: 'embedded', db }, log })
  closers.add(async () => { await queues.close() })

  const platformModes = await settlePlatformModes(db, credentialsGiven(config))
  const sandboxed = PLATFORMS.filter(platform => platformModes[platform] === 'sandbox')
  const standIns = sandboxed.length > 0 ? only(sandboxed, sandboxOptions(await startSandbox(closers))) : {}
  const platforms = openPlatforms({ ...standIns, ...liveOptions(config) }, {
    deadlineMs: config.refresh.platformTimeoutMs,
    onCall: metrics.observePlatformCall,
    shared: createPgliteSharedState(db),
    isOnlyProcess: true,
    limits: limitsOf(config),
    standIns: sandboxed,
    graphIsOneApp: isGraphOneApp(config)
  })
  closers.add(platforms.close)
  return {
    store: createPgliteInsightStore(db),
    history: createPgliteHistoryStore(db, retentionsOf(config)),
    background: {
      store: createPgliteInsightStore(background),
      history: createPgliteHistoryStore(background, retentionsOf(config))
    },
    tokens: createPgliteTokenStore(db),
    queues,
    platforms: platforms.loaders,
    platformModes,
    readPlatformStatus: platforms.readStatus
  }
}

function only<T extends Record<Platform, unknown>> (platforms: readonly Platform[], options: T): Partial<T> {
  return Object.fromEntries(platforms.map(platform => [platform, options[platform]])) as Partial<T>
}

async function startSandbox (closers: Closers): Promise<Sandbox> {
  const { openSandbox } = await import('@insights/sandbox')
  const sandbox = await openSandbox()
  closers.add(sandbox.close)
  return sandbox
}
