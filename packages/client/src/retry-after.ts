/**
 * How long an answer with this `Retry-After` wants to be left alone, in milliseconds, 0 or more. It takes whole seconds
 * and dates (RFC 9110); `null` when it says neither.
 */
export function readRetryAfter (value: string | null, now: number): number | null {
  if (value === null) return null
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  // Date.parse takes a lot for a date: only what looks like one of HTTP is believed.
  return !/^[A-Z][a-z]{2,8},? /.test(value) || Number.isNaN(at) ? null : Math.max(0, at - now)
}
