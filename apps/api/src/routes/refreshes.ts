import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { responses } from './answer-schemas.js'
import { InsightPathSchema } from './insight-schemas.js'
import { unknownInsight, type RouteOptions } from './insights.js'
import { toRefreshAnswer } from './refresh-answer.js'
import { RefreshAnswerSchema, RefreshInputSchema } from './refresh-schemas.js'

const AskSchema = {
  params: InsightPathSchema,
  body: RefreshInputSchema,
  response: responses({ 202: RefreshAnswerSchema }, [400, 404, 408, 413, 415, 507])
}
const ReadSchema = {
  params: InsightPathSchema,
  response: responses({ 200: RefreshAnswerSchema }, [400, 404])
}

/** Asking for fresh counts, and how far that is. A refresh that is waiting already takes further wishes in. */
export const refreshes: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { store, announceRefresh }) => {
  app.post('/api/user_insights/:id/refresh', { schema: AskSchema, config: { scope: 'write' } }, async (request, reply) => {
    const document = await store.requestRefresh(request.params.id)
    if (document === null) throw unknownInsight()
    await announceRefresh(document.id, request)
    return await reply.code(202).header('location', `/api/user_insights/${document.id}/refresh`).send(toRefreshAnswer(document))
  })

  app.get('/api/user_insights/:id/refresh', { schema: ReadSchema, config: { scope: 'read' } }, async request => {
    const document = await store.find(request.params.id)
    if (document === null) throw unknownInsight()
    return toRefreshAnswer(document)
  })
}
