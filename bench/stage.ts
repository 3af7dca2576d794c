import { loadConfig, type Config } from '@insights/config'
import { openPlatforms, type PlatformOptions, type Platforms } from '@insights/platforms'
import { openQueues, type JobQueues } from '@insights/queue'
import { openDataDirectory } from '@insights/runtime/data-directory'
import { openEmbeddedDatabase, type EmbeddedDatabase } from '@insights/runtime/embedded-db'
import { openSandbox, type Sandbox } from '@insights/sandbox'
import { PLATFORMS, type Log, type Milliseconds, type Platform } from '@insights/shared'
import type { HistoryStore, InsightStore } from '@insights/storage'
import { createPgliteHistoryStore, createPgliteInsightStore, createPgliteSharedState, migratePglite } from '@insights/storage/pglite'
import { buildRefreshPolicy, type RefreshPolicy } from '@insights/worker'
import type { Workbench } from './workbench.js'

/** The parts of the default mode in this process, where the sandbox's call log and the database can be reached. */
export interface Stage {
  db: EmbeddedDatabase['db']
  store: InsightStore
  history: HistoryStore
  background: { store: InsightStore, history: HistoryStore }
  queues: JobQueues
  sandbox: Sandbox
  platforms: Platforms
  policy: RefreshPolicy
  /** As the service works when nothing is configured. */
  settings: Config['refresh']
  log: Log
}

/** What is worth a warning would spoil a measurement, so it is shown. */
const log: Log = {
  debug: () => {},
  info: () => {},
  warn: (details, message) => { console.error('warning:', message, details) },
  error: (details, message) => { console.error('error:', message, details) }
}

/** Opens the parts on a data directory of their own, with an empty database, and closes them after `use`. */
export async function withStage<T> (workbench: Workbench, use: (stage: Stage) => Promise<T>): Promise<T> {
  const closers: Array<() => Promise<void>> = []
  try {
    return await use(await openStage(workbench, closers))
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

async function openStage (workbench: Workbench, closers: Array<() => Promise<void>>): Promise<Stage> {
  const config = loadConfig({})
  const directory = await openDataDirectory(await workbench.newDataDirectory(), () => { process.exit(1) })
  closers.push(directory.release)
  const { db, background, close } = await openEmbeddedDatabase(directory.databasePath)
  closers.push(close)
  await migratePglite(db)
  const queues = await openQueues({ backend: { kind: 'embedded', db }, log })
  closers.push(queues.close.bind(queues))
  const sandbox = await openSandbox()
  closers.push(sandbox.close)
  const platforms = openPlatforms(toPlatformOptions(sandbox), {
    deadlineMs: config.refresh.platformTimeoutMs, shared: createPgliteSharedState(db), isOnlyProcess: true
  })
  closers.push(platforms.close)
  const policy = buildRefreshPolicy(intervalsOf(config))
  return { db, ...storesOn(db), background: storesOn(background), queues, sandbox, platforms, policy, settings: config.refresh, log }
}

function storesOn (db: EmbeddedDatabase['background']): Stage['background'] {
  return { store: createPgliteInsightStore(db), history: createPgliteHistoryStore(db) }
}

function toPlatformOptions ({ baseUrls, credentials }: Sandbox): PlatformOptions {
  return {
    youtube: { baseUrl: baseUrls.youtube, ...credentials.youtube },
    soundcloud: { baseUrl: baseUrls.soundcloud, tokenUrl: baseUrls.soundcloudToken, ...credentials.soundcloud },
    x: { baseUrl: baseUrls.x, ...credentials.x },
    facebook: { baseUrl: baseUrls.facebook, ...credentials.facebook },
    instagram: { baseUrl: baseUrls.instagram, ...credentials.instagram }
  }
}

function intervalsOf ({ platforms }: Config): Record<Platform, Milliseconds> {
  const entries = PLATFORMS.map(platform => [platform, platforms[platform].intervalMs])
  return Object.fromEntries(entries) as Record<Platform, Milliseconds>
}
