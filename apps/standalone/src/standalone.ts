import type { AddressInfo } from 'node:net'
import { buildApp } from '@insights/api'
import type { Config } from '@insights/config'
import { ensureToken, openRuntime, type PlatformMode, type RuntimeOptions } from '@insights/runtime'
import { AppError, systemClock, type Platform } from '@insights/shared'
import { buildRefreshPolicy, startWorker } from '@insights/worker'
import type { FastifyBaseLogger } from 'fastify'

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
export async function startStandalone (
  config: Config, options: RuntimeOptions & { log: FastifyBaseLogger }
): Promise<Standalone> {
  const runtime = await openRuntime(config, options)
  const closers = [runtime.close]
  let isReady = true
  const close = async (): Promise<void> => {
    isReady = false
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const firstToken = await ensureToken(runtime.tokens, config.bootstrapToken)
    const { log } = options
    const policy = buildRefreshPolicy(intervalsOf(config))
    const worker = await startWorker({ ...runtime, policy, log }, config.refresh)
    closers.push(worker.close)
    const { store, tokens, queues } = runtime
    const enqueueRefresh = async (id: number): Promise<void> => { await queues.enqueueRefresh(id) }
    const app = await buildApp({ store, tokens, enqueueRefresh, log, clock: systemClock, isReady: () => isReady }, config.http)
    closers.push(async () => { await app.close() })
    const url = await listen(app, config.http)
    return { url, firstToken, platformModes: runtime.platformModes, close }
  } catch (error) {
    await close()
    throw error
  }
}

function intervalsOf ({ platforms }: Config): Record<Platform, number> {
  const { youtube, soundcloud, x, facebook, instagram } = platforms
  return {
    youtube: youtube.intervalMs,
    soundcloud: soundcloud.intervalMs,
    x: x.intervalMs,
    facebook: facebook.intervalMs,
    instagram: instagram.intervalMs
  }
}

async function listen (app: Awaited<ReturnType<typeof buildApp>>, { host, port }: Config['http']): Promise<string> {
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
