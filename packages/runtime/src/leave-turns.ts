import { performance } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { PGlite } from '@electric-sql/pglite'
import type { Milliseconds } from '@insights/shared'

/** So long the rest of the process waits at most for the statements that are run one after the other, and one more. */
const MAX_WITHOUT_TURN_MS: Milliseconds = 10

/**
 * Makes the database leave the event loop its turns. PGlite runs in this thread, and what it answers is there without
 * the event loop having turned: jobs that need nothing but the database follow one another for minutes in which no
 * connection is read, no timer rings and nobody is answered.
 */
export function leaveTurns (db: PGlite): void {
  const execute = db.execProtocolRaw.bind(db)
  let turnedAt = performance.now()
  db.execProtocolRaw = async (message, options) => {
    if (performance.now() - turnedAt > MAX_WITHOUT_TURN_MS) {
      await nextTurn()
      turnedAt = performance.now()
    }
    return await execute(message, options)
  }
}
