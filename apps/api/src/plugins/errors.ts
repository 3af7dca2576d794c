import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import plugin from 'fastify-plugin'
import type { ErrorCode } from '@insights/shared'
import { answerHeaders } from '../answer-headers.js'
import { ACCEPT_PATCH } from '../bodies/media-type.js'
import { problemHeaders, toProblem } from '../problem.js'
import { toAppError } from '../to-app-error.js'

declare module 'fastify' {
  interface FastifyReply {
    /** The code of the error that was answered; `null` = none. For the log. */
    errorCode: ErrorCode | null
  }
}

export interface ErrorOptions {
  bodyLimitBytes: number
}

/** What ends a request whose rest may still come in. */
const BROKEN_OFF: ReadonlySet<ErrorCode> = new Set(['INS_REQUEST_MALFORMED', 'INS_REQUEST_TIMEOUT'])

/** What a route says of an answer: where that does not come about, it must not be said of the problem. */
const OF_ANSWERS = ['content-disposition', 'etag', 'last-modified', 'location']

/** Turns every error into one problem answer, and logs those that are our fault. */
export const errors = plugin(async (app: FastifyInstance, { bodyLimitBytes }: ErrorOptions) => {
  app.decorateReply('errorCode', null)
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, bodyLimitBytes))
}, { name: 'errors' })

/** Answers an error. Used as it is for those that come up before any hook or handler runs. */
export function sendError (error: unknown, request: FastifyRequest, reply: FastifyReply, bodyLimitBytes: number): FastifyReply {
  const isReceived = request.raw.complete !== false
  const appError = toAppError(error, { bodyLimitBytes, isReceived })
  const problem = toProblem(appError, request.id)
  reply.errorCode = problem.code as ErrorCode
  for (const name of OF_ANSWERS) reply.removeHeader(name)
  if (problem.status >= 500) request.log.error({ err: error, code: problem.code }, 'a request failed')
  // The rest of a request that came too slowly must not be taken for the next one, nor waited for.
  if (!isReceived && BROKEN_OFF.has(appError.code)) reply.header('connection', 'close')
  if (problem.status === 415 && request.method === 'PATCH') reply.header('accept-patch', ACCEPT_PATCH)
  return reply
    .code(problem.status)
    .headers({ ...answerHeaders(request.id), ...problemHeaders(appError, request.routeOptions.config?.allowBasic) })
    .send(JSON.stringify(problem))
}
