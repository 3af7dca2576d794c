import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AppError } from '@insights/shared'
import type { InsightStore } from '@insights/storage'
import type { AnnounceRefresh } from '../refresh-wishes.js'
import { responses } from './answer-schemas.js'
import { toInsightAnswer } from './insight-answer.js'
import { toFields } from './insight-input.js'
import { InsightAnswerSchema, InsightInputSchema, InsightPathSchema } from './insight-schemas.js'

export interface RouteOptions {
  store: InsightStore
  announceRefresh: AnnounceRefresh
}

const CreateSchema = {
  body: InsightInputSchema,
  response: responses({ 201: InsightAnswerSchema }, [400, 408, 413, 415, 507])
}
const ReadSchema = {
  params: InsightPathSchema,
  response: responses({ 200: InsightAnswerSchema }, [400, 404])
}

/** Creating and reading insights. Both answer from the store alone, whatever queue and platforms do. */
export const insights: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { store, announceRefresh }) => {
  app.post('/api/user_insights', { schema: CreateSchema, config: { scope: 'write' } }, async (request, reply) => {
    const document = await store.create(toFields(request.body))
    await announceRefresh(document.id, request)
    return await reply.code(201).header('location', `/api/user_insights/${document.id}`).send(toInsightAnswer(document))
  })

  app.get('/api/user_insights/:id', { schema: ReadSchema, config: { scope: 'read' } }, async request => {
    const document = await store.find(request.params.id)
    if (document === null) throw unknownInsight()
    return toInsightAnswer(document)
  })
}

/** There is no insight under the id: there never was, or it was removed. */
export function unknownInsight (): AppError {
  return new AppError('INS_INSIGHT_UNKNOWN', 'No insight has this id.')
}
