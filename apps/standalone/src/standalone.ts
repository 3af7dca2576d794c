import { startServer, type ServerDeps } from '@insights/api'
import type { Config } from '@insights/config'
import { createClosers, ensureToken, intervalsOf, openRuntime, retentionsOf, type PlatformMode } from '@insights/runtime'
import type { Platform } from '@insights/shared'
import { buildRefreshPolicy, startWorker } from '@insights/worker'

export interface StandaloneOptions {
  log: ServerDeps['log']
  /** Where the embedded database lives, in a data directory that this process holds. */
  databasePath: string
}

export interface Standalone {
  /** Where it listens, e.g. `http://127.0.0.1:3000`, without a slash at the end. */
  url: string
  /** The token that this first start has made; `null` when there were tokens already. */
  firstToken: string | null
  platformModes: Record<Platform, PlatformMode>
  /** Answers what is under way, finishes the active jobs, then closes everything. */
  close: () => Promise<void>
}

/**
 * Starts API and worker in this process.
 *
 * @throws AppError those of `openRuntime`, and `INS_ADDRESS_UNUSABLE`; everything is closed again by then.
 */
export async function startStandalone (config: Config, options: StandaloneOptions): Promise<Standalone> {
  const { log } = options
  const closers = createClosers()
  try {
    const runtime = await openRuntime(config, options)
    closers.add(runtime.close)
    const firstToken = await ensureToken(runtime.tokens, config.bootstrapToken, log)
    const worker = await startWorker({ ...runtime, policy: buildRefreshPolicy(intervalsOf(config), retentionsOf(config)), log }, config.refresh)
    closers.add(worker.close)
    const server = await startServer({ ...runtime, log }, config)
    closers.add(server.close)
    return { url: server.url, firstToken, platformModes: runtime.platformModes, close: closers.close }
  } catch (error) {
    await closers.close()
    throw error
  }
}
