import { timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { hashToken, isActiveToken, isMistyped, type Clock, type Milliseconds } from '@insights/shared'
import type { TokenRecord, TokenStore } from '@insights/storage'

/** A change of a token is to count everywhere within five seconds: this, and the time that asking the store may take. */
const REMEMBERED_MS: Milliseconds = 4_000

/** Far more tokens than a host has; each entry is some hundred bytes. */
const MAX_REMEMBERED = 1_000

interface Remembered {
  record: TokenRecord
  since: Milliseconds
}

export interface TokenLookup {
  /** The record of a token, or `null` when it is unknown, mistyped, expired or revoked. */
  find: (token: string) => Promise<TokenRecord | null>
  /** Makes a change of a token take effect in this process at once. */
  forget: (hash: string) => void
}

/**
 * Finds tokens. Only those that were found are remembered: a new token works at once, and guessing fills no memory.
 */
export function createTokenLookup (tokens: TokenStore, clock: Clock): TokenLookup {
  const remembered = new LRUCache<string, Remembered>({ max: MAX_REMEMBERED })
  const find = async (hash: string): Promise<TokenRecord | null> => {
    // From before the question on: on the way the answer grows old too.
    const since = clock.now()
    const known = remembered.get(hash)
    if (known !== undefined && isFresh(known, since)) return known.record
    remembered.delete(hash)
    const record = await tokens.findByHash(hash)
    if (record === null || !isSameHash(record.hash, hash)) return null
    remembered.set(hash, { record, since })
    return record
  }
  return {
    find: async token => {
      if (isMistyped(token)) return null
      const record = await find(hashToken(token))
      return record !== null && isActiveToken(record, clock.now()) ? record : null
    },
    forget: hash => { remembered.delete(hash) }
  }
}

/** A clock that was set back makes the age negative; what was remembered is then asked for again. */
function isFresh ({ since }: Remembered, now: Milliseconds): boolean {
  return now >= since && now - since < REMEMBERED_MS
}

function isSameHash (a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
