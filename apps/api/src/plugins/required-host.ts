import type { FastifyInstance } from 'fastify'
import plugin from 'fastify-plugin'
import { AppError } from '@insights/shared'

/**
 * Refuses requests of HTTP/1.1 that do not say which host they are for (RFC 9112, section 3.2). Node would do that
 * itself, without a body.
 */
export const requiredHost = plugin(async (app: FastifyInstance) => {
  app.addHook('onRequest', async ({ raw: { httpVersion }, headers: { host } }) => {
    if (httpVersion !== '1.1' || host !== undefined) return
    throw new AppError('INS_REQUEST_MALFORMED', 'A request of HTTP/1.1 needs the header Host.')
  })
}, { name: 'required-host' })
