import type { Milliseconds } from '@insights/shared'

/** A platform that names an instant further ahead is not believed: no quota or billing cycle is longer than a month. */
const MAX_AHEAD_MS = 32 * 24 * 3_600_000

const HOUR_MS = 3_600_000

/** `instant` when it lies ahead of `now` and is believable, otherwise `null`. */
export function instantAhead (instant: Milliseconds, now: Milliseconds): Milliseconds | null {
  return instant > now && instant <= now + MAX_AHEAD_MS ? instant : null
}

/** Reads a `Retry-After` header, in whole seconds or as an HTTP date (RFC 9110); `null` when it says nothing. */
export function fromRetryAfter (header: string | undefined, now: Milliseconds): Milliseconds | null {
  if (header === undefined) return null
  if (/^\d{1,10}$/.test(header)) return instantAhead(now + Number(header) * 1000, now)
  return /^[A-Z][a-z]{2}, /.test(header) ? instantAhead(Date.parse(header), now) : null
}

/** The next midnight of the wall clocks in Los Angeles, where YouTube's quota day begins, daylight saving included. */
export function nextPacificMidnight (now: Milliseconds): Milliseconds {
  const local = new Date(pacificWallTime(now))
  const midnight = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() + 1)
  // The offset is 7 or 8 hours and changes at two in the morning, so exactly one of the two shows midnight.
  const inDaylightTime = midnight + 7 * HOUR_MS
  return pacificWallTime(inDaylightTime) === midnight ? inDaylightTime : midnight + 8 * HOUR_MS
}

const pacificFormat = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Los_Angeles',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric'
})

/** What the wall clocks show at `instant`, as if it were UTC, in whole seconds. */
function pacificWallTime (instant: Milliseconds): Milliseconds {
  const parts = new Map(pacificFormat.formatToParts(instant).map(part => [part.type, Number(part.value)]))
  const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
}
