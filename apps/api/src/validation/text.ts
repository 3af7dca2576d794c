import { Type, type TString } from '@sinclair/typebox'
import { MAX_TEXT_LENGTH } from '@insights/shared'

/**
 * Text that every store can keep: no NUL, no half of a surrogate pair. It means the same with and without the `u`
 * flag, so that other readers of the schema agree.
 */
export const TEXT_PATTERN = '^(?:[^\\u0000\\uD800-\\uDFFF]|[\\uD800-\\uDBFF][\\uDC00-\\uDFFF])*$'

/** The schema of a text that a client sends: up to 255 UTF-16 code units. */
export function textSchema (options: { minLength?: number, description?: string } = {}): TString {
  return Type.String({ ...options, maxLength: MAX_TEXT_LENGTH, pattern: TEXT_PATTERN })
}
