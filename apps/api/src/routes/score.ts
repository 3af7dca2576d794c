import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { explain, findModel, formatScore, hashModel, INSIGHT_1, toSignals, type Breakdown } from '@insights/shared'
import { responses } from './answer-schemas.js'
import { toFields } from './insight-input.js'
import { InsightPathSchema } from './insight-schemas.js'
import { unknownInsight, type RouteOptions } from './insights.js'
import { toGivenSources } from './score-input.js'
import { BreakdownAnswerSchema, ScoreAnswerSchema, ScoreInputSchema } from './score-schemas.js'

const ReadSchema = {
  params: InsightPathSchema,
  response: responses({ 200: BreakdownAnswerSchema }, [400, 404])
}
const ComputeSchema = {
  body: ScoreInputSchema,
  response: responses({ 200: ScoreAnswerSchema }, [400, 408, 413, 415])
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

/** Why the score is what it is, as it was stored together with it; and what it would be for given figures. */
export const score: FastifyPluginAsyncTypebox<Pick<RouteOptions, 'store'>> = async (app, { store }) => {
  app.get('/api/user_insights/:id/score', { schema: ReadSchema, config: { scope: 'read' } }, async request => {
    const document = await store.find(request.params.id)
    if (document === null) throw unknownInsight()
    return document.breakdown ?? NOTHING_COMPUTED
  })

  app.post('/api/score', { schema: ComputeSchema, config: { scope: 'read' } }, async ({ body }) => {
    const model = findModel(body.model ?? INSIGHT_1.id) ?? INSIGHT_1
    const fields = toFields(body)
    const breakdown = explain(model, toSignals(fields, toGivenSources(fields, body), model))
    return { insight_score: formatScore(breakdown.score), ...breakdown }
  })
}
