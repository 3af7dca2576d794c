import type { Config } from '@insights/config'
import { closeOnSignals, openLog } from '@insights/runtime'
import type { OpenedDataDirectory } from '@insights/runtime/data-directory'
import { buildBanner } from './banner.js'
import { startStandalone } from './standalone.js'

/** Runs the service in a directory that is ours, until a signal ends it. A start that fails gives the directory back. */
export async function run (config: Config, directory: OpenedDataDirectory): Promise<void> {
  const { databasePath, release } = directory
  const log = openLog(config.logLevel)
  try {
    const standalone = await startStandalone(config, { log, databasePath })
    const close = async (): Promise<void> => {
      await standalone.close()
      await release()
    }
    closeOnSignals({ log, timeoutMs: config.http.drainMs + config.shutdownTimeoutMs, close })
    const { dataDir, bootstrapToken, dashboard } = config
    process.stdout.write(buildBanner({
      ...standalone, dataDir, hasBootstrapToken: bootstrapToken !== null, hasDashboard: dashboard.isEnabled
    }))
  } catch (error) {
    await release()
    throw error
  }
}
