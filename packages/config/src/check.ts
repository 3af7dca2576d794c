import type { Static, TObject } from '@sinclair/typebox'
import envSchema, { type EnvSchemaOpt } from 'env-schema'
import { FORMATS } from './formats.js'
import { DESCRIPTIVE_KEYWORDS } from './variable-types.js'

type Validator = Parameters<Extract<EnvSchemaOpt['ajv'], { customOptions: unknown }>['customOptions']>[0]

/** The converted values with defaults filled in, or the names of the variables that do not fit the schema. */
export type Checked<Values> = { values: Values } | { invalid: ReadonlySet<string> }

/**
 * Converts and checks the texts of environment variables. Numbers are written in decimal digits only: the validator
 * alone would also take `0x10`, `1e3` and `" 5 "`, which in an environment are slips rather than intentions.
 */
export function checkTexts<Schema extends TObject> (
  schema: Schema, texts: ReadonlyMap<string, string>
): Checked<Static<Schema>> {
  const data = Object.fromEntries([...texts].map(([name, text]) => [name, toValue(schema.properties[name]?.type, text)]))
  try {
    return { values: envSchema<Static<Schema>>({ schema, data, env: false, dotenv: false, ajv: { customOptions: describe } }) }
  } catch (error) {
    return { invalid: namesOf(error) }
  }
}

function toValue (type: unknown, text: string): unknown {
  if (type !== 'integer') return text
  return /^[0-9]+$/.test(text) ? Number(text) : NaN
}

function describe (validator: Validator): Validator {
  validator.addVocabulary(DESCRIPTIVE_KEYWORDS)
  for (const [name, format] of Object.entries(FORMATS)) validator.addFormat(name, format.test)
  return validator
}

/** Anything but a list of faults is a mistake in the schema, not in the environment, and is thrown on. */
function namesOf (error: unknown): ReadonlySet<string> {
  const { errors } = error as { errors?: ReadonlyArray<{ instancePath: string }> }
  if (errors === undefined) throw error
  return new Set(errors.map(fault => fault.instancePath.slice(1)))
}
