// Fastify as it comes: no authentication, no validation, no log, no store.
import fastify from 'fastify'
import { readAnswers, reportUrl } from './answers.js'

const app = fastify()
for (const { method, path, status, body } of readAnswers()) {
  app.route({
    method,
    url: path,
    handler: async (_request, reply) => {
      reply.code(status)
      return body
    }
  })
}
reportUrl(await app.listen({ host: '127.0.0.1', port: 0 }))
