import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionError, FastifyInstance } from 'fastify'
import plugin from 'fastify-plugin'
import type { Milliseconds } from '@insights/shared'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the body may take as long as it goes on and is read: the route itself then gives up one that stands still. */
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
  const limit = (raw: IncomingMessage, answer: ServerResponse): void => {
    if (isReceived(raw)) return
    const timer = setTimeout(() => {
      if (!isReceived(raw)) endReceiving(raw, answer, giveUp)
    }, timeoutMs).unref()
    const stop = (): void => { clearTimeout(timer) }
    raw.once('end', stop).once('close', stop)
  }
  app.addHook('onRequest', async ({ raw, headers, routeOptions }, { raw: answer }) => {
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
    if (!hasBody) return
    // Once a long body is answered its route does not look at it any more, and Node would read the rest without end.
    if (routeOptions.config?.isLongBody === true) answer.once('finish', () => { limit(raw, answer) })
    else limit(raw, answer)
  })
}, { name: 'receive-timeout' })

/** A request that was injected came over no connection, and does not know. */
function isReceived ({ complete }: Partial<IncomingMessage>): boolean {
  return complete !== false
}

/** Where an answer has begun there must be no second one: it would be taken for that of the next request. */
function endReceiving ({ socket }: IncomingMessage, answer: ServerResponse, giveUp: ReceiveTimeoutOptions['giveUp']): void {
  if (!answer.headersSent) giveUp({ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, socket)
  else if (answer.writableFinished) socket.destroySoon()
  else answer.once('finish', () => { socket.destroySoon() })
}
