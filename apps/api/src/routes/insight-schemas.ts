import { Type, type Static } from '@sinclair/typebox'
import { CountSchema, MAX_WORKS, SOURCE_TYPES, WorkSchema } from '@insights/shared'
import { textSchema } from '../validation/text.js'
import { UNIQUE_BY } from '../validation/unique-by.js'
import { named, nullable } from './answer-schemas.js'

/** A field of the answer that clients may send back as they got it; whatever it holds is ignored. */
const ReadOnlySchema = Type.Optional(Type.Unknown({ readOnly: true }))

const HandleInputSchema = Type.Union([textSchema(), Type.Null()])

/** Page ids may exceed 2^53, where JSON numbers stop being exact, so decimal text is understood as well. */
const PageIdInputSchema = Type.Union([
  CountSchema,
  Type.String({ pattern: '^[0-9]{1,20}$', title: 'a string of 1 to 20 digits' }),
  Type.Null()
])

const WorkInputSchema = Type.Object({
  ...WorkSchema.properties,
  item_id: textSchema({ minLength: 1 }),
  non_app_plays: ReadOnlySchema
}, { additionalProperties: false })

/** What a client says of an artist. Fields that are left out take their defaults. */
export const InsightInputSchema = named('InsightInput', Type.Object({
  external_id: Type.Optional(Type.Union([textSchema({ minLength: 1 }), Type.Null()])),
  has_about: Type.Optional(Type.Boolean()),
  number_of_roles: Type.Optional(CountSchema),
  number_of_acts: Type.Optional(CountSchema),
  profile_views: Type.Optional(CountSchema),
  profile_searches: Type.Optional(CountSchema),
  connects: Type.Optional(CountSchema),
  facebook_page_id: Type.Optional(PageIdInputSchema),
  twitter_handle: Type.Optional(HandleInputSchema),
  instagram_handle: Type.Optional(HandleInputSchema),
  works: Type.Optional(Type.Array(WorkInputSchema, { maxItems: MAX_WORKS, [UNIQUE_BY]: ['source_type', 'item_id'] })),
  id: ReadOnlySchema,
  insight_score: ReadOnlySchema,
  twitter_followers_count: ReadOnlySchema,
  facebook_page_followers_count: ReadOnlySchema,
  instagram_followers_count: ReadOnlySchema
}, { additionalProperties: false }))
export type InsightInput = Static<typeof InsightInputSchema>

/** The path of one insight. */
export const InsightPathSchema = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
})

const WorkAnswerSchema = Type.Object({
  item_id: Type.String(),
  source_type: Type.Unsafe<typeof SOURCE_TYPES[number]>({ type: 'integer', enum: [...SOURCE_TYPES] }),
  is_individual_work: Type.Boolean(),
  in_app_plays: CountSchema,
  non_app_plays: Type.Optional(CountSchema)
})

/** An insight as it is answered. The keys stand in the order in which the API has always had them. */
export const InsightAnswerSchema = named('Insight', Type.Object({
  id: Type.Integer(),
  external_id: Type.Optional(Type.String({ description: 'Only where the host has given one' })),
  has_about: Type.Boolean(),
  number_of_roles: CountSchema,
  number_of_acts: CountSchema,
  profile_views: CountSchema,
  profile_searches: CountSchema,
  connects: CountSchema,
  facebook_page_id: Type.Unsafe<number | string | null>({ type: ['integer', 'string', 'null'] }),
  twitter_handle: nullable(Type.String()),
  instagram_handle: nullable(Type.String()),
  insight_score: Type.String({ description: '0.00 to 100.00, always with two decimals' }),
  twitter_followers_count: nullable(CountSchema),
  works: Type.Array(WorkAnswerSchema),
  facebook_page_followers_count: nullable(CountSchema),
  instagram_followers_count: nullable(CountSchema)
}))
export type InsightAnswer = Static<typeof InsightAnswerSchema>
