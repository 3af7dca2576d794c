import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { toLocation } from '../links.js'
import { describe } from '../openapi/describe.js'
import { answer, responses, bodyCodes } from './answer-schemas.js'
import { InsightPathSchema } from './insight-schemas.js'
import { unknownInsight, type RouteOptions } from './insights.js'
import { toRefreshAnswer } from './refresh-answer.js'
import { ASKED_REFRESH, DONE_REFRESH } from './refresh-examples.js'
import { RefreshAnswerSchema, RefreshInputSchema } from './refresh-schemas.js'

const AskSchema = describe({
  operationId: 'askRefresh',
  summary: 'Ask for fresh counts',
  description: 'Does not wait for them. While one refresh waits, asking again adds none; counts that are still fresh are not fetched again. That goes for repeats too: an `Idempotency-Key` changes nothing.',
  tags: ['refreshes'],
  params: InsightPathSchema,
  body: RefreshInputSchema,
  isBodyOptional: true,
  response: responses({
    202: answer('The refresh is wanted; Location is where to see how it stands', RefreshAnswerSchema, { headers: ['location'] })
  }, [...bodyCodes, 'INS_INSIGHT_UNKNOWN', 'INS_INSIGHT_DAMAGED', 'INS_STORE_FULL']),
  examples: {
    asked: { summary: 'Ask for the counts of an insight', params: { id: 2 }, status: 202, answer: ASKED_REFRESH }
  }
})
const ReadSchema = describe({
  operationId: 'getRefresh',
  summary: 'See how the refresh stands and where each count comes from',
  tags: ['refreshes'],
  params: InsightPathSchema,
  response: responses({ 200: answer('The refresh, and every source', RefreshAnswerSchema) }, ['INS_INSIGHT_UNKNOWN', 'INS_INSIGHT_DAMAGED']),
  examples: {
    done: { summary: 'Every count was fetched', params: { id: 1 }, status: 200, answer: DONE_REFRESH }
  }
})

/** Asking for fresh counts, and how far that is. A refresh that is waiting already takes further wishes in. */
export const refreshes: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { store, announceRefresh, publicUrl }) => {
  app.post('/api/user_insights/:id/refresh', { schema: AskSchema, config: { scope: 'write' } }, async (request, reply) => {
    const document = await store.requestRefresh(request.params.id)
    if (document === null) throw unknownInsight()
    await announceRefresh(document.id, request)
    return await reply.code(202).header('location', toLocation(publicUrl, `/api/user_insights/${document.id}/refresh`)).send(toRefreshAnswer(document))
  })

  app.get('/api/user_insights/:id/refresh', { schema: ReadSchema, config: { scope: 'read' } }, async request => {
    const document = await store.find(request.params.id)
    if (document === null) throw unknownInsight()
    return toRefreshAnswer(document)
  })
}
