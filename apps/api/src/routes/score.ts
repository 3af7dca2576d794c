import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { hashModel, INSIGHT_1, type Breakdown } from '@insights/shared'
import { responses } from './answer-schemas.js'
import { InsightPathSchema } from './insight-schemas.js'
import { unknownInsight, type RouteOptions } from './insights.js'

const ScoreRangeSchema = Type.Object({ low: Type.Number(), high: Type.Number() })

/** A stored breakdown, verbatim: one of another model may have further fields, which are let through. */
const BreakdownAnswerSchema = Type.Object({
  model: Type.String(),
  model_hash: Type.String(),
  score: Type.Number(),
  max_score: Type.Number(),
  lines: Type.Array(Type.Unsafe<Breakdown['lines'][number]>({ type: 'object', additionalProperties: true })),
  coverage: Type.Number(),
  score_range: ScoreRangeSchema
}, { additionalProperties: true })

const ReadSchema = {
  params: InsightPathSchema,
  response: responses({ 200: BreakdownAnswerSchema }, [400, 404])
}

/** Before the first refresh nothing has been looked at: no points, and every score is possible. */
const NOTHING_COMPUTED: Breakdown = {
  model: INSIGHT_1.id,
  model_hash: hashModel(INSIGHT_1),
  score: 0,
  max_score: INSIGHT_1.max_score,
  lines: [],
  coverage: 0,
  score_range: { low: 0, high: INSIGHT_1.max_score }
}

/** Why the score is what it is: what was stored together with it. */
export const score: FastifyPluginAsyncTypebox<Pick<RouteOptions, 'store'>> = async (app, { store }) => {
  app.get('/api/user_insights/:id/score', { schema: ReadSchema, config: { scope: 'read' } }, async request => {
    const document = await store.find(request.params.id)
    if (document === null) throw unknownInsight()
    return document.breakdown ?? NOTHING_COMPUTED
  })
}
