import type { TSchema } from '@sinclair/typebox'
import type { Fault } from '@insights/shared'
import { MalformedJson, parseJson } from '../bodies/parse-json.js'
import type { FormBody } from '../bodies/form-body.js'
import { isEnough } from '../invalid-request.js'
import { childPointer } from './json-pointer.js'

/** What the texts mean, as far as they mean anything: text that does not fit stays text, for the schema to refuse. */
export interface ReadForm {
  value: Record<string, unknown>
  faults: Fault[]
}

/** Path parameters: only whole numbers in their one usual form are numbers, so that each resource has one address. */
export function readParams (schema: TSchema, params: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params).map(([name, text]) => {
    const isNumber = schema.properties[name]?.type === 'integer' && /^(0|-?[1-9]\d*)$/.test(text)
    return [name, isNumber ? Number(text) : text]
  }))
}

/**
 * Query parameters by the types that the schema gives them. One that is given several times is a list where the schema
 * has one, and a fault elsewhere. An empty text is a value like any other.
 */
export function readQuery (schema: TSchema, query: Record<string, string | string[]>): ReadForm {
  const properties: Record<string, TSchema> = schema.properties
  const read: ReadForm = { value: Object.create(null), faults: [] }
  for (const [name, given] of Object.entries(query)) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    const texts = [given].flat()
    if (property?.type === 'array') read.value[name] = texts
    else if (texts.length > 1 && property !== undefined) {
      read.faults.push({ pointer: childPointer('', name), code: 'duplicate', detail: 'is given more than once' })
    } else read.value[name] = property?.type === 'number' ? numberOf(texts[0] ?? '') : valueOf(texts[0] ?? '', typesOf(property ?? {} as TSchema))
  }
  return read
}

/** Decimal digits with or without a fraction; everything else stays text. */
function numberOf (text: string): number | string {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

/**
 * The fields of a form by the types that the schema gives them. An empty text is a field that was not given; `null`
 * is written out where a field may be null.
 */
export function readForm (schema: TSchema, form: FormBody): ReadForm {
  const properties: Record<string, TSchema> = objectOf(schema).properties
  const read: ReadForm = { value: Object.create(null), faults: [...form.faults] }
  const seen = new Set<string>()
  for (const [name, text] of form.fields) {
    if (isEnough(read.faults.length)) break
    if (seen.has(name)) read.faults.push({ pointer: childPointer('', name), code: 'duplicate', detail: 'is given more than once' })
    else readField(read, name, text, Object.hasOwn(properties, name) ? properties[name] : undefined)
    seen.add(name)
  }
  return read
}

function readField (read: ReadForm, name: string, text: string, schema: TSchema | undefined): void {
  if (schema === undefined) read.value[name] = text
  else if (typesOf(schema).has('array')) readJsonField(read, name, text)
  else if (text !== '') read.value[name] = valueOf(text, typesOf(schema))
}

function readJsonField (read: ReadForm, name: string, text: string): void {
  if (text === '') return
  try {
    const { value, faults } = parseJson(text, childPointer('', name))
    read.faults.push(...faults)
    if (faults.length === 0) read.value[name] = value
  } catch (error) {
    if (!(error instanceof MalformedJson)) throw error
    read.faults.push({ pointer: childPointer('', name), code: 'format', detail: 'must be JSON' })
  }
}

function valueOf (text: string, types: ReadonlySet<string>): unknown {
  if (types.has('null') && text === 'null') return null
  if (types.has('string')) return text
  if (types.has('integer') && /^-?\d+$/.test(text)) return Number(text)
  if (types.has('boolean') && /^(true|1|on|yes)$/i.test(text)) return true
  if (types.has('boolean') && /^(false|0|off|no)$/i.test(text)) return false
  return text
}

function typesOf (schema: TSchema): Set<string> {
  const alternatives: TSchema[] = schema.anyOf ?? [schema]
  return new Set(alternatives.map(alternative => String(alternative.type)))
}

function objectOf (schema: TSchema): TSchema {
  return schema.anyOf?.find((alternative: TSchema) => alternative.type === 'object') ?? schema
}
