import { openPlatforms } from '@insights/platforms'
import { openQueues } from '@insights/queue'
import type { Sandbox } from '@insights/sandbox'
import { PLATFORMS } from '@insights/shared'
import { createPgliteInsightStore, createPgliteTokenStore, migratePglite } from '@insights/storage/pglite'
import type { Closers } from './closers.js'
import { openEmbeddedDatabase } from './embedded-db.js'
import { liveOptions, sandboxOptions, toPlatformModes } from './platform-options.js'
import type { OpenMode } from './runtime.js'

/** One embedded database for store and queue; the sandbox for platforms without credentials. */
export const openEmbedded: OpenMode = async (config, { log, metrics, databasePath = '' }, closers) => {
  const { db, close } = await openEmbeddedDatabase(databasePath)
  closers.add(close)
  await migratePglite(db)
  const queues = await openQueues({ backend: { kind: 'embedded', db }, log })
  closers.add(async () => { await queues.close() })

  const platformModes = toPlatformModes(config, true)
  const needsSandbox = PLATFORMS.some(platform => platformModes[platform] === 'sandbox')
  const standIns = needsSandbox ? sandboxOptions(await startSandbox(closers)) : {}
  const platforms = openPlatforms({ ...standIns, ...liveOptions(config) }, {
    deadlineMs: config.refresh.platformTimeoutMs, onCall: metrics.observePlatformCall
  })
  closers.add(platforms.close)
  return {
    store: createPgliteInsightStore(db), tokens: createPgliteTokenStore(db), queues, platforms: platforms.loaders, platformModes
  }
}

async function startSandbox (closers: Closers): Promise<Sandbox> {
  const { openSandbox } = await import('@insights/sandbox')
  const sandbox = await openSandbox()
  closers.add(sandbox.close)
  return sandbox
}
