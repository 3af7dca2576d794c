import { Type, type Static } from '@sinclair/typebox'
import { CountSchema, SOURCE_STATES, type SourceError } from '@insights/shared'
import { named, nullable, oneOf, TimestampSchema } from './answer-schemas.js'

const SourceErrorAnswerSchema = Type.Unsafe<SourceError | null>({
  type: ['object', 'null'],
  properties: { code: Type.String(), detail: Type.String(), at: TimestampSchema },
  required: ['code', 'detail', 'at']
})

const SourceAnswerSchema = named('Source', Type.Object({
  state: oneOf(SOURCE_STATES),
  count: nullable(CountSchema),
  fetched_at: nullable(TimestampSchema),
  next_at: nullable(TimestampSchema),
  error: SourceErrorAnswerSchema
}))
export type SourceAnswer = Static<typeof SourceAnswerSchema>

const WorkSourceAnswerSchema = Type.Object({ item_id: Type.String(), ...SourceAnswerSchema.properties })

const WorksAnswerSchema = named('WorkSources', Type.Object({
  ...SourceAnswerSchema.properties,
  works: Type.Array(WorkSourceAnswerSchema)
}))
export type WorksAnswer = Static<typeof WorksAnswerSchema>

export const REFRESH_STATES = ['pending', 'running', 'done'] as const

/** How the refresh of an insight stands, and what is known of each source. */
export const RefreshAnswerSchema = named('Refresh', Type.Object({
  id: Type.Integer(),
  state: oneOf(REFRESH_STATES),
  asked_at: TimestampSchema,
  done_at: nullable(TimestampSchema),
  next_due_at: nullable(TimestampSchema),
  sources: Type.Object({
    youtube: WorksAnswerSchema,
    soundcloud: WorksAnswerSchema,
    x: SourceAnswerSchema,
    facebook: SourceAnswerSchema,
    instagram: SourceAnswerSchema
  })
}))
export type RefreshAnswer = Static<typeof RefreshAnswerSchema>

/** Asking for a refresh needs no words; an empty object is what some clients send for none. */
export const RefreshInputSchema = Type.Union([
  Type.Object({}, { additionalProperties: false, title: 'an empty object' }),
  Type.Null()
])
