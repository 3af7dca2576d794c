import type { FastifyInstance } from 'fastify'
import plugin from 'fastify-plugin'
import { answerHeaders } from '../answer-headers.js'

/** Sets the headers of every answer, errors and unknown paths included. */
export const answerHeadersOnAll = plugin(async (app: FastifyInstance) => {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(answerHeaders(request.id))
  })
}, { name: 'answer-headers' })
