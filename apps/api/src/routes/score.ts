import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { explain, findModel, formatScore, hashModel, INSIGHT_1, toSignals, type Breakdown } from '@insights/shared'
import { describe } from '../openapi/describe.js'
import { answer, bodyCodes, responses } from './answer-schemas.js'
import { KNOWN_ARTIST } from './insight-examples.js'
import { toFields } from './insight-input.js'
import { InsightPathSchema } from './insight-schemas.js'
import { unknownInsight, type RouteOptions } from './insights.js'
import { KNOWN_BREAKDOWN } from './score-examples.js'
import { toGivenSources } from './score-input.js'
import { BreakdownAnswerSchema, ScoreAnswerSchema, ScoreInputSchema } from './score-schemas.js'

const ReadSchema = describe({
  operationId: 'getScore',
  summary: 'See why the score is what it is',
  description: 'What was stored together with the score: each signal with its value, its points and what earns the next point.',
  tags: ['scores'],
  params: InsightPathSchema,
  response: responses({ 200: answer('The breakdown of the score', BreakdownAnswerSchema) }, ['INS_INSIGHT_UNKNOWN', 'INS_INSIGHT_DAMAGED']),
  examples: {
    known: { summary: 'An artist whose counts are known', params: { id: 1 }, status: 200, answer: KNOWN_BREAKDOWN }
  }
})
const ComputeSchema = describe({
  operationId: 'computeScore',
  summary: 'Compute the score of given figures and counts',
  description: 'Takes an insight as it is answered, in which the counts count as fetched; null is not known. Stores nothing, so that an `Idempotency-Key` changes nothing.',
  tags: ['scores'],
  body: ScoreInputSchema,
  response: responses({ 200: answer('The score, explained', ScoreAnswerSchema) }, bodyCodes),
  examples: {
    'with-counts': {
      summary: 'An artist whose counts are known',
      body: KNOWN_ARTIST,
      status: 200,
      answer: { insight_score: '7.00', ...KNOWN_BREAKDOWN }
    }
  }
})

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
