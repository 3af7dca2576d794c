import type { Log, Milliseconds } from '@insights/shared'
import type { HistoryStore } from '@insights/storage'

export interface CompactDeps {
  history: Pick<HistoryStore, 'compact'>
  log: Log
}

/** Large enough for few calls, small enough that one holds up nobody on a database with a single connection. */
const STEP_SIZE = 250

/** Bounds what one plan examines: 8,000 observations every five seconds, if the database is fast enough. */
const MAX_STEPS = 32

/** The next plan goes on where this one ends. */
const TIME_LIMIT_MS: Milliseconds = 1_000

/**
 * Thins out the history as far as its time has come, a bounded piece of it. Part of every plan, and safe in several
 * processes at once.
 *
 * @returns how many observations were removed.
 * @throws AppError `INS_STORE_UNAVAILABLE`: the next plan goes on.
 */
export async function compactHistory ({ history, log }: CompactDeps): Promise<number> {
  const end = performance.now() + TIME_LIMIT_MS
  let removed = 0
  for (let step = 0; step < MAX_STEPS && performance.now() < end; step++) {
    const compaction = await history.compact({ limit: STEP_SIZE })
    removed += compaction.removed
    if (compaction.examined < STEP_SIZE) break
  }
  if (removed > 0) log.debug({ removed }, 'thinned out the history')
  return removed
}
