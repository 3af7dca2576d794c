import type { Milliseconds, Platform } from '@insights/shared'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** When a source is asked for again. All durations in milliseconds. */
export interface RefreshPolicy {
  /** From a good answer to the next call, per platform, before jitter. */
  intervalMs: Record<Platform, Milliseconds>
  /** A count younger than this is fresh enough even for a client that asks for a refresh, per platform. */
  freshForMs: Record<Platform, Milliseconds>
  /** Jitter on every wait, as a share: 0.1 spreads it over ± 10 %, so that sources do not move in step. */
  jitter: number
  /** The first wait after a failed call; it doubles with each failure in a row. */
  backoffMs: Milliseconds
  /** The longest wait after failed calls. */
  maxBackoffMs: Milliseconds
  /** The first wait after refused credentials, which only a person can mend. */
  refusedBackoffMs: Milliseconds
  /** How many misses in a row make a source `not_found`. */
  missesUntilNotFound: number
  /** Misses closer together than this count as one: a platform that forgets for an hour must not kill a source. */
  missGapMs: Milliseconds
  /** The wait after a counted miss that does not settle the matter yet. */
  missRetryMs: Milliseconds
  /** The wait for what will hardly change by itself: an id that can not be, or that is not found for good. */
  settledRecheckMs: Milliseconds
}

/**
 * The waits that the service runs with. X is paid per user and UTC day, so a client's wish never makes it dearer than
 * its interval; the other platforms only need protection from a nervous finger.
 */
export function buildRefreshPolicy (intervalMs: Record<Platform, Milliseconds>): RefreshPolicy {
  return {
    intervalMs,
    freshForMs: { youtube: MINUTE, soundcloud: MINUTE, x: DAY, facebook: 5 * MINUTE, instagram: 5 * MINUTE },
    jitter: 0.1,
    backoffMs: MINUTE,
    maxBackoffMs: 6 * HOUR,
    refusedBackoffMs: 15 * MINUTE,
    missesUntilNotFound: 3,
    missGapMs: 2 * HOUR,
    missRetryMs: 4 * HOUR,
    settledRecheckMs: 30 * DAY
  }
}
