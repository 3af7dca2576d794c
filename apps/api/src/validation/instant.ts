import { Type, type TString } from '@sinclair/typebox'
import type { Milliseconds } from '@insights/shared'

/** Where the day begins in a time of HTTP; a wrong weekday before it names no other time. */
const AFTER_WEEKDAY = 'Sun, '.length

/** The schema of a time as clients send it (RFC 3339); whether such a day exists is for `readInstant` to see. */
export function instantSchema (description?: string): TString {
  return Type.String({
    pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$',
    title: 'a time like 2026-11-23T12:00:00Z',
    ...(description !== undefined && { description })
  })
}

/** Reads a time as HTTP headers have it; NaN when there is no such time: `Date.parse` would take 30 February for 2 March. */
export function readHttpDate (text: string): Milliseconds {
  const instant = Date.parse(text)
  return new Date(instant).toUTCString().slice(AFTER_WEEKDAY) === text.slice(AFTER_WEEKDAY) ? instant : NaN
}
