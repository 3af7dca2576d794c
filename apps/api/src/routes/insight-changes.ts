import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError, isAppError, type InsightFields } from '@insights/shared'
import type { InsightDocument, InsightStore } from '@insights/storage'
import { ACCEPTED_MEDIA_TYPES, MERGE_PATCH_TYPE } from '../bodies/media-type.js'
import { createOneByOne } from '../one-by-one.js'
import { describe, problemExample } from '../openapi/describe.js'
import { assertCondition, CHANGED, isConditional, versionHeaders, WriteConditionSchema, type WriteCondition } from '../preconditions.js'
import { answer as described, bodyCodes, responses } from './answer-schemas.js'
import { toInsightAnswer } from './insight-answer.js'
import { ARTIST_WITH_A_WORK, FRESH_ARTIST } from './insight-examples.js'
import { toFields } from './insight-input.js'
import { InsightPatchSchema, mergeFields, setNullsAside } from './insight-patch.js'
import { InsightAnswerSchema, InsightInputSchema, InsightPathSchema, type InsightAnswer } from './insight-schemas.js'
import { unknownInsight, type RouteOptions } from './insights.js'

/** So many changes of one insight at the same moment are a storm, which the client has to let pass. */
const MAX_TRIES = 100

const headers = ['etag', 'last-modified'] as const
const change200 = described('The insight as it is now', InsightAnswerSchema, { headers })
const changeCodes = [...bodyCodes, 'INS_INSIGHT_UNKNOWN', 'INS_INSIGHT_DAMAGED', 'INS_EXTERNAL_ID_TAKEN', 'INS_INSIGHT_CHANGED', 'INS_STORE_FULL'] as const

const ReplaceSchema = describe({
  operationId: 'replaceInsight',
  summary: 'Replace an insight',
  description: 'What is left out takes its default. The counts of accounts and works that are gone go with them.',
  tags: ['insights'],
  params: InsightPathSchema,
  headers: WriteConditionSchema,
  body: InsightInputSchema,
  response: responses({ 200: change200 }, changeCodes),
  examples: {
    replaced: {
      summary: 'If nobody else has changed it',
      params: { id: 2 },
      headers: { 'if-match': '"1"' },
      body: ARTIST_WITH_A_WORK,
      status: 200,
      answer: { ...FRESH_ARTIST, insight_score: '1.66' }
    }
  }
})
const PatchSchema = describe({
  operationId: 'patchInsight',
  summary: 'Change some fields of an insight',
  description: 'A merge patch (RFC 7396): null brings back the default of a field, `works` are replaced as a whole.',
  tags: ['insights'],
  params: InsightPathSchema,
  headers: WriteConditionSchema,
  body: InsightInputSchema,
  documentedBody: InsightPatchSchema,
  consumes: [MERGE_PATCH_TYPE, ...ACCEPTED_MEDIA_TYPES],
  response: responses({ 200: change200 }, changeCodes),
  problemHeaders: { 415: ['accept-patch'] },
  examples: {
    changed: {
      summary: 'One field, whatever the others are',
      params: { id: 3 },
      body: { number_of_roles: 1, twitter_handle: null },
      status: 200,
      answer: { ...FRESH_ARTIST, id: 3, insight_score: '0.97', number_of_roles: 1, works: [] }
    },
    'changed-by-others': {
      summary: 'Somebody else has changed it since it was read',
      params: { id: 4 },
      headers: { 'if-match': '"7"' },
      body: { number_of_roles: 1 },
      status: 412,
      answer: problemExample('INS_INSIGHT_CHANGED', CHANGED)
    }
  }
})
const config = { scope: 'write' } as const

/** What the fields are to become, from what they are. */
type Change = (current: InsightFields) => InsightFields

/** Replacing an insight and changing some of its fields. Neither ever creates one. */
export const insightChanges: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { store, announceRefresh, clock }) => {
  /** Of many changes of one insight at a time all but one would be overtaken, and computed again, and all but one of those. */
  const oneByOne = createOneByOne(error => isAppError(error, 'INS_STORE_UNAVAILABLE'))
  const answer = async (request: FastifyRequest, reply: FastifyReply, document: InsightDocument): Promise<InsightAnswer> => {
    if (document.refresh.is_pending) await announceRefresh(document.id, request)
    reply.headers(versionHeaders(document, clock.now()))
    return toInsightAnswer(document)
  }

  app.decorateRequest('removedFields', null)

  app.put('/api/user_insights/:id', { schema: ReplaceSchema, config }, async (request, reply) => {
    const { params: { id }, headers, body } = request
    const fields = toFields(body)
    const document = isConditional(headers)
      ? await oneByOne(id, async () => await change(store, id, headers, () => fields))
      : await store.replaceFields(id, fields)
    if (document === null) throw unknownInsight()
    return await answer(request, reply, document)
  })

  app.patch('/api/user_insights/:id', { schema: PatchSchema, config, preValidation: setNullsAside }, async (request, reply) => {
    const { params: { id }, headers, body, removedFields } = request
    const toNew: Change = current => mergeFields(current, body, removedFields ?? [])
    const document = await oneByOne(id, async () => await change(store, id, headers, toNew))
    return await answer(request, reply, document)
  })
}

/**
 * Changes the fields by compare-and-set: computed again when another process was faster, unless the condition of the
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
