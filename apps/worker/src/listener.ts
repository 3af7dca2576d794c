import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppError, systemClock, type Clock, type Log, type Milliseconds } from '@insights/shared'
import { createAnswering, toProblemAnswer, type AnsweringDeps } from './listener-answers.js'

export interface ListenerOptions extends Omit<AnsweringDeps, 'clock'> {
  host: string
  /** 0 = any free port. */
  port: number
  log: Log
  /** Decides when tokens expire; by default the clock of this machine. */
  clock?: Clock
}

export interface Listener {
  /** Where it listens, e.g. `http://127.0.0.1:3001`, without a slash at the end. */
  url: string
  /** Takes no more connections, answers what is under way, and cuts what has not ended two seconds later. */
  close: () => Promise<void>
}

/** A probe or a scraper sends a few hundred bytes at once. */
const RECEIVE_LIMIT_MS: Milliseconds = 5_000

/** Probes, scrapers and a curious person need one each. */
const MAX_CONNECTIONS = 100

/** Above the second for which an answer may wait for store and queue. */
const CLOSE_LIMIT_MS: Milliseconds = 2_000

/**
 * Starts the small listener of a worker process: GET and HEAD of `/livez` (the process answers), `/readyz` (store and
 * queue do too, asked for a second at most) and `/metrics` (for a token with the scope `metrics` or `admin`).
 * Everything else is a 404 or a 405. Errors are problem documents, as those of the API.
 *
 * @throws AppError `INS_ADDRESS_UNUSABLE`
 */
export async function startListener ({ host, port, log, clock = systemClock, ...deps }: ListenerOptions): Promise<Listener> {
  const answer = createAnswering({ ...deps, clock })
  const server = createServer({
    requestTimeout: RECEIVE_LIMIT_MS, headersTimeout: RECEIVE_LIMIT_MS, connectionsCheckingInterval: RECEIVE_LIMIT_MS / 4
  })
  server.maxConnections = MAX_CONNECTIONS
  server.on('request', (request, response) => { respond(answer, log, request, response) })
  await listen(server, host, port)
  return { url: urlOf(server, host), close: async () => { await close(server) } }
}

function respond (
  answer: ReturnType<typeof createAnswering>, log: Log, request: IncomingMessage, response: ServerResponse
): void {
  const requestId = randomUUID()
  answer(request).catch((error: unknown) => {
    const problem = toProblemAnswer(error, requestId)
    if (problem.status >= 500) log.warn({ err: error, request_id: requestId, status: problem.status }, 'a probe or scrape failed')
    return problem
  }).then(({ status, headers, body }) => {
    response.writeHead(status, {
      ...headers,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': requestId
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }).catch((err: unknown) => { log.warn({ err, request_id: requestId }, 'an answer could not be sent') })
}

async function listen (server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown reason'
    throw new AppError('INS_ADDRESS_UNUSABLE',
      `Can not listen on ${host}, port ${port} (${reason}): stop what uses it, or set HOST or WORKER_PORT.`, { cause })
  }
}

function urlOf (server: Server, host: string): string {
  const { port } = server.address() as AddressInfo
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`
}

async function close (server: Server): Promise<void> {
  const limit = setTimeout(() => { server.closeAllConnections() }, CLOSE_LIMIT_MS)
  try {
    await new Promise<void>(resolve => { server.close(() => { resolve() }) })
  } finally {
    clearTimeout(limit)
  }
}
