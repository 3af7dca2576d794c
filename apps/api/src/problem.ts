import { Type, type Static } from '@sinclair/typebox'
import { ERRORS, type AppError, type ErrorCode } from '@insights/shared'

/** The media type of every error answer (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json'

/** Long enough for a restart to get on, short enough for a client to wait. */
const RETRY_AFTER_SECONDS = 2

const FaultSchema = Type.Object({
  pointer: Type.String({ description: 'JSON pointer into the body, or /name of a path parameter or header' }),
  code: Type.String(),
  detail: Type.String()
})

export const ProblemSchema = Type.Object({
  type: Type.String({ description: 'urn:insights:error: and the code' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String(),
  request_id: Type.String(),
  errors: Type.Optional(Type.Array(FaultSchema, { description: 'Every fault of the request, at most 100' }))
})
export type Problem = Static<typeof ProblemSchema>

/**
 * The error as clients see it. Of an error on our side only the kind is shown: its message may name what is behind
 * the service. An error that belongs to no request counts as `INS_INTERNAL`.
 */
export function toProblem (error: AppError, requestId: string): Problem {
  const code: ErrorCode = ERRORS[error.code].status === null ? 'INS_INTERNAL' : error.code
  const { title, status, retryable } = ERRORS[code]
  return {
    type: `urn:insights:error:${code}`,
    title,
    status: status ?? 500,
    detail: (status ?? 500) < 500 ? error.message : detailOfOurs(retryable),
    code,
    request_id: requestId,
    ...(error.faults.length > 0 && { errors: [...error.faults] })
  }
}

const TOKEN_CHALLENGE = 'Token realm="insights", Bearer realm="insights"'
const BASIC_CHALLENGE = 'Basic realm="insights"'

/**
 * The headers that belong to the error: when to come back, how to authenticate, which methods there are. Where
 * `allowBasic` says so, a browser is asked to let its user sign in.
 */
export function problemHeaders (error: AppError, allowBasic = false): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': PROBLEM_TYPE }
  const { statusCode } = error
  if (statusCode === 503 || statusCode === 429 || error.code === 'INS_IDEMPOTENCY_RUNNING') {
    headers['retry-after'] = String(error.retryAfterSeconds ?? RETRY_AFTER_SECONDS)
  }
  if (statusCode === 401) headers['www-authenticate'] = allowBasic ? BASIC_CHALLENGE : TOKEN_CHALLENGE
  if (error.allow !== undefined) headers['allow'] = error.allow.join(', ')
  return headers
}

function detailOfOurs (isRetryable: boolean): string {
  return isRetryable ? 'Repeat the request later.' : 'The log of the service has the cause under this request_id.'
}
