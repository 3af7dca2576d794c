import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsync } from 'fastify'

/** Where the page is served. */
export const DOCS_PATH = '/docs'

/**
 * Nothing from outside. Styles are allowed in the page because its components set theirs that way. The policy that
 * comes with the page would turn every request into HTTPS, which a service without a certificate does not answer.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

/**
 * The API as a page for people, on which calls can be tried, for tokens with the scope read, also by a browser's own
 * sign-in. What is tried there needs a token of its own, entered on the page. Must be registered behind
 * `authentication`, and after `openApi`.
 */
export const docsPage: FastifyPluginAsync = async app => {
  app.addHook('onRoute', route => {
    route.config = { ...route.config, scope: 'read', allowBasic: true }
    route.schema = { ...route.schema, hide: true }
  })
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ 'content-security-policy': CONTENT_SECURITY_POLICY, 'referrer-policy': 'same-origin' })
  })
  await app.register(swaggerUi, {
    routePrefix: DOCS_PATH,
    staticCSP: false,
    validatorUrl: false,
    theme: { title: 'Insights API' },
    uiConfig: { deepLinking: true, displayRequestDuration: true, persistAuthorization: false, tryItOutEnabled: true, docExpansion: 'list' }
  })
}
