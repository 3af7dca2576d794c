import { LATEST, readInstant, toTimestamp, type Fault, type Milliseconds, type Timestamp } from '@insights/shared'
import { BOOTSTRAP_TOKEN_NAME } from '@insights/storage'
import { invalidRequest } from '../invalid-request.js'
import type { ExpiryInput } from './token-schemas.js'

const DAY_MS: Milliseconds = 86_400_000

/**
 * When a token is to expire; `null` = never, `undefined` = nothing was said.
 *
 * @throws `INS_REQUEST_INVALID` when it is said twice, is no time, or lies in the past or beyond the year 9999.
 */
export function toExpiry ({ expires_at: at, expires_in_days: days }: ExpiryInput, now: Milliseconds): Timestamp | null | undefined {
  if (at !== undefined && days !== undefined) throw refused('/expires_in_days', 'value', 'must not be sent together with expires_at')
  if (days !== undefined) return toTimestamp(now + days * DAY_MS)
  if (at === undefined || at === null) return at
  const instant = readInstant(at)
  if (Number.isNaN(instant)) throw refused('/expires_at', 'format', 'must be a time that exists')
  if (instant <= now) throw refused('/expires_at', 'range', 'must be in the future')
  if (instant > LATEST) throw refused('/expires_at', 'range', 'must be in the year 9999 in UTC at the latest; null is never')
  return toTimestamp(instant)
}

/** @throws `INS_REQUEST_INVALID` for the one name that means something: such a token would expire at the next start. */
export function checkName (name: string): void {
  if (name !== BOOTSTRAP_TOKEN_NAME) return
  throw refused('/name', 'value', `must not be ${BOOTSTRAP_TOKEN_NAME}, which is the name of the token in BOOTSTRAP_TOKEN`)
}

function refused (pointer: string, code: Fault['code'], detail: string): Error {
  return invalidRequest([{ pointer, code, detail }])
}
