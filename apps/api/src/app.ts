import type { FastifyInstance } from 'fastify'
import fastify from 'fastify'
import type { ApiDeps, ApiSettings } from './deps.js'
import { buildClientErrorHandler } from './client-errors.js'
import { answerHeadersOnAll } from './plugins/answer-headers.js'
import { authentication } from './plugins/auth.js'
import { bodies } from './plugins/bodies.js'
import { draining } from './plugins/draining.js'
import { errors, sendError } from './plugins/errors.js'
import { health } from './plugins/health.js'
import { unknownRoutes } from './plugins/unknown-routes.js'
import { createAnnouncer } from './refresh-wishes.js'
import { requestIdOf } from './request-id.js'
import { RequestLog, withoutSecrets } from './request-log.js'
import { insights } from './routes/insights.js'
import { refreshes } from './routes/refreshes.js'
import { validatorCompiler } from './validation/compiler.js'

/**
 * Builds the API from what it is given; listening is up to the caller, and so is closing what was lent. The app is
 * ready to be used when the promise resolves. It reads no environment and keeps no state but a token cache.
 */
export async function buildApp (deps: ApiDeps, settings: ApiSettings): Promise<FastifyInstance> {
  const { store, tokens, clock, isReady } = deps
  const { bodyLimitBytes } = settings
  const app = createServer(deps, settings)

  await app.register(errors, { bodyLimitBytes })
  await app.register(draining)
  await app.register(answerHeadersOnAll)
  await app.register(unknownRoutes)
  await app.register(bodies)

  await app.register(health, { store, isReady })
  await app.register(async api => {
    const options = { store, announceRefresh: createAnnouncer(deps) }
    await api.register(authentication, { tokens, clock })
    await api.register(insights, options)
    await api.register(refreshes, options)
  })

  await app.ready()
  return app
}

function createServer (deps: ApiDeps, { bodyLimitBytes, requestTimeoutMs }: ApiSettings): FastifyInstance {
  const app = fastify({
    loggerInstance: withoutSecrets(deps.log),
    logController: new RequestLog(),
    genReqId: requestIdOf,
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    // Later than Node gives up receiving, at most 1.25 of the time on: only one of the two may answer.
    handlerTimeout: Math.ceil(requestTimeoutMs * 1.5),
    // Node looks for requests that take too long only every half minute unless told otherwise.
    http: { headersTimeout: requestTimeoutMs, connectionsCheckingInterval: Math.ceil(requestTimeoutMs / 4) },
    forceCloseConnections: 'idle',
    // What arrives on an open connection while the app closes is still answered, and the connection then closed: the
    // framework's own 503 is no problem document, and the store stays open until the app is closed.
    return503OnClosing: false,
    trustProxy: false,
    // Node limits the address to 16 KiB; an id of any length that gets here is for the schema to refuse.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 16_384 },
    frameworkErrors: (error, request, reply) => { sendError(error, request, reply, bodyLimitBytes) },
    clientErrorHandler: buildClientErrorHandler(deps.log)
  })
  return app.setValidatorCompiler(validatorCompiler) as FastifyInstance
}
