import type { TSchema } from '@sinclair/typebox'

/** What a value of the schema is, in words that follow "must be". A schema's `title` is taken as its description. */
export function describeSchema (schema: TSchema): string {
  if (schema.title !== undefined) return schema.title
  if (schema.anyOf !== undefined) return listWithOr(schema.anyOf.map(describeSchema))
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.type === 'integer') return `a whole number from ${schema.minimum} to ${schema.maximum}`
  return WORDS[String(schema.type)] ?? 'of another type'
}

const WORDS: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false',
  null: 'null',
  object: 'an object',
  string: 'a text'
}

function listWithOr (words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
