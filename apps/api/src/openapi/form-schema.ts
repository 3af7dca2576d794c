import { COMPONENT } from '../routes/answer-schemas.js'

type Json = Record<string, any>

/**
 * The schema of a body as a form: lists and objects are JSON text in it, null is written out, an empty text is no
 * field, and what clients may send back without effect is left out.
 */
export function toFormSchema (schema: Json): Json {
  const object: Json = schema['anyOf']?.find((alternative: Json) => alternative['type'] === 'object') ?? schema
  const fields = Object.entries<Json>(object['properties'] ?? {}).filter(([, field]) => field['readOnly'] !== true)
  const required: ReadonlySet<string> = new Set(object['required'])
  return {
    ...object,
    ...(object[COMPONENT] !== undefined && { [COMPONENT]: `${object[COMPONENT]}Form` }),
    properties: Object.fromEntries(fields.map(([name, field]) => [name, required.has(name) ? toFormField(field) : orEmpty(toFormField(field))]))
  }
}

/** An empty text is a field that is not given. */
function orEmpty (field: Json): Json {
  const alternatives: Json[] = field['anyOf'] ?? [field]
  return { ...(field['description'] !== undefined && { description: field['description'] }), anyOf: [...alternatives, { const: '' }] }
}

function toFormField (field: Json): Json {
  if (field['type'] === 'array' || field['type'] === 'object') {
    return { type: 'string', minLength: 1, contentMediaType: 'application/json', contentSchema: field }
  }
  if (field['type'] === 'null') return { const: 'null' }
  if (field['anyOf'] !== undefined) return { ...field, anyOf: field['anyOf'].map(toFormField) }
  return field
}
