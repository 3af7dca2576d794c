import { timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { hashToken, isMistyped, type Clock, type Milliseconds } from '@insights/shared'
import type { TokenRecord, TokenStore } from '@insights/storage'

/** A change of a token takes effect everywhere within this time. */
const REMEMBERED_MS: Milliseconds = 5_000

/** Far more tokens than a host has; each entry is some hundred bytes. */
const MAX_REMEMBERED = 1_000

interface Remembered {
  record: TokenRecord
  since: Milliseconds
}

/**
 * Finds the record of a token, or `null` when it is unknown, mistyped or expired. Only tokens that were found are
 * remembered: a new token works at once, and guessing fills no memory.
 */
export function createTokenLookup (tokens: TokenStore, clock: Clock): (token: string) => Promise<TokenRecord | null> {
  const remembered = new LRUCache<string, Remembered>({ max: MAX_REMEMBERED })

  const find = async (hash: string): Promise<TokenRecord | null> => {
    const known = remembered.get(hash)
    if (known !== undefined && isFresh(known, clock.now())) return known.record
    remembered.delete(hash)
    const record = await tokens.findByHash(hash)
    if (record === null || !isSameHash(record.hash, hash)) return null
    remembered.set(hash, { record, since: clock.now() })
    return record
  }

  return async token => {
    if (isMistyped(token)) return null
    const record = await find(hashToken(token))
    return record === null || isExpired(record, clock.now()) ? null : record
  }
}

/** A clock that was set back makes the age negative; what was remembered is then asked for again. */
function isFresh ({ since }: Remembered, now: Milliseconds): boolean {
  return now >= since && now - since < REMEMBERED_MS
}

function isExpired ({ expires_at: expiresAt }: TokenRecord, now: Milliseconds): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= now
}

function isSameHash (a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
