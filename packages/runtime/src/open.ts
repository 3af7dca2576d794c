import type { Config } from '@insights/config'
import { createMetrics } from '@insights/metrics'
import { AppError } from '@insights/shared'
import { createClosers } from './closers.js'
import type { OpenMode, Runtime, RuntimeOptions } from './runtime.js'

/**
 * Opens store, queues and platforms as configured. This is the one place that picks adapters; each is loaded only
 * when it is picked. MongoDB and Redis may be away: what needs them then fails fast until they are there.
 *
 * @throws AppError `INS_STORE_UNAVAILABLE` for an embedded database that can not be opened, `INS_CONFIG_INVALID`;
 * whatever was opened by then is closed again.
 */
export async function openRuntime (config: Config, options: RuntimeOptions): Promise<Runtime> {
  const closers = createClosers()
  try {
    const open = await pickMode(config, options)
    const metrics = createMetrics()
    return { ...await open(config, { ...options, metrics }, closers), metrics, close: closers.close }
  } catch (error) {
    await closers.close()
    throw error
  }
}

async function pickMode (config: Config, { databasePath }: RuntimeOptions): Promise<OpenMode> {
  const isEmbedded = config.storage.kind === 'embedded'
  if (isEmbedded !== (databasePath !== undefined)) {
    throw new AppError('INS_CONFIG_INVALID', isEmbedded
      ? 'STORAGE and QUEUE: this process needs mongo and redis, because one process alone can open the embedded database: set both, or use npm start.'
      : 'STORAGE and QUEUE: npm start runs on the embedded database: leave both unset, or start the API and the workers as processes of their own.')
  }
  return isEmbedded ? (await import('./open-embedded.js')).openEmbedded : (await import('./open-services.js')).openServices
}
