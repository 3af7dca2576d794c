import { Type, type TSchema } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import type { InsightFields } from '@insights/shared'
import { FormBody } from '../bodies/form-body.js'
import { toFields } from './insight-input.js'
import { named } from './answer-schemas.js'
import { InsightInputSchema, type InsightInput } from './insight-schemas.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The fields that a merge patch sets to null: they are to take their defaults; `null` before they were looked for. */
    removedFields: readonly string[] | null
  }
}

/** A merge patch as clients send it; null is taken out before it is checked. */
export const InsightPatchSchema = named('InsightPatch', Type.Object(
  Object.fromEntries(Object.entries<TSchema>(InsightInputSchema.properties).map(([name, schema]) => [name, Type.Optional(orNull(schema))])),
  { additionalProperties: false }
))

function orNull (schema: TSchema): TSchema {
  const alternatives: TSchema[] = schema['anyOf'] ?? [schema]
  return schema['readOnly'] === true || alternatives.some(({ type }) => type === 'null') ? schema : Type.Union([...alternatives, Type.Null()])
}

/**
 * Takes the fields that are null out of a merge patch (RFC 7396) and notes their names, so that what is left can be
 * checked like any other body. Null under an unknown name stays, to be refused as unknown.
 */
export async function setNullsAside (request: FastifyRequest): Promise<void> {
  const { body } = request
  request.removedFields = []
  if (typeof body !== 'object' || body === null || Array.isArray(body) || body instanceof FormBody) return
  const isRemoved = ([name, value]: [string, unknown]): boolean => value === null && Object.hasOwn(InsightInputSchema.properties, name)
  const entries = Object.entries(body)
  request.removedFields = entries.filter(isRemoved).map(([name]) => name)
  request.body = Object.fromEntries(entries.filter(entry => !isRemoved(entry)))
}

/** The fields after a merge patch: those that it names, the defaults of those that it removes, and the others as they are. */
export function mergeFields (current: InsightFields, patch: InsightInput, removed: readonly string[]): InsightFields {
  const kept = Object.entries(current).filter(([name]) => !removed.includes(name))
  return toFields({ ...Object.fromEntries(kept), ...patch })
}
