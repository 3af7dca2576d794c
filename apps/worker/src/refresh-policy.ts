import type { Milliseconds, Platform } from '@insights/shared'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** When a source is asked for again, and what is believed of an answer. All durations in milliseconds. */
export interface RefreshPolicy {
  /** From a good answer to the next call, per platform, before jitter. */
  intervalMs: Record<Platform, Milliseconds>
  /** A count younger than this is fresh enough even for a client that asks for a refresh, per platform. */
  freshForMs: Record<Platform, Milliseconds>
  /** How old a count may be that was fetched for another insight, where nobody waits for a fresh one; 0 and up. */
  sharedForMs: Milliseconds
  /** Platforms that are not asked again on the UTC day on which they answered: those that charge per id and day. */
  oncePerUtcDay: ReadonlySet<Platform>
  /** How long a count stays that can not be confirmed, per platform; `null` = as long as it is all that is known. */
  keptForMs: Record<Platform, Milliseconds | null>
  /** The same, on every platform, for a count that its owner hides. */
  hiddenKeptForMs: Milliseconds
  /** A count that has to go one day is asked for again at the latest so long before that day. */
  renewalReserveMs: Milliseconds
  /** Jitter on every wait, as a share: 0.1 spreads it over ± 10 %, so that sources do not move in step. */
  jitter: number
  /** The first wait after a failed call; it doubles with each failure in a row. */
  backoffMs: Milliseconds
  /** The longest wait after failed calls. */
  maxBackoffMs: Milliseconds
  /** The first wait after refused credentials or a refused request, which only a person can mend. */
  refusedBackoffMs: Milliseconds
  /** How many misses in a row make a source `not_found`. */
  missesUntilNotFound: number
  /** Misses closer together than this count as one: a platform that forgets for an hour must not kill a source. */
  missGapMs: Milliseconds
  /** The wait after a counted miss that does not settle the matter yet. */
  missRetryMs: Milliseconds
  /** The wait for what will hardly change by itself: an id that can not be, or that is not found for good. */
  settledRecheckMs: Milliseconds
  /** A count from here on that shrinks below `dropShare` of itself is not believed at once. */
  dropFloor: number
  /** From 0 to 1. */
  dropShare: number
  /** The wait until a count in doubt is asked for again. */
  dropRetryMs: Milliseconds
  /** An answer confirms a doubt only when it comes at least this long after the first one. */
  dropGapMs: Milliseconds
}

/**
 * The waits that the service runs with. X is paid per user and UTC day, so neither a client's wish nor a miss makes it
 * dearer than its interval; an interval below a day is taken for a plan that is not paid so. The other platforms only
 * need protection from a nervous finger.
 *
 * An id of several insights is asked for once for all of them: five minutes are long enough for those that come due
 * together, and short beside the shortest interval that can be set, a quarter of an hour.
 *
 * `keptForMs`: how long counts may be kept that can not be confirmed, where the platform limits that.
 */
export function buildRefreshPolicy (
  intervalMs: Record<Platform, Milliseconds>, keptForMs: Partial<Record<Platform, Milliseconds>> = { youtube: 28 * DAY }
): RefreshPolicy {
  return {
    intervalMs,
    freshForMs: {
      youtube: MINUTE, soundcloud: MINUTE, x: Math.min(DAY, intervalMs.x), facebook: 5 * MINUTE, instagram: 5 * MINUTE
    },
    sharedForMs: 5 * MINUTE,
    oncePerUtcDay: new Set<Platform>(intervalMs.x >= DAY ? ['x'] : []),
    keptForMs: { youtube: null, soundcloud: null, x: null, facebook: null, instagram: null, ...keptForMs },
    hiddenKeptForMs: 28 * DAY,
    renewalReserveMs: DAY,
    jitter: 0.1,
    backoffMs: MINUTE,
    maxBackoffMs: 6 * HOUR,
    refusedBackoffMs: 15 * MINUTE,
    missesUntilNotFound: 3,
    missGapMs: 2 * HOUR,
    missRetryMs: 4 * HOUR,
    settledRecheckMs: 30 * DAY,
    dropFloor: 1_000,
    dropShare: 0.5,
    dropRetryMs: HOUR,
    dropGapMs: HOUR / 2
  }
}

/** How old an answer may be that was fetched for another insight. */
export function sharedAge (policy: RefreshPolicy, platform: Platform, isWaitedFor: boolean, now: Milliseconds): Milliseconds {
  if (policy.oncePerUtcDay.has(platform)) return now % DAY
  return isWaitedFor ? Math.min(policy.freshForMs[platform], policy.sharedForMs) : policy.sharedForMs
}
