import { LogController, type FastifyBaseLogger, type FastifyReply, type FastifyRequest } from 'fastify'

const NUMBER = /^\d{1,16}$/

/**
 * One line per request, when it is answered. Headers are never logged, because tokens come in them, and neither are
 * queries, because people paste them there.
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

/**
 * The path as far as it is ours. What clients put into it is shown only where it is a number, as ids are: people paste
 * tokens and handles where an id belongs, and a path that we do not have may be anything.
 */
function pathOf ({ is404, params, routeOptions }: Partial<Pick<FastifyRequest, 'is404' | 'params' | 'routeOptions'>>): string {
  if (is404 === true || routeOptions?.url === undefined) return 'unknown'
  return routeOptions.url.replace(/:(\w+)/g, (placeholder, name: string) => {
    const given = String((params as Record<string, unknown> | null)?.[name])
    return NUMBER.test(given) ? given : placeholder
  })
}
