import { Type, type Static, type TInteger, type TSchema, type TString, type TUnsafe } from '@sinclair/typebox'
import { ERRORS, type ErrorCode } from '@insights/shared'
import type { AnswerHeader } from '../openapi/headers.js'
import { ProblemSchema } from '../problem.js'

/** An instant in UTC. */
export const TimestampSchema = Type.String({ format: 'date-time' })

/**
 * A value or null, written as a list of types. A union would say the same, but the serializer would have to validate
 * every value against every alternative.
 */
export function nullable<S extends TInteger | TString> (schema: S): TUnsafe<Static<S> | null> {
  return Type.Unsafe<Static<S> | null>({ ...schema, type: [schema.type, 'null'] })
}

/** One of a list of texts, as a plain enumeration for the same reason. */
export function oneOf<T extends string> (values: readonly T[]): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: [...values] })
}

/** The keywords under which schemas carry what only the OpenAPI document needs; it never shows them. */
export const COMPONENT = 'x-component'
export const ANSWER = 'x-answer'
export const CODES = 'x-codes'

/** Lets the OpenAPI document keep the schema once, under a name that is its own there, and refer to it. */
export function named<S extends TSchema> (name: string, schema: S): S {
  return { ...schema, [COMPONENT]: name }
}

/** What the OpenAPI document says of an answer beside its schema. */
export interface AnswerFacts {
  /** What the answer is, in a few words. */
  description: string
  /** The headers that only this answer has; those that all have are added. */
  headers?: readonly AnswerHeader[]
  /** The media types that it may come in; JSON unless something else is said. */
  mediaTypes?: readonly string[]
}

/** An answer that is no error: its schema, what it is, and the headers of its own. */
export function answer<S extends TSchema> (description: string, schema: S, facts: Omit<AnswerFacts, 'description'> = {}): S {
  return { ...schema, [ANSWER]: { description, ...facts } }
}

/** Statuses with which every request may end, and what then was wrong. */
const COMMON_CODES = {
  400: ['INS_REQUEST_INVALID', 'INS_REQUEST_MALFORMED'],
  401: ['INS_AUTH_MISSING', 'INS_AUTH_INVALID'],
  403: ['INS_AUTH_SCOPE'],
  408: ['INS_REQUEST_TIMEOUT'],
  429: ['INS_RATE_LIMITED'],
  431: ['INS_REQUEST_HEADERS'],
  500: ['INS_INTERNAL'],
  503: ['INS_STORE_UNAVAILABLE', 'INS_SERVICE_BUSY']
} as const satisfies Record<number, readonly ErrorCode[]>
type CommonStatus = keyof typeof COMMON_CODES

/** For `responses`: what a request with a body may end with besides. */
export const bodyCodes: readonly ErrorCode[] = ['INS_REQUEST_TOO_LARGE', 'INS_REQUEST_MEDIA_TYPE']

/** For `responses`: what a request under an `Idempotency-Key` may end with besides, by what it makes. */
export const insightKeyCodes: readonly ErrorCode[] = ['INS_IDEMPOTENCY_RUNNING', 'INS_IDEMPOTENCY_MISMATCH', 'INS_IDEMPOTENCY_ERASED']
export const tokenKeyCodes: readonly ErrorCode[] = ['INS_IDEMPOTENCY_RUNNING', 'INS_IDEMPOTENCY_MISMATCH', 'INS_IDEMPOTENCY_TOKEN']

/**
 * The response schemas of a route behind a token: its answers, made by `answer`, and a problem under each status that
 * it can end with. The common ones are added; `codes` names those that the route adds.
 */
export function responses<A extends Record<number, TSchema>> (
  answers: A, codes: readonly ErrorCode[]
): A & Record<CommonStatus, typeof ProblemSchema> {
  return { ...answers, ...problems([...Object.values(COMMON_CODES).flat(), ...codes]) } as A & Record<CommonStatus, typeof ProblemSchema>
}

/** The same for a route that needs no token and counts no requests. */
export function openResponses<A extends Record<number, TSchema>> (answers: A, codes: readonly ErrorCode[]): A & Record<500, typeof ProblemSchema> {
  const { 401: missing, 403: scope, 429: limited, ...common } = COMMON_CODES
  return { ...answers, ...problems([...Object.values(common).flat(), ...codes]) } as A & Record<500, typeof ProblemSchema>
}

function problems (codes: readonly ErrorCode[]): Record<number, TSchema> {
  const statuses = new Set(codes.map(code => ERRORS[code].status ?? 500))
  return Object.fromEntries([...statuses].map(status =>
    [status, { ...ProblemSchema, [CODES]: [...new Set(codes)].filter(code => ERRORS[code].status === status) }]))
}
