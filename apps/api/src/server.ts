import { setTimeout as delay } from 'node:timers/promises'
import type { AddressInfo } from 'node:net'
import type { Config } from '@insights/config'
import type { Runtime } from '@insights/runtime'
import { AppError, systemClock } from '@insights/shared'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { buildApp } from './app.js'
import type { ApiDeps } from './deps.js'

/** What serving needs of the opened runtime. */
export type ServerDeps = Pick<Runtime, 'store' | 'history' | 'tokens' | 'queues' | 'metrics' | 'limitRedis' | 'platformModes' | 'readPlatformStatus'> & { log: FastifyBaseLogger }

export interface ApiServer {
  /** Where it listens, e.g. `http://127.0.0.1:3000`, without a slash at the end. */
  url: string
  /** `/readyz` answers 503 at once; after the drain time no connection is taken any more, and what is open is answered. */
  close: () => Promise<void>
}

/**
 * Builds the API and listens as configured.
 *
 * @throws AppError `INS_ADDRESS_UNUSABLE`
 */
export async function startServer (deps: ServerDeps, config: Config): Promise<ApiServer> {
  let isReady = true
  const app = await buildApp(toApiDeps(deps, () => isReady), { ...config.http, dashboard: config.dashboard })
  try {
    const url = await listen(app, config.http)
    return {
      url,
      close: async () => {
        isReady = false
        await delay(config.http.drainMs)
        await app.close()
      }
    }
  } catch (error) {
    await app.close()
    throw error
  }
}

function toApiDeps ({ queues, metrics, limitRedis, platformModes, readPlatformStatus, ...deps }: ServerDeps, isReady: () => boolean): ApiDeps {
  return {
    store: deps.store,
    tokens: deps.tokens,
    history: deps.history,
    log: deps.log,
    clock: systemClock,
    isReady,
    enqueueRefresh: async (id, options) => { await queues.enqueueRefresh(id, options) },
    dropRefresh: queues.dropRefresh.bind(queues),
    queues: queues.queues,
    platforms: { modes: platformModes, readStatus: readPlatformStatus },
    monitoring: { metrics, countJobs: async () => await queues.countJobs() },
    ...(limitRedis !== undefined && { rateLimitRedis: limitRedis })
  }
}

async function listen (app: FastifyInstance, { host, port }: Config['http']): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown reason'
    throw new AppError('INS_ADDRESS_UNUSABLE',
      `Can not listen on ${host}, port ${port} (${reason}): stop what uses it, or set HOST or PORT.`, { cause })
  }
  const { port: taken } = app.server.address() as AddressInfo
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${taken}`
}
