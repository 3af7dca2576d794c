import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { AppError, type Clock } from '@insights/shared'
import type { InsightStore } from '@insights/storage'
import { isNotModified, ReadConditionSchema, versionHeaders } from '../preconditions.js'
import type { AnnounceRefresh } from '../refresh-wishes.js'
import { responses } from './answer-schemas.js'
import { toInsightAnswer } from './insight-answer.js'
import { toFields } from './insight-input.js'
import { InsightAnswerSchema, InsightInputSchema, InsightPathSchema } from './insight-schemas.js'

export interface RouteOptions {
  store: InsightStore
  announceRefresh: AnnounceRefresh
  /** Tells how settled a change is. */
  clock: Clock
}

const CreateSchema = {
  body: InsightInputSchema,
  response: responses({ 201: InsightAnswerSchema }, [400, 408, 413, 415, 507])
}
const ReadSchema = {
  params: InsightPathSchema,
  headers: ReadConditionSchema,
  response: responses({ 200: InsightAnswerSchema, 304: Type.Null() }, [400, 404])
}

/** Creating and reading insights. Both answer from the store alone, whatever queue and platforms do. */
export const insights: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { store, announceRefresh, clock }) => {
  app.post('/api/user_insights', { schema: CreateSchema, config: { scope: 'write' } }, async (request, reply) => {
    const document = await store.create(toFields(request.body))
    await announceRefresh(document.id, request)
    return await reply.code(201)
      .headers({ location: `/api/user_insights/${document.id}`, ...versionHeaders(document, clock.now()) })
      .send(toInsightAnswer(document))
  })

  app.get('/api/user_insights/:id', { schema: ReadSchema, config: { scope: 'read' } }, async (request, reply) => {
    const document = await store.find(request.params.id)
    if (document === null) throw unknownInsight()
    reply.headers(versionHeaders(document, clock.now()))
    if (isNotModified(request.headers, document)) return await reply.code(304).send(null)
    return await reply.send(toInsightAnswer(document))
  })
}

/** There is no insight under the id: there never was, or it was removed. */
export function unknownInsight (): AppError {
  return new AppError('INS_INSIGHT_UNKNOWN', 'No insight has this id.')
}
