import type { IncomingMessage } from 'node:http'
import { createScrape, createScrapeGuard, type Metrics, type PlatformSource, type ScrapeGuardDeps } from '@insights/metrics'
import type { JobQueues } from '@insights/queue'
import { AppError, ERRORS, isAppError, type Clock, type Milliseconds } from '@insights/shared'
import type { InsightStore } from '@insights/storage'

/** What the answers of a worker's listener come from. All of it is borrowed. */
export interface AnsweringDeps {
  store: Pick<InsightStore, 'ping' | 'backlog'>
  queues: Pick<JobQueues, 'ping' | 'countJobs'>
  tokens: ScrapeGuardDeps['tokens']
  metrics: Metrics
  /** Without it `/metrics` says nothing of platforms. */
  platforms?: PlatformSource
  clock: Clock
  /** `false` while the process starts or drains: `/readyz` then answers 503. */
  isReady: () => boolean
}

export interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

/** A store or queue that takes longer to say that it is there is of no use to jobs either. */
const PING_LIMIT_MS: Milliseconds = 1_000

const RETRY_AFTER_SECONDS = 2

const METHODS = ['GET', 'HEAD']

/** Makes the function that answers the requests of a worker's listener. It rejects with what is to be a problem. */
export function createAnswering (deps: AnsweringDeps): (request: IncomingMessage) => Promise<Answer> {
  const { store, queues, metrics, platforms, isReady } = deps
  const checkToken = createScrapeGuard(deps)
  const scrape = createScrape({
    metrics,
    readBacklog: async () => await store.backlog(),
    countJobs: async () => await queues.countJobs(),
    platforms
  })
  const routes: Record<string, (request: IncomingMessage) => Promise<Answer>> = {
    '/livez': async () => json(200, { status: 'ok' }),
    '/readyz': async () => {
      if (!isReady()) throw new AppError('INS_SERVICE_BUSY', 'The worker is starting or stopping.')
      await Promise.all([withinLimit(store.ping()), queues.ping(PING_LIMIT_MS)])
      return json(200, { status: 'ready' })
    },
    '/metrics': async ({ headers }) => {
      await checkToken(headers.authorization)
      const { contentType, text } = await scrape()
      return { status: 200, headers: { 'content-type': contentType }, body: text }
    }
  }
  return async request => {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    const route = new Map(Object.entries(routes)).get(path.replace(/(?<=.)\/$/, ''))
    if (route === undefined) throw new AppError('INS_ROUTE_UNKNOWN', 'A worker has /livez, /readyz and /metrics.')
    if (!METHODS.includes(request.method ?? '')) {
      throw new AppError('INS_ROUTE_METHOD', `This resource has ${METHODS.join(', ')}.`, { allow: METHODS })
    }
    return await route(request)
  }
}

/** An error as a problem document (RFC 9457). Of one on our side only the kind is shown. */
export function toProblemAnswer (error: unknown, requestId: string): Answer {
  const { code, message, allow } = isAppError(error) ? error : new AppError('INS_INTERNAL', 'Something unforeseen went wrong.')
  const { title, status } = ERRORS[code]
  const detail = (status ?? 500) < 500 ? message : 'The log of the worker has the cause under this request_id.'
  const problem = { type: `urn:insights:error:${code}`, title, status: status ?? 500, detail, code, request_id: requestId }
  return {
    ...json(problem.status, problem),
    headers: {
      'content-type': 'application/problem+json',
      ...(status === 401 && { 'www-authenticate': 'Basic realm="insights"' }),
      ...(status === 503 && { 'retry-after': String(RETRY_AFTER_SECONDS) }),
      ...(allow !== undefined && { allow: allow.join(', ') })
    }
  }
}

async function withinLimit (ping: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    const error = new AppError('INS_STORE_UNAVAILABLE', `The store did not answer within ${PING_LIMIT_MS} ms.`)
    timer = setTimeout(() => { reject(error) }, PING_LIMIT_MS)
  })
  try {
    await Promise.race([ping, limit])
  } finally {
    clearTimeout(timer)
  }
}

function json (status: number, value: object): Answer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(value) }
}
