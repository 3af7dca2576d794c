// Fastify as it comes: no authentication, no validation, no log, no store.
import fastify from 'fastify'
import { readAnswers, reportUrl } from './answers.js'

const answers = readAnswers()
const app = fastify()
app.get('/api/user_insights/:id', async () => answers.get)
app.post('/api/user_insights/', async (_request, reply) => {
  reply.code(201)
  return answers.post
})
reportUrl(await app.listen({ host: '127.0.0.1', port: 0 }))
