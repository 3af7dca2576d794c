import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError, isAppError, type InsightFields } from '@insights/shared'
import type { InsightDocument, InsightStore } from '@insights/storage'
import { assertCondition, isConditional, versionHeaders, WriteConditionSchema, type WriteCondition } from '../preconditions.js'
import { responses } from './answer-schemas.js'
import { toInsightAnswer } from './insight-answer.js'
import { toFields } from './insight-input.js'
import { mergeFields, setNullsAside } from './insight-patch.js'
import { InsightAnswerSchema, InsightInputSchema, InsightPathSchema, type InsightAnswer } from './insight-schemas.js'
import { unknownInsight, type RouteOptions } from './insights.js'

/** So many changes of one insight at the same moment are a storm, which the client has to let pass. */
const MAX_TRIES = 100

const ChangeSchema = {
  params: InsightPathSchema,
  headers: WriteConditionSchema,
  body: InsightInputSchema,
  response: responses({ 200: InsightAnswerSchema }, [400, 404, 408, 409, 412, 413, 415, 507])
}
const config = { scope: 'write' } as const

/** What the fields are to become, from what they are. */
type Change = (current: InsightFields) => InsightFields

/** Replacing an insight and changing some of its fields. Neither ever creates one. */
export const insightChanges: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { store, announceRefresh, clock }) => {
  const answer = async (request: FastifyRequest, reply: FastifyReply, document: InsightDocument): Promise<InsightAnswer> => {
    if (document.refresh.is_pending) await announceRefresh(document.id, request)
    reply.headers(versionHeaders(document, clock.now()))
    return toInsightAnswer(document)
  }

  app.decorateRequest('removedFields', null)

  app.put('/api/user_insights/:id', { schema: ChangeSchema, config }, async (request, reply) => {
    const { params: { id }, headers, body } = request
    const fields = toFields(body)
    const document = isConditional(headers)
      ? await change(store, id, headers, () => fields)
      : await store.replaceFields(id, fields)
    if (document === null) throw unknownInsight()
    return await answer(request, reply, document)
  })

  app.patch('/api/user_insights/:id', { schema: ChangeSchema, config, preValidation: setNullsAside }, async (request, reply) => {
    const { params: { id }, headers, body, removedFields } = request
    const document = await change(store, id, headers, current => mergeFields(current, body, removedFields ?? []))
    return await answer(request, reply, document)
  })
}

/**
 * Changes the fields by compare-and-set: computed again when somebody else was faster, unless the condition of the
 * request no longer holds then.
 *
 * @throws `INS_INSIGHT_UNKNOWN`, `INS_INSIGHT_CHANGED`; `INS_SERVICE_BUSY` when others were always faster.
 */
async function change (store: InsightStore, id: number, condition: WriteCondition, toNew: Change): Promise<InsightDocument> {
  for (let count = 0; count < MAX_TRIES; count++) {
    const current = await store.find(id)
    if (current === null) throw unknownInsight()
    assertCondition(condition, current)
    const changed = await replaceIfSame(store, current, toNew(current.fields))
    if (changed !== null) return changed
  }
  throw new AppError('INS_SERVICE_BUSY', 'Too many requests change this insight at the same moment.', { retryAfterSeconds: 1 })
}

/** `null` when the insight is not the same any more: changed, or removed. */
async function replaceIfSame (store: InsightStore, { id, rev }: InsightDocument, fields: InsightFields): Promise<InsightDocument | null> {
  try {
    return await store.replaceFields(id, fields, { ifRev: rev })
  } catch (error) {
    if (isAppError(error, 'INS_INSIGHT_CHANGED')) return null
    throw error
  }
}
