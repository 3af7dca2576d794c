import { Type, type TInteger, type TOptional, type TSchema, type TString, type TUnsafe } from '@sinclair/typebox'
import { FORMATS, type FormatName } from './formats.js'

/** Schema keywords that only describe a variable. The validator refuses keywords that it has not been told of. */
export const DESCRIPTIVE_KEYWORDS = ['unit', 'secret']

export type Unit = 'days' | 'seconds' | 'milliseconds' | 'bytes'

interface IntegerRange {
  minimum: number
  maximum: number
  default: number
  unit?: Unit
}

/** A whole number within a range, both ends included. */
export function integer (description: string, range: IntegerRange): TInteger {
  return Type.Integer({ description, ...range })
}

/** One of a few words. */
export function choice<Word extends string> (
  description: string, words: readonly Word[], defaultWord: NoInfer<Word>
): TUnsafe<Word> {
  return Type.Unsafe<Word>({ type: 'string', enum: words, description, default: defaultWord })
}

/** A text of the given format that always has a value. */
export function text (description: string, format: FormatName, defaultText: string): TString {
  return Type.String({ description, format, default: defaultText })
}

/** A text of the given format that may be left out. */
export function optionalText (description: string, format: FormatName): TOptional<TString> {
  return Type.Optional(Type.String({ description, format }))
}

/** A text that may be left out and must never be shown. It can come from a file instead: see `readGiven`. */
export function secret (
  description: string, format: FormatName = 'credential', minLength?: number
): TOptional<TString> {
  return Type.Optional(Type.String({ description, format, secret: true, ...(minLength !== undefined && { minLength }) }))
}

/** What a variable takes, in words that fit after "must be". */
export function accepts (schema: TSchema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`
  if (schema.type === 'integer') return `a whole number from ${schema.minimum} to ${schema.maximum}${unitNote(schema)}`
  const { accepts: ofFormat } = FORMATS[schema.format as FormatName]
  return schema.minLength === undefined ? ofFormat : `at least ${schema.minLength} ${ofFormat}`
}

function unitNote (schema: TSchema): string {
  return schema.unit === undefined ? '' : ` (${schema.unit})`
}
