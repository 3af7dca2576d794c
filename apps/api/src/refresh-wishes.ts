import type { FastifyRequest } from 'fastify'
import type { ApiDeps } from './deps.js'
import { withinTime } from './deadline.js'
import { traceIdOf } from './trace-context.js'

/** A queue that answers at all answers far sooner; one that hangs must not hold up writes that are stored already. */
const ENQUEUE_TIMEOUT_MS = 250

/** Passes the wish for a refresh on, with the trace of the request that wishes it; never rejects. */
export type AnnounceRefresh = (id: number, request: Pick<FastifyRequest, 'headers' | 'log'>) => Promise<void>

/** Wraps `enqueueRefresh` so that its failures are counted and logged and never reach a client. */
export function createAnnouncer ({ enqueueRefresh, monitoring }: Pick<ApiDeps, 'enqueueRefresh' | 'monitoring'>): AnnounceRefresh {
  let failureCount = 0
  return async (id, { headers, log }) => {
    const traceId = traceIdOf(headers)
    try {
      const announced = enqueueRefresh(id, traceId === undefined ? {} : { traceId })
      await withinTime(announced, ENQUEUE_TIMEOUT_MS, 'announcing a refresh')
    } catch (error) {
      failureCount++
      monitoring?.metrics.countEnqueueFailure()
      log.warn({ err: error, insight_id: id, failures: failureCount }, 'a refresh was not announced; the planner will find it')
    }
  }
}
