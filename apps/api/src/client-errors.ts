import type { Socket } from 'node:net'
import type { ConnectionError, FastifyBaseLogger } from 'fastify'
import { AppError } from '@insights/shared'
import { answerHeaders } from './answer-headers.js'
import { requestIdOf } from './request-id.js'
import { problemHeaders, toProblem, type Problem } from './problem.js'

/**
 * Answers what Node could not read as a request. There is no request and no reply then, only the socket; it is closed
 * afterwards, because nobody knows where the next request would begin.
 */
export function buildClientErrorHandler (log: FastifyBaseLogger): (error: Pick<ConnectionError, 'code'>, socket: Socket) => void {
  return ({ code }, socket) => {
    if (code !== 'ECONNRESET' && socket.writable) {
      const error = toAppError(code)
      const problem = toProblem(error, requestIdOf({ headers: {} }))
      log.info({ request_id: problem.request_id, status: problem.status, code: problem.code, cause: code }, 'answered what is no request')
      socket.write(rawAnswer(error, problem))
    }
    socket.destroySoon()
  }
}

function toAppError (code: string): AppError {
  if (code === 'HPE_HEADER_OVERFLOW') return new AppError('INS_REQUEST_HEADERS', 'Send fewer or shorter headers, or a shorter address.')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new AppError('INS_REQUEST_TIMEOUT', 'The request was not received in time.')
  return new AppError('INS_REQUEST_MALFORMED', 'This is not a valid HTTP request.')
}

function rawAnswer (error: AppError, problem: Problem): string {
  const body = JSON.stringify(problem)
  const headers = {
    ...answerHeaders(problem.request_id),
    ...problemHeaders(error),
    'content-length': Buffer.byteLength(body),
    connection: 'close'
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${problem.status} ${problem.title}`, ...lines, '', body].join('\r\n')
}
