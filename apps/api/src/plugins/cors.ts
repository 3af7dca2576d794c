import type { FastifyInstance } from 'fastify'
import plugin from 'fastify-plugin'
import { ANSWER_HEADERS, nameOfHeader, REQUEST_HEADERS, type AnswerHeader } from '../openapi/headers.js'

export interface CorsOptions {
  /** Exactly as browsers send them, e.g. `https://app.example`; empty = no page of another origin may read answers. */
  origins: readonly string[]
}

const ALLOWED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const ALLOWED_HEADERS = ['authorization', 'content-type', ...Object.keys(REQUEST_HEADERS), 'x-request-id', 'traceparent'].join(', ')
const EXPOSED_HEADERS = [...new Set((Object.keys(ANSWER_HEADERS) as AnswerHeader[]).map(nameOfHeader))].join(', ')

/** How long browsers may keep the answer to a preflight; a change of the settings counts after it at the latest. */
const PREFLIGHT_SECONDS = 600

/**
 * Lets pages of the given origins read answers, errors included, and send what the API understands. Credentials of
 * the browser are not allowed: tokens come in a header. Preflights are OPTIONS, which every path answers anyway. Has
 * to be registered before whatever may end a request.
 */
export const cors = plugin(async (app: FastifyInstance, { origins }: CorsOptions) => {
  if (origins.length === 0) return
  const allowed = new Set(origins)
  app.addHook('onRequest', async ({ method, headers: { origin, 'access-control-request-method': wanted } }, reply) => {
    if (origin === undefined || !allowed.has(origin)) return
    reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED_HEADERS })
    if (method !== 'OPTIONS' || wanted === undefined) return
    reply.headers({
      'access-control-allow-methods': ALLOWED_METHODS,
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': String(PREFLIGHT_SECONDS)
    })
  })
  // At the end, beside what the answer itself depends on.
  app.addHook('onSend', async (_request, reply) => {
    const others = reply.getHeader('vary')
    reply.header('vary', others === undefined ? 'Origin' : `${String(others)}, Origin`)
  })
}, { name: 'cors' })
