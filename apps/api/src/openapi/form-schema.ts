import { COMPONENT } from '../routes/answer-schemas.js'

type Json = Record<string, any>

/**
 * The schema of a body as a form: lists and objects are JSON text in it, null is written out, and what clients may
 * send back without effect is left out.
 */
export function toFormSchema (schema: Json): Json {
  const object: Json = schema['anyOf']?.find((alternative: Json) => alternative['type'] === 'object') ?? schema
  const fields = Object.entries<Json>(object['properties'] ?? {}).filter(([, field]) => field['readOnly'] !== true)
  return {
    ...object,
    ...(object[COMPONENT] !== undefined && { [COMPONENT]: `${object[COMPONENT]}Form` }),
    properties: Object.fromEntries(fields.map(([name, field]) => [name, toFormField(field)]))
  }
}

function toFormField (field: Json): Json {
  if (field['type'] === 'array' || field['type'] === 'object') {
    return { type: 'string', contentMediaType: 'application/json', contentSchema: field }
  }
  if (field['type'] === 'null') return { const: 'null' }
  if (field['anyOf'] !== undefined) return { ...field, anyOf: field['anyOf'].map(toFormField) }
  return field
}
