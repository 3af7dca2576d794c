import { toTimestamp, type Milliseconds, type SourceRecord, type SourceState } from '@insights/shared'
import type { SourceObservation } from '@insights/storage'

const DAY_MS: Milliseconds = 86_400_000

/** Clients who ask for a refresh every second get a failing source asked every second, and leave one gap a minute. */
const GAP_PACE_MS: Milliseconds = 60_000

/** Of these no platform is asked, so that a try of each day would say nothing. */
const NOT_ASKED: ReadonlySet<SourceState> = new Set<SourceState>(['not_configured', 'invalid_id'])

/**
 * What a try is worth remembering: what it gave, when that differs from what was known, or when it is the first one of
 * a UTC day that the source was asked on. So a source that is asked every hour and stands still costs one observation a
 * day, and a day without one is a day without a try. `null` = nothing new.
 *
 * The count is what the platform said at that time, which lies a while back where it was fetched for another insight. A
 * last good value that is only kept is none, and neither is an answer that is not believed yet.
 */
export function toObservation (before: SourceRecord, after: SourceRecord, now: Milliseconds): SourceObservation | null {
  const { platform, source_id: sourceId, state } = after
  const confirmedAt = after.fetched_at === before.fetched_at ? null : after.fetched_at
  const isSame = before.state === state && before.count === after.count
  const lastTry = lastTryAt(before)
  if (isSame && (NOT_ASKED.has(state) || lastTry >= startOfDay(now))) return null
  const isGapAgain = confirmedAt === null && before.state !== 'ok' && now - lastTry < GAP_PACE_MS
  if (isGapAgain) return null
  return { platform, source_id: sourceId, at: confirmedAt ?? toTimestamp(now), count: confirmedAt === null ? null : after.count, state }
}

/** When the source was last asked, as far as its record tells; long ago if it never was. */
function lastTryAt ({ fetched_at: fetchedAt, error, doubted_at: doubtedAt }: SourceRecord): Milliseconds {
  return Math.max(...[fetchedAt, error?.at, doubtedAt].map(at => at == null ? -Infinity : Date.parse(at)))
}

function startOfDay (instant: Milliseconds): Milliseconds {
  return Math.floor(instant / DAY_MS) * DAY_MS
}
