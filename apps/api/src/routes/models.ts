import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { AppError, findModel, INSIGHT_1, SCORING_MODELS } from '@insights/shared'
import { describe } from '../openapi/describe.js'
import { answer, responses } from './answer-schemas.js'
import { ModelAnswerSchema, ModelListSchema, toModelAnswer } from './model-answer.js'

const headers = ['etag.model', 'cache-control.model'] as const
const notModified = answer('Unchanged since the answer whose ETag was sent in If-None-Match', Type.Null(), { headers })
const MODEL = toModelAnswer(INSIGHT_1)

const ListSchema = describe({
  operationId: 'listModels',
  summary: 'List the scoring models',
  tags: ['scores'],
  requestHeaders: ['if-none-match'],
  response: responses({ 200: answer('All models that a score was ever computed with', ModelListSchema, { headers }), 304: notModified }, []),
  examples: { all: { summary: 'The only model so far', status: 200, answer: { results: [MODEL] } } }
})
const ReadSchema = describe({
  operationId: 'getModel',
  summary: 'Read a scoring model: formula, signals and hash',
  tags: ['scores'],
  params: Type.Object({ id: Type.String() }),
  requestHeaders: ['if-none-match'],
  response: responses({ 200: answer('The model', ModelAnswerSchema, { headers }), 304: notModified }, ['INS_MODEL_UNKNOWN']),
  examples: { current: { summary: 'The model in use', params: { id: 'insight-1' }, status: 200, answer: MODEL } }
})

/**
 * A model never changes, but which one is in use does, with a new version of the service: so a copy is kept for a
 * minute, and then asked about by its ETag.
 */
const CACHING = 'private, max-age=60'

/** The scoring models: what a stored score was computed with, and anybody can compute again. */
export const models: FastifyPluginAsyncTypebox = async app => {
  app.get('/api/models', { schema: ListSchema, config: { scope: 'read' } }, async (request, reply) =>
    await sendCacheable(request, reply, { results: SCORING_MODELS.map(toModelAnswer) }))

  app.get('/api/models/:id', { schema: ReadSchema, config: { scope: 'read' } }, async (request, reply) => {
    const model = findModel(request.params.id)
    if (model === null) throw new AppError('INS_MODEL_UNKNOWN', 'No scoring model has this id.')
    return await sendCacheable(request, reply, toModelAnswer(model))
  })
}

async function sendCacheable (request: FastifyRequest, reply: FastifyReply, answer: object): Promise<never> {
  const tag = `"${createHash('sha256').update(JSON.stringify(answer)).digest('base64url').slice(0, 22)}"`
  reply.headers({ etag: tag, 'cache-control': CACHING })
  return isKnown(request.headers['if-none-match'], tag)
    ? await reply.code(304).send() as never
    : await reply.send(answer) as never
}

/** If-None-Match compares weakly: `W/` makes no difference, and `*` stands for whatever there is. */
function isKnown (header: string | undefined, tag: string): boolean {
  return (header ?? '').split(',').map(text => text.trim()).some(text => text === '*' || text.replace(/^W\//, '') === tag)
}
