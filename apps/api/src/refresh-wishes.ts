import type { FastifyBaseLogger } from 'fastify'
import type { ApiDeps } from './deps.js'
import { withinTime } from './deadline.js'

/** A queue that answers at all answers far sooner; one that hangs must not hold up writes that are stored already. */
const ENQUEUE_TIMEOUT_MS = 250

/** Passes the wish for a refresh on; never rejects. */
export type AnnounceRefresh = (id: number, log: FastifyBaseLogger) => Promise<void>

/** Wraps `enqueueRefresh` so that its failures are counted and logged and never reach a client. */
export function createAnnouncer (deps: Pick<ApiDeps, 'enqueueRefresh'>): AnnounceRefresh {
  let failureCount = 0
  return async (id, log) => {
    try {
      await withinTime(deps.enqueueRefresh(id), ENQUEUE_TIMEOUT_MS, 'announcing a refresh')
    } catch (error) {
      failureCount++
      log.warn({ err: error, insight_id: id, failures: failureCount }, 'a refresh was not announced; the planner will find it')
    }
  }
}
