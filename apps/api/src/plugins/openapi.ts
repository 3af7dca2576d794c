import swagger from '@fastify/swagger'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import plugin from 'fastify-plugin'
import { describe } from '../openapi/describe.js'
import { openApiOptions } from '../openapi/document.js'
import { answer, openResponses } from '../routes/answer-schemas.js'

const ReadSchema = describe({
  operationId: 'getOpenApi',
  summary: 'This document',
  tags: ['operations'],
  response: openResponses({ 200: answer('The API as OpenAPI 3.1', Type.Unsafe<object>({ type: 'object', additionalProperties: true })) }, []),
  examples: { document: { summary: 'The document', status: 200 } }
})

/**
 * Describes the API at `/openapi.json`, made of the schemas of the routes. Nobody has to sign in for it: it tells
 * nothing that the source does not tell. Has to be registered before the routes, which it takes note of.
 */
export const openApi = plugin(async (app: FastifyInstance) => {
  await app.register(swagger, openApiOptions())
  let text: string | null = null
  app.get('/openapi.json', { schema: ReadSchema, config: { isPublic: true } }, async (_request, reply) => {
    text ??= JSON.stringify(app.swagger())
    return await reply.header('content-type', 'application/json; charset=utf-8').send(text)
  })
}, { name: 'openapi' })
