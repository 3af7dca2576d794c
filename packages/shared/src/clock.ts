/** A duration or an instant in milliseconds; instants count from the Unix epoch. */
export type Milliseconds = number

/** An instant as an ISO 8601 string in UTC with milliseconds, e.g. `2026-11-23T15:42:00.000Z`. */
export type Timestamp = string

/** Where the time comes from. Code that needs the time takes a clock, so that tests can set it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May step backwards: never order events by it. */
  now: () => Milliseconds
}

/** The clock of this machine. */
export const systemClock: Clock = { now: () => Date.now() }

/** No time outside these is stored or looked for: in RFC 3339, and so in both stores, years have four digits. */
export const EARLIEST: Milliseconds = 0
export const LATEST: Milliseconds = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** The instant itself, or the nearest one from `EARLIEST` to `LATEST`. */
export function clampInstant (instant: Milliseconds): Milliseconds {
  return Math.min(Math.max(instant, EARLIEST), LATEST)
}

/** Writes an instant in the one form that documents and answers use. */
export function toTimestamp (instant: Milliseconds): Timestamp {
  return new Date(instant).toISOString()
}

/**
 * Reads a time that starts with its day, as RFC 3339 has it; NaN when there is no such time. `Date.parse` alone would
 * take 30 February for 2 March.
 */
export function readInstant (text: string): Milliseconds {
  const day = text.slice(0, 10)
  const midnight = Date.parse(`${day}T00:00:00Z`)
  return Number.isNaN(midnight) || !toTimestamp(midnight).startsWith(day) ? NaN : Date.parse(text)
}
