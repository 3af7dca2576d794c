import type { Socket } from 'node:net'
import type { ConnectionError, FastifyInstance } from 'fastify'
import plugin from 'fastify-plugin'
import type { Milliseconds } from '@insights/shared'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the body may take as long as it goes on: the route itself then gives up one that stands still. */
    isLongBody?: boolean
  }
}

export interface ReceiveTimeoutOptions {
  /** The longest time for receiving the body of a request. */
  timeoutMs: Milliseconds
  /** What answers where there may be no reply any more, and ends the connection. */
  giveUp: (error: Pick<ConnectionError, 'code'>, socket: Socket) => void
}

/**
 * Gives up requests whose bodies do not arrive in time. Node could do that for all connections alike only, also for
 * those on which a long upload makes progress.
 */
export const receiveTimeout = plugin(async (app: FastifyInstance, { timeoutMs, giveUp }: ReceiveTimeoutOptions) => {
  app.addHook('onRequest', async ({ raw, headers, routeOptions }) => {
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
    if (!hasBody || routeOptions.config?.isLongBody === true) return
    const timer = setTimeout(() => {
      if (!raw.complete) giveUp({ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, raw.socket)
    }, timeoutMs).unref()
    const stop = (): void => { clearTimeout(timer) }
    raw.once('end', stop).once('close', stop)
  })
}, { name: 'receive-timeout' })
