import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import type { FastifyError, FastifyPluginAsync, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { AppError, isAppError } from '@insights/shared'
import type { DashboardQueue } from '../deps.js'
import { isFromAnotherSite } from '../same-site.js'

export interface DashboardOptions {
  queues: readonly DashboardQueue[]
  /** Whether jobs can be changed in it. */
  isWritable: boolean
}

/** Where it is served; has to be registered with this as prefix. */
export const DASHBOARD_PATH = '/queues'

/**
 * Nothing from outside, whatever the page links: it names a web font of another site. Styles are allowed in the page
 * because its components set theirs that way.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

class ShownQueue extends BullMQAdapter {
  /** On the embedded database workers leave no trace that could be listed: `null`, unknown, rather than "no workers". */
  override async getWorkers (): ReturnType<BullMQAdapter['getWorkers']> {
    return await this.getClient() === null ? null : await super.getWorkers()
  }
}

/**
 * The page in which people look into the queues, for tokens with the scope admin, also by a browser's own sign-in. It
 * only shows, unless it is writable. Must be registered behind `authentication`: the dashboard itself checks nothing.
 */
export const dashboard: FastifyPluginAsync<DashboardOptions> = async (app, { queues, isWritable }) => {
  const board = new FastifyAdapter().setBasePath(DASHBOARD_PATH)
  createBullBoard({
    queues: queues.map(queue => new ShownQueue(queue, { readOnlyMode: !isWritable })),
    serverAdapter: board,
    options: { uiConfig: { boardTitle: 'Insights queues' } }
  })

  // The dashboard's own error handler would answer with the message of whatever was thrown.
  const answerError = async (error: FastifyError, request: FastifyRequest, reply: FastifyReply): Promise<unknown> =>
    app.errorHandler(await explain(error, queues), request, reply)
  app.addHook('onRoute', route => {
    route.config = { ...route.config, scope: 'admin', allowBasic: true }
    route.schema = { ...route.schema, hide: true }
    // Fastify waits for a promise here as well, though its types do not say so.
    route.errorHandler = answerError as RouteOptions['errorHandler']
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'content-security-policy': CONTENT_SECURITY_POLICY, 'referrer-policy': 'same-origin' })
    if (request.method === 'GET' || request.method === 'HEAD') return
    if (!isWritable) throw new AppError('INS_ROUTE_METHOD', 'The dashboard only shows the queues; DASHBOARD_WRITABLE=true lets it change them.', { allow: [] })
    if (isFromAnotherSite(request.headers)) throw new AppError('INS_AUTH_ORIGIN', 'Another site may not change the queues.')
  })
  // An asset that does not exist. Paths that no route takes do not get this far.
  app.setNotFoundHandler(() => { throw new AppError('INS_ROUTE_UNKNOWN', 'Nothing is found under this path.') })
  await app.register(board.registerPlugin())
}

/** What the queue library throws tells nothing of its backend; whether that is there is asked. */
async function explain (error: FastifyError, [queue]: readonly DashboardQueue[]): Promise<FastifyError | AppError> {
  if (isAppError(error) || queue === undefined) return error
  try {
    await queue.isPaused()
    return error
  } catch {
    return new AppError('INS_QUEUE_UNAVAILABLE', 'The queues can not be reached at the moment.', { cause: error })
  }
}
