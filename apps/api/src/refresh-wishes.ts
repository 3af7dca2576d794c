import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
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

/** Takes the waiting refresh of an insight that was erased out of the queue; never rejects. */
export type DropRefresh = (id: number, log: FastifyBaseLogger) => Promise<void>

/** Wraps `dropRefresh` so that its failures are logged and never reach a client: a job that stays finds no insight. */
export function createDropper ({ dropRefresh }: Pick<ApiDeps, 'dropRefresh'>): DropRefresh {
  return async (id, log) => {
    try {
      await withinTime(dropRefresh(id), ENQUEUE_TIMEOUT_MS, 'dropping a refresh')
    } catch (err) {
      log.warn({ err, insight_id: id }, 'the waiting refresh of a deleted insight was not dropped; it will find nothing to do')
    }
  }
}
