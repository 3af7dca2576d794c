import type { TSchema } from '@sinclair/typebox'
import { ValueErrorType, type ValueError } from '@sinclair/typebox/errors'
import type { Fault } from '@insights/shared'
import { isEnough } from '../invalid-request.js'
import { describeSchema } from './describe.js'
import { TEXT_PATTERN } from './text.js'

/**
 * Turns the errors that TypeBox finds into faults, at most one per place: a value of the wrong type is not also too
 * long. Reads no further than the answer can list.
 */
export function toFaults (errors: Iterable<ValueError>): Fault[] {
  const byPointer = new Map<string, Fault>()
  for (const error of errors) {
    const fault = toFault(error)
    if (!byPointer.has(fault.pointer)) byPointer.set(fault.pointer, fault)
    if (isEnough(byPointer.size)) break
  }
  return [...byPointer.values()]
}

function toFault (error: ValueError): Fault {
  if (error.type === ValueErrorType.Union) return faultOfUnion(error)
  const { code, detail } = explain(error)
  return { pointer: error.path, code, detail }
}

function explain ({ type, schema, value }: ValueError): Omit<Fault, 'pointer'> {
  switch (type) {
    case ValueErrorType.ObjectRequiredProperty:
      return { code: 'required', detail: 'is required' }
    case ValueErrorType.ObjectAdditionalProperties:
      return { code: 'unknown_field', detail: 'is not a field that can be sent here' }
    case ValueErrorType.ArrayMaxItems:
      return { code: 'length', detail: `must have at most ${schema.maxItems} entries` }
    case ValueErrorType.ArrayMinItems:
      return { code: 'length', detail: 'must not be empty' }
    case ValueErrorType.ArrayUniqueItems:
      return { code: 'duplicate', detail: 'must have each entry once' }
    case ValueErrorType.StringMinLength:
      return { code: 'length', detail: 'must not be empty' }
    case ValueErrorType.StringMaxLength:
      return { code: 'length', detail: `must have at most ${schema.maxLength} characters` }
    case ValueErrorType.StringPattern:
      return explainPattern(schema)
    case ValueErrorType.Literal:
      return { code: jsonTypeOf(value) === jsonTypeOf(schema.const) ? 'value' : 'type', detail: `must be ${describeSchema(schema)}` }
    case ValueErrorType.NumberMinimum:
    case ValueErrorType.NumberMaximum:
    case ValueErrorType.IntegerMinimum:
    case ValueErrorType.IntegerMaximum:
      return { code: 'range', detail: `must be ${describeSchema(schema)}` }
    default:
      // JSON has no infinity: 1e400 is a number that is too large for us, not something else than a number.
      return { code: value === Infinity || value === -Infinity ? 'range' : 'type', detail: `must be ${describeSchema(schema)}` }
  }
}

function explainPattern (schema: TSchema): Omit<Fault, 'pointer'> {
  if (schema.pattern !== TEXT_PATTERN) return { code: 'format', detail: `must be ${describeSchema(schema)}` }
  return { code: 'characters', detail: 'must be Unicode text without NUL and without halves of surrogate pairs' }
}

/** One fault instead of one per alternative: the one of the alternative that was meant, as far as the type tells. */
function faultOfUnion ({ schema, path, value, errors }: ValueError): Fault {
  const alternatives: TSchema[] = schema.anyOf
  const meant = alternatives.findIndex(alternative => typeNameOf(alternative) === jsonTypeOf(value))
  const description = `must be ${describeSchema(schema)}`
  if (meant === -1) return { pointer: path, code: 'type', detail: description }
  if (alternatives[meant]?.const !== undefined) return { pointer: path, code: 'value', detail: description }
  const inner = errors[meant]?.First()
  if (inner === undefined) return { pointer: path, code: 'type', detail: description }
  const fault = toFault(inner)
  return { ...fault, detail: fault.detail + remedyFor(inner, alternatives) }
}

function remedyFor (error: ValueError, alternatives: readonly TSchema[]): string {
  const isTooLarge = error.type === ValueErrorType.IntegerMaximum || error.value === Infinity
  return isTooLarge && alternatives.some(schema => schema.type === 'string') ? '; send a larger one as a string' : ''
}

function typeNameOf (schema: TSchema): string {
  if (schema.const !== undefined) return jsonTypeOf(schema.const)
  return schema.type === 'integer' ? 'number' : String(schema.type)
}

function jsonTypeOf (value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
