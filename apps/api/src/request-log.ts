import { LogController, type FastifyBaseLogger, type FastifyReply, type FastifyRequest } from 'fastify'

/**
 * One line per request, when it is answered. Headers are never logged, because tokens come in them, and neither are
 * queries: people paste tokens there.
 */
export class RequestLog extends LogController {
  constructor () {
    super({ requestIdLogLabel: 'request_id' })
  }

  override incomingRequest (): void {}

  override requestCompleted (error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const line = {
      method: request.method,
      path: pathOf(request),
      status: reply.statusCode,
      code: reply.errorCode ?? undefined,
      ms: Math.round(reply.elapsedTime)
    }
    if (error == null) reply.log.info(line, 'answered')
    else reply.log.info({ ...line, err: error }, 'the answer could not be sent')
  }
}

/** The logger for the app: as `log`, but a request that anything logs shows only its method and path. */
export function withoutSecrets (log: FastifyBaseLogger): FastifyBaseLogger {
  return log.child({}, {
    serializers: {
      req: (request: FastifyRequest) => ({ method: request.method, url: pathOf(request) })
    }
  })
}

function pathOf (request: Pick<FastifyRequest, 'url'>): string {
  return request.url.split('?', 1)[0] ?? ''
}
