import { Type, type Static } from '@sinclair/typebox'
import { CountSchema, SCORING_MODELS, type Breakdown } from '@insights/shared'
import { named } from './answer-schemas.js'
import { InsightInputSchema } from './insight-schemas.js'

const ScoreRangeSchema = Type.Object({ low: Type.Number(), high: Type.Number() })

/** A breakdown: one that was stored with another model may have further fields, which are let through. */
export const BreakdownAnswerSchema = named('Breakdown', Type.Object({
  model: Type.String(),
  model_hash: Type.String(),
  score: Type.Number(),
  max_score: Type.Number(),
  lines: Type.Array(Type.Unsafe<Breakdown['lines'][number]>({ type: 'object', additionalProperties: true })),
  coverage: Type.Number(),
  score_range: ScoreRangeSchema
}, { additionalProperties: true }))

/** The breakdown of given figures, and its score in the form that insights have. */
export const ScoreAnswerSchema = Type.Object({
  insight_score: Type.String({ description: '0.00 to 100.00, always with two decimals' }),
  ...BreakdownAnswerSchema.properties
})

/** A count that the caller gives; `null` or left out = not known. */
const GivenCountSchema = Type.Optional(Type.Union([CountSchema, Type.Null()]))

const { works, ...facts } = InsightInputSchema.properties

const WorkSchema = Type.Object({ ...works.items.properties, non_app_plays: GivenCountSchema }, { additionalProperties: false })

/**
 * What a score is to be computed of: an insight as it is sent or answered, in which the counts count as well. It is
 * checked as strictly as one that is to be stored.
 */
export const ScoreInputSchema = named('ScoreInput', Type.Object({
  ...facts,
  works: Type.Optional(Type.Array(WorkSchema, arrayOptions(works))),
  twitter_followers_count: GivenCountSchema,
  facebook_page_followers_count: GivenCountSchema,
  instagram_followers_count: GivenCountSchema,
  model: Type.Optional(Type.Union(SCORING_MODELS.map(({ id }) => Type.Literal(id))))
}, { additionalProperties: false }))
export type ScoreInput = Static<typeof ScoreInputSchema>

/** The bounds of a list without what TypeBox keeps of its entries. */
function arrayOptions ({ type, items, ...options }: typeof works): object {
  return Object.fromEntries(Object.entries(options))
}
