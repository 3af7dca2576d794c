import type { TSchema } from '@sinclair/typebox'
import { AppError, type ErrorCode, type Fault } from '@insights/shared'
import { toProblem, type Problem } from '../problem.js'
import type { AnswerHeader, RequestHeader } from './headers.js'

/** The groups in which the document shows the calls, in this order. */
export const TAGS = {
  insights: 'What the host application tells of an artist, and what the service found out',
  refreshes: 'Fresh counts, and the state of every source',
  scores: 'The score, explained',
  history: 'Counts over time',
  tokens: 'Access tokens; for the scope admin',
  operations: 'For those who run the service'
} as const
export type Tag = keyof typeof TAGS

/**
 * A request with its answer, as it is shown. A test sends each to a running service, so it has to be whole: what
 * differs from run to run (times, random ids) may hold any value of its kind.
 */
export interface Example {
  /** One line. */
  summary: string
  params?: Record<string, string | number>
  query?: Record<string, string | number>
  headers?: Partial<Record<RequestHeader, string>>
  /** JSON, or text where the route takes something else. */
  body?: unknown
  status: number
  /** Left out where the answer has no body or none that could be shown. */
  answer?: unknown
  /** The media type of the answer, where the route has several and it is not the first. */
  answerType?: string
}

/** A route as the OpenAPI document shows it, and as Fastify checks it. */
export interface RouteDescription {
  /** In camel case; the name of the call in generated clients. */
  operationId: string
  /** What the call does, in one line without a full stop. */
  summary: string
  /** What one has to know beyond it; Markdown. */
  description?: string
  tags: readonly [Tag]
  params?: TSchema
  querystring?: TSchema
  body?: TSchema
  /** What clients may send, where the route checks something else; else `body`. */
  documentedBody?: TSchema
  /** The media types of the body; JSON and both kinds of forms unless something else is said. */
  consumes?: readonly string[]
  /** Whether the body can be left out. */
  isBodyOptional?: boolean
  /** The headers beside the usual ones that the route reads. */
  requestHeaders?: readonly RequestHeader[]
  /** The same as a schema, where they are checked by it. */
  headers?: TSchema
  /** Whether requests do not count towards the limit of their token; answers then say nothing of it. */
  isUncounted?: boolean
  /** Headers of problems that only this route sends, by status. */
  problemHeaders?: Readonly<Record<number, readonly AnswerHeader[]>>
  response: Record<number, TSchema>
  /** By a name in kebab case. At least one for each call that answers with JSON. */
  examples: Record<string, Example>
}

/** The schema of a route with everything that the OpenAPI document has to know of it. */
export function describe<const D extends RouteDescription> (description: D): D {
  return description
}

/** What is answered with an error, for an example. */
export function problemExample (code: ErrorCode, detail: string, faults: readonly Fault[] = []): Problem {
  return toProblem(new AppError(code, detail, { faults }), '4c6f6e13-fea2-455c-a37d-567f358a6265')
}
