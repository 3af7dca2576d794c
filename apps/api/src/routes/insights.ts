import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { AppError, type Clock } from '@insights/shared'
import type { InsightStore } from '@insights/storage'
import { answerOnce } from '../answer-once.js'
import { IdempotencySchema } from '../idempotency-key.js'
import { toLocation } from '../links.js'
import { describe, problemExample } from '../openapi/describe.js'
import { isNotModified, ReadConditionSchema, versionHeaders } from '../preconditions.js'
import type { AnnounceRefresh } from '../refresh-wishes.js'
import { answer, bodyCodes, insightKeyCodes, responses } from './answer-schemas.js'
import { toInsightAnswer } from './insight-answer.js'
import { ARTIST_WITH_A_WORK, FAULTS, FAULTY_ARTIST, FRESH_ARTIST, KNOWN_ARTIST } from './insight-examples.js'
import { toFields } from './insight-input.js'
import { InsightAnswerSchema, InsightInputSchema, InsightPathSchema } from './insight-schemas.js'

export interface RouteOptions {
  store: InsightStore
  announceRefresh: AnnounceRefresh
  /** Tells how settled a change is. */
  clock: Clock
  /** What addresses in `Location` begin with; `null` = they are paths. */
  publicUrl: string | null
}

const CreateSchema = describe({
  operationId: 'createInsight',
  summary: 'Store an insight and ask for its counts',
  description: 'Answers at once, before any platform was asked: the score is 0.00 and the counts are null. ' +
    'Under an `Idempotency-Key` a request that got no answer can be sent again and makes one insight: the repeat gets the answer of the first one.',
  tags: ['insights'],
  headers: IdempotencySchema,
  body: InsightInputSchema,
  response: responses({
    201: answer('The insight as it was stored', InsightAnswerSchema, { headers: ['location', 'etag', 'last-modified', 'idempotency-replayed'] })
  }, [...bodyCodes, ...insightKeyCodes, 'INS_EXTERNAL_ID_TAKEN', 'INS_STORE_FULL']),
  problemHeaders: { 409: ['retry-after'] },
  examples: {
    'one-work': { summary: 'An artist with one work', body: ARTIST_WITH_A_WORK, status: 201, answer: FRESH_ARTIST },
    'under-a-key': {
      summary: 'So that it can be sent again',
      headers: { 'idempotency-key': '"8e03978e-40d5-43dd-bc93-6894a57f9324"' },
      body: ARTIST_WITH_A_WORK,
      status: 201,
      answer: FRESH_ARTIST
    },
    'several-faults': { summary: 'Every fault is named', body: FAULTY_ARTIST, status: 400, answer: FAULTS }
  }
})
const ReadSchema = describe({
  operationId: 'getInsight',
  summary: 'Read an insight with its counts and score',
  description: 'Answered from the store alone: no platform is waited for.',
  tags: ['insights'],
  params: InsightPathSchema,
  headers: ReadConditionSchema,
  response: responses({
    200: answer('The insight', InsightAnswerSchema, { headers: ['etag', 'last-modified'] }),
    304: answer('Nothing has changed since what the conditions name', Type.Null(), { headers: ['etag', 'last-modified'] })
  }, ['INS_INSIGHT_UNKNOWN', 'INS_INSIGHT_DAMAGED']),
  examples: {
    known: { summary: 'An artist whose counts are known', params: { id: 1 }, status: 200, answer: KNOWN_ARTIST },
    unknown: {
      summary: 'There never was such an insight, or it was erased',
      params: { id: 9007199254740991 },
      status: 404,
      answer: problemExample('INS_INSIGHT_UNKNOWN', 'No insight has this id.')
    },
    unchanged: { summary: 'The fields are still those of the ETag', params: { id: 1 }, headers: { 'if-none-match': '"1"' }, status: 304 }
  }
})

/** Creating and reading insights. Both answer from the store alone, whatever queue and platforms do. */
export const insights: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { store, announceRefresh, clock, publicUrl }) => {
  app.post('/api/user_insights', { schema: CreateSchema, config: { scope: 'write' } }, async (request, reply) => {
    const fields = toFields(request.body)
    return await answerOnce({ store, request, reply, call: 'createInsight', payload: fields }, async hold => {
      const document = await store.create(fields, hold)
      await announceRefresh(document.id, request)
      const headers = { location: toLocation(publicUrl, `/api/user_insights/${document.id}`), ...versionHeaders(document, clock.now()) }
      return { status: 201, headers, body: toInsightAnswer(document) }
    })
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
