import type { FastifyInstance } from 'fastify'
import fastify from 'fastify'
import type { ApiDeps, ApiSettings } from './deps.js'
import { buildClientErrorHandler } from './client-errors.js'
import { answerHeadersOnAll } from './plugins/answer-headers.js'
import { authentication } from './plugins/auth.js'
import { bodies } from './plugins/bodies.js'
import { cors } from './plugins/cors.js'
import { docsPage } from './plugins/docs-page.js'
import { draining } from './plugins/draining.js'
import { errors, sendError } from './plugins/errors.js'
import { health } from './plugins/health.js'
import { loadShedding } from './plugins/load-shedding.js'
import { metrics } from './plugins/metrics.js'
import { openApi } from './plugins/openapi.js'
import { rateLimit } from './plugins/rate-limit.js'
import { receiveTimeout } from './plugins/receive-timeout.js'
import { requiredHost } from './plugins/required-host.js'
import { unknownRoutes } from './plugins/unknown-routes.js'
import { createAnnouncer, createDropper } from './refresh-wishes.js'
import { requestIdOf } from './request-id.js'
import { RequestLog, withoutSecrets } from './request-log.js'
import { history } from './routes/history.js'
import { insightChanges } from './routes/insight-changes.js'
import { insightRemoval } from './routes/insight-removal.js'
import { insights } from './routes/insights.js'
import { models } from './routes/models.js'
import { bulk } from './routes/bulk.js'
import { exports } from './routes/exports.js'
import { lists } from './routes/lists.js'
import { platforms } from './routes/platforms.js'
import { refreshes } from './routes/refreshes.js'
import { score } from './routes/score.js'
import { tokenRoutes } from './routes/tokens.js'
import { createTokenLookup } from './token-lookup.js'
import { traceIdOf } from './trace-context.js'
import { validatorCompiler } from './validation/compiler.js'

/** Far more than the host's connection pools and a balancer hold. What comes beyond is closed before it costs memory. */
const MAX_CONNECTIONS = 10_000

/**
 * Builds the API from what it is given; listening is up to the caller, and so is closing what was lent. The app is
 * ready to be used when the promise resolves. It reads no environment and keeps no state but a token cache.
 */
export async function buildApp (deps: ApiDeps, settings: ApiSettings): Promise<FastifyInstance> {
  const { store, tokens, clock, isReady, monitoring, rateLimitRedis } = deps
  const { bodyLimitBytes, requestTimeoutMs, rateLimitPerMinute = 0, maxEventLoopDelayMs = 0, publicUrl = null, corsOrigins = [] } = settings
  const app = createServer(deps, settings)

  await app.register(errors, { bodyLimitBytes })
  await app.register(draining)
  await app.register(receiveTimeout, { timeoutMs: requestTimeoutMs, giveUp: buildClientErrorHandler(deps.log) })
  await app.register(answerHeadersOnAll)
  await app.register(cors, { origins: corsOrigins })
  await app.register(requiredHost)
  await app.register(loadShedding, { maxEventLoopDelayMs })
  await app.register(unknownRoutes)
  await app.register(bodies)
  await app.register(openApi)
  await app.register(rateLimit, { limit: rateLimitPerMinute, redis: rateLimitRedis })
  if (monitoring !== undefined) await app.register(metrics, { monitoring, store, tokens, clock, platforms: deps.platforms })

  await app.register(health, { store, isReady })
  await app.register(async api => {
    const options = { store, announceRefresh: createAnnouncer(deps), clock, publicUrl }
    const lookup = createTokenLookup(tokens, clock)
    await api.register(authentication, { tokens, lookup, clock })
    await api.register(insights, options)
    await api.register(insightChanges, options)
    await api.register(lists, { store, publicUrl })
    await api.register(exports, { store })
    await api.register(bulk, { store, bodyLimitBytes, requestTimeoutMs })
    await api.register(insightRemoval, { store, dropRefresh: createDropper(deps) })
    await api.register(refreshes, options)
    await api.register(score, options)
    if (deps.history !== undefined) await api.register(history, { store, history: deps.history, clock, publicUrl })
    await api.register(models)
    if (deps.platforms !== undefined) await api.register(platforms, { platforms: deps.platforms })
    await api.register(tokenRoutes, { tokens, store, clock, forget: lookup.forget })
    await api.register(docsPage)
    await registerDashboard(api, deps, settings)
  })

  await app.ready()
  return app
}

/** Loaded only where it is wanted: it costs some 8 MB of memory. */
async function registerDashboard (api: FastifyInstance, { queues }: ApiDeps, settings: ApiSettings): Promise<void> {
  const { isEnabled, isWritable } = settings.dashboard ?? { isEnabled: false, isWritable: false }
  if (!isEnabled || queues === undefined) return
  const { dashboard, DASHBOARD_PATH } = await import('./plugins/dashboard.js')
  await api.register(dashboard, { prefix: DASHBOARD_PATH, queues, isWritable })
}

function createServer (deps: ApiDeps, { bodyLimitBytes, requestTimeoutMs }: ApiSettings): FastifyInstance {
  const app = fastify({
    loggerInstance: withoutSecrets(deps.log),
    logController: new RequestLog(),
    genReqId: requestIdOf,
    childLoggerFactory: (log, bindings, options, { headers }) => {
      const traceId = traceIdOf(headers)
      return log.child(traceId === undefined ? bindings : { ...bindings, trace_id: traceId }, options)
    },
    bodyLimit: bodyLimitBytes,
    // Later than `receiveTimeout` gives up receiving: only one of the two may answer.
    handlerTimeout: Math.ceil(requestTimeoutMs * 1.5),
    // A client that stops reading its answer is cut off; later than any answer may take to begin.
    connectionTimeout: requestTimeoutMs * 2,
    // Node looks for requests that take too long only every half minute unless told otherwise. A missing Host is for
    // `requiredHost` to see.
    http: { headersTimeout: requestTimeoutMs, connectionsCheckingInterval: Math.ceil(requestTimeoutMs / 4), requireHostHeader: false },
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
  app.server.maxConnections = MAX_CONNECTIONS
  // What a client expects beside `100-continue` may be passed over (RFC 9110, section 10.1.1); Node's 417 has no body.
  app.server.on('checkExpectation', (request, response) => { app.server.emit('request', request, response) })
  // Here rather than in `authentication`, because the rate limit also looks at requests that do not pass through that.
  app.decorateRequest('token', null)
  return app.setValidatorCompiler(validatorCompiler) as FastifyInstance
}
