import { Type, type Static, type TInteger, type TSchema, type TString, type TUnsafe } from '@sinclair/typebox'
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

/** What every call that needs a token and the store may answer. */
const COMMON_PROBLEMS = [401, 403, 429, 500, 503] as const
type CommonProblem = typeof COMMON_PROBLEMS[number]

/** The response schemas of a route: its answer, and a problem under each of the statuses that it can end with. */
export function responses<A extends Record<number, TSchema>, P extends number> (
  answers: A, problems: readonly P[]
): A & Record<P | CommonProblem, typeof ProblemSchema> {
  const entries = [...problems, ...COMMON_PROBLEMS].map(status => [status, ProblemSchema])
  return { ...answers, ...Object.fromEntries(entries) }
}
