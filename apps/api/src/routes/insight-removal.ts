import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { AppError, CountSchema, isAppError } from '@insights/shared'
import type { InsightStore, Receipt } from '@insights/storage'
import { describe, problemExample } from '../openapi/describe.js'
import { assertCondition, isConditional, WriteConditionSchema, type WriteCondition } from '../preconditions.js'
import type { DropRefresh } from '../refresh-wishes.js'
import { answer, bodyCodes, named, responses, TimestampSchema } from './answer-schemas.js'
import { InsightPathSchema } from './insight-schemas.js'
import { unknownInsight } from './insights.js'

/** So many changes of one insight at the same moment are a storm, which the client has to let pass. */
const MAX_TRIES = 100

const NO_RECEIPT = 'No insight with this id was deleted.'

export interface RemovalOptions {
  store: InsightStore
  dropRefresh: DropRefresh
}

/** What stays of an insight that was erased. */
const ReceiptSchema = named('Receipt', Type.Object({
  id: Type.Integer(),
  deleted_at: TimestampSchema,
  removed: Type.Object({ insights: CountSchema, works: CountSchema, accounts: CountSchema }, { description: 'How much of each kind was erased' }),
  hash: Type.String({ description: 'SHA-256, in hexadecimal, of `id`, `deleted_at` and `removed` as JSON with sorted keys and no spaces' })
}))

const RECEIPT = {
  id: 5,
  deleted_at: '2026-11-23T16:44:20.912Z',
  removed: { insights: 1, works: 0, accounts: 0 },
  hash: '4f5c5f10e38a5fb2d4bcd5dd2ba4d0a3fd9dc2a83a3a7b8ea9cbe8f1a6b0c7e2'
}

const RemoveSchema = describe({
  operationId: 'deleteInsight',
  summary: 'Erase an insight',
  description: 'All that belongs to it goes. What stays is a receipt, which holds no personal field.',
  tags: ['insights'],
  params: InsightPathSchema,
  headers: WriteConditionSchema,
  response: responses({ 200: answer('The receipt', ReceiptSchema) }, [
    ...bodyCodes, 'INS_INSIGHT_UNKNOWN', 'INS_INSIGHT_DAMAGED', 'INS_INSIGHT_CHANGED', 'INS_STORE_FULL'
  ]),
  examples: { erased: { summary: 'An insight without works and accounts', params: { id: 5 }, status: 200, answer: RECEIPT } }
})
const ReadSchema = describe({
  operationId: 'getReceipt',
  summary: 'Read the receipt of an erased insight',
  tags: ['insights'],
  params: InsightPathSchema,
  response: responses({ 200: answer('The receipt', ReceiptSchema) }, ['INS_RECEIPT_UNKNOWN']),
  examples: {
    erased: { summary: 'An insight that was erased', params: { id: 6 }, status: 200, answer: { ...RECEIPT, id: 6 } },
    there: {
      summary: 'An insight that was not erased',
      params: { id: 1 },
      status: 404,
      answer: problemExample('INS_RECEIPT_UNKNOWN', NO_RECEIPT)
    }
  }
})

/** Erasing an insight with all that belongs to it, and the receipt of that, which stays. */
export const insightRemoval: FastifyPluginAsyncTypebox<RemovalOptions> = async (app, { store, dropRefresh }) => {
  app.delete('/api/user_insights/:id', { schema: RemoveSchema, config: { scope: 'write' } }, async request => {
    const { params: { id }, headers, log } = request
    const receipt = isConditional(headers) ? await removeIf(store, id, headers) : await store.remove(id)
    if (receipt === null) throw unknownInsight()
    await dropRefresh(id, log)
    return receipt
  })

  app.get('/api/user_insights/:id/receipt', { schema: ReadSchema, config: { scope: 'read' } }, async request => {
    const receipt = await store.findReceipt(request.params.id)
    if (receipt === null) throw new AppError('INS_RECEIPT_UNKNOWN', NO_RECEIPT)
    return receipt
  })
}

/** @throws `INS_INSIGHT_CHANGED`; `INS_SERVICE_BUSY` when it was changed between every look and the removal. */
async function removeIf (store: InsightStore, id: number, condition: WriteCondition): Promise<Receipt | null> {
  for (let count = 0; count < MAX_TRIES; count++) {
    const current = await store.find(id)
    if (current === null) return null
    assertCondition(condition, current)
    try {
      return await store.remove(id, { ifRev: current.rev })
    } catch (error) {
      if (!isAppError(error, 'INS_INSIGHT_CHANGED')) throw error
    }
  }
  throw new AppError('INS_SERVICE_BUSY', 'Too many requests change this insight at the same moment.', { retryAfterSeconds: 1 })
}
