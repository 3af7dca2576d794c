import { readRetryAfter } from './retry-after.js'
import type { components, operations } from './schema.js'

/** An error as the service answers it (RFC 9457). */
export type Problem = components['schemas']['Problem']

/** One fault of a request: where it is, as a JSON pointer, what kind it is, and what is wrong, without the value. */
export type Fault = NonNullable<Problem['errors']>[number]

type CodesOf<Answers> = { [Status in keyof Answers]: Answers[Status] extends { content: { 'application/problem+json': { code: infer Code } } } ? Code : never }[keyof Answers]

/** The codes that the document names; docs/errors.md says what each means. A newer service may have others. */
export type ErrorCode = { [Id in keyof operations]: CodesOf<operations[Id]['responses']> }[keyof operations]

export interface InsightsErrorFacts {
  status: number | null
  problem?: Problem | null
  requestId?: string | null
  retryAfterMs?: number | null
  tries: number
  cause?: unknown
}

/** A call that failed: the service refused it, or gave no answer. */
export class InsightsError extends Error {
  override readonly name = 'InsightsError'
  /** The HTTP status; `null`: there was no answer, `cause` says why. */
  readonly status: number | null
  /** What to branch on; `null` where the answer, if any, is not one of the service's own: a proxy's, for example. */
  readonly code: ErrorCode | (string & {}) | null
  /** Names the request in the log of the service; `null` when it is not known. */
  readonly requestId: string | null
  /** Every fault of a request that is not valid; empty for other errors. */
  readonly errors: readonly Fault[]
  /** The whole answer as the service worded it. */
  readonly problem: Problem | null
  /** In how many milliseconds the service wants to be asked again; `null` where it does not say. */
  readonly retryAfterMs: number | null
  /**
   * How often it was sent. After more than one try a 404, 409 or 412 can be the work of an earlier one whose answer was
   * lost.
   */
  readonly tries: number

  constructor (message: string, { status, problem = null, requestId = null, retryAfterMs = null, tries, cause }: InsightsErrorFacts) {
    super(message, cause === undefined ? {} : { cause })
    this.status = status
    this.problem = problem
    this.code = problem?.code ?? null
    this.requestId = problem?.request_id ?? requestId
    this.errors = problem?.errors ?? []
    this.retryAfterMs = retryAfterMs
    this.tries = tries
  }
}

/** The error that an answer means. `body` is what it held: a problem, or whatever stands between here and the service. */
export function toInsightsError (call: string, response: Response, body: unknown, tries: number): InsightsError {
  const { status, headers } = response
  const problem = isProblem(body) ? body : null
  const faults = problem?.errors?.map(({ pointer, detail }) => `${pointer === '' ? 'The body' : pointer} ${detail}.`) ?? []
  const said = problem === null ? 'the answer is not one of Insights' : [`${problem.code}:`, problem.detail, ...faults].join(' ')
  return new InsightsError(`${call}: ${status} ${said}`, {
    status, problem, requestId: headers.get('x-request-id'), retryAfterMs: readRetryAfter(headers.get('retry-after'), Date.now()), tries
  })
}

function isProblem (body: unknown): body is Problem {
  const { code, detail } = Object(body) as Partial<Problem>
  return typeof code === 'string' && typeof detail === 'string'
}
