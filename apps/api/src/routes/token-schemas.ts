import { Type, type Static } from '@sinclair/typebox'
import { SCOPES } from '@insights/shared'
import { DEFAULT_OVERLAP_SECONDS, MAX_OVERLAP_SECONDS, MAX_TOKEN_DAYS } from '@insights/storage'
import { instantSchema } from '../validation/instant.js'
import { textSchema } from '../validation/text.js'
import { named, nullable, oneOf, TimestampSchema } from './answer-schemas.js'

/** When a token expires: at an instant or after so many days, never both. `null` = never. */
const EXPIRY_FIELDS = {
  expires_at: Type.Optional(Type.Union([instantSchema(), Type.Null()])),
  expires_in_days: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_TOKEN_DAYS }))
}

/** The token to make. Without an expiry it is valid until it is revoked. */
export const TokenInputSchema = named('TokenInput', Type.Object({
  name: textSchema({ minLength: 1 }),
  scopes: Type.Array(Type.Union(SCOPES.map(scope => Type.Literal(scope))), { minItems: 1, uniqueItems: true }),
  ...EXPIRY_FIELDS
}, { additionalProperties: false }))

/** How to replace a token. Without an expiry the new one lives as long as the old one was made to live. */
export const RotationInputSchema = named('RotationInput', Type.Object({
  overlap_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_OVERLAP_SECONDS, default: DEFAULT_OVERLAP_SECONDS })),
  ...EXPIRY_FIELDS
}, { additionalProperties: false }))

export type ExpiryInput = Pick<Static<typeof RotationInputSchema>, 'expires_at' | 'expires_in_days'>

/** The path of one token. Any text: what is no id is simply not found. */
export const TokenPathSchema = Type.Object({ id: Type.String() })

/** A token as it is answered: never the token itself. */
const TokenAnswerSchema = named('Token', Type.Object({
  id: Type.String({ description: 'Names the token; it opens nothing' }),
  name: Type.String(),
  scopes: Type.Array(oneOf(SCOPES)),
  created_at: TimestampSchema,
  expires_at: nullable(TimestampSchema),
  last_used_at: nullable(TimestampSchema),
  revoked_at: nullable(TimestampSchema),
  is_active: Type.Boolean({ description: 'Neither expired nor revoked' })
}))

export const TokenListSchema = Type.Object({ results: Type.Array(TokenAnswerSchema) })

const secret = Type.String({ description: 'The token itself, shown this once' })

export const NewTokenAnswerSchema = Type.Object({ ...TokenAnswerSchema.properties, token: secret })

export const RotationAnswerSchema = Type.Object({
  ...TokenAnswerSchema.properties,
  token: secret,
  replaces: Type.Object({ id: Type.String(), expires_at: nullable(TimestampSchema) }, { description: 'The old token, and when it expires' })
})
