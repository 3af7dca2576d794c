import underPressure from '@fastify/under-pressure'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import plugin from 'fastify-plugin'
import { AppError, type Milliseconds } from '@insights/shared'
import { problemHeaders, toProblem } from '../problem.js'

export interface LoadSheddingOptions {
  /** The mean delay of the event loop over a second above which requests are turned away; 0 = none is. */
  maxEventLoopDelayMs: Milliseconds
}

/** What an operator must be able to ask when nobody else is let in. */
const NEVER_SHED = new Set(['/livez', '/metrics'])

/** Over how long the delay is averaged: a single long pause, as of a garbage collection, turns nobody away for longer. */
const SAMPLE_MS: Milliseconds = 1_000

/** One line tells that requests are turned away; thousands would only add to the load. */
const LOGGED_EVERY_MS: Milliseconds = 10_000

/**
 * Answers 503 with `Retry-After`, at once and before anything else is done, while the event loop is late: what is let
 * in then would only make everything later, until nothing is answered in time.
 */
export const loadShedding = plugin(async (app: FastifyInstance, { maxEventLoopDelayMs }: LoadSheddingOptions) => {
  if (maxEventLoopDelayMs === 0) return
  const busy = new AppError('INS_SERVICE_BUSY', 'The service is overloaded.')
  let loggedAt = -Infinity

  const shed = (request: FastifyRequest, reply: FastifyReply, _type: string, delayMs: number | undefined): unknown => {
    if (NEVER_SHED.has(request.routeOptions.url ?? '')) return undefined
    if (performance.now() - loggedAt > LOGGED_EVERY_MS) {
      loggedAt = performance.now()
      app.log.warn({ event_loop_delay_ms: Math.round(delayMs ?? 0) }, 'the event loop is late: turning requests away')
    }
    // Answered here: the error handler would log each of them with its stack.
    const problem = toProblem(busy, request.id)
    reply.errorCode = busy.code
    reply.code(problem.status).headers(problemHeaders(busy))
    return JSON.stringify(problem)
  }
  // The types know only handlers that throw or let pass; what one returns is sent as the answer.
  const pressureHandler = shed as (...args: Parameters<typeof shed>) => void
  await app.register(underPressure, { maxEventLoopDelay: maxEventLoopDelayMs, sampleInterval: SAMPLE_MS, pressureHandler })
}, { name: 'load-shedding' })
