import {
  AppError, hashToken, isActiveToken, isMistyped, readCredentials, type Clock, type Milliseconds, type Scope, type Timestamp
} from '@insights/shared'
import { withinLimit } from './within-limit.js'

/** What the guard has to know of a token. */
export interface ScrapeToken {
  hash: string
  scopes: readonly Scope[]
  expires_at: Timestamp | null
  revoked_at: Timestamp | null
}

export interface ScrapeGuardDeps {
  tokens: {
    findByHash: (hash: string) => Promise<ScrapeToken | null>
    markUsed: (hash: string) => Promise<void>
  }
  clock: Clock
}

/** A store that takes longer counts as away. */
const LOOKUP_LIMIT_MS: Milliseconds = 250

/** How long a token that the store has given opens the metrics while the store is away: an outage over a weekend. */
const REMEMBERED_MS: Milliseconds = 3 * 24 * 3_600_000

/** More scrapers than one process has. */
const MAX_REMEMBERED = 100

/** How often a use is noted: scrapes come every few seconds. */
const NOTED_EVERY_MS: Milliseconds = 60_000

interface Verified {
  token: ScrapeToken
  /** When the store has last given it. */
  at: Milliseconds
  notedAt: Milliseconds
}

/**
 * Makes the check of who may scrape: a token with the scope `metrics` or `admin`, as Token, Bearer or Basic password.
 * The store is asked each time, so that a revocation counts at once. While it is away a token that it has given before
 * is accepted still: otherwise the metrics would be blind in the very outage that they have to show.
 *
 * The check takes the `Authorization` header and throws `INS_AUTH_MISSING`, `INS_AUTH_INVALID`, `INS_AUTH_SCOPE`, and
 * `INS_STORE_UNAVAILABLE` when the store does not answer within a quarter of a second and the token is not known.
 */
export function createScrapeGuard ({ tokens, clock }: ScrapeGuardDeps): (header: string | undefined) => Promise<void> {
  const verified = new Map<string, Verified>()

  const find = async (hash: string): Promise<ScrapeToken | null> => {
    try {
      const token = await withinLimit(tokens.findByHash(hash), LOOKUP_LIMIT_MS)
      if (token === null) verified.delete(hash)
      else remember(token)
      return token
    } catch (error) {
      const known = verified.get(hash)
      if (known === undefined || Math.abs(clock.now() - known.at) > REMEMBERED_MS) throw error
      return known.token
    }
  }
  const remember = (token: ScrapeToken): void => {
    const notedAt = verified.get(token.hash)?.notedAt ?? -Infinity
    verified.delete(token.hash) // Puts it to the end: the first one is the one that was seen last the longest ago.
    verified.set(token.hash, { token, at: clock.now(), notedAt })
    const [oldest] = verified.keys()
    if (verified.size > MAX_REMEMBERED && oldest !== undefined) verified.delete(oldest)
  }
  const noteUse = (hash: string): void => {
    const known = verified.get(hash)
    const now = clock.now()
    if (known === undefined || Math.abs(now - known.notedAt) < NOTED_EVERY_MS) return
    known.notedAt = now
    // What could not be noted is noted a minute later; a scrape neither waits for it nor fails with it.
    tokens.markUsed(hash).catch(() => undefined)
  }
  return async header => {
    const text = readCredentials(header, true)
    const token = isMistyped(text) ? null : await find(hashToken(text))
    if (token === null || !isActiveToken(token, clock.now())) {
      throw new AppError('INS_AUTH_INVALID', 'The token is unknown, has expired or was revoked.')
    }
    if (!token.scopes.includes('metrics') && !token.scopes.includes('admin')) {
      throw new AppError('INS_AUTH_SCOPE', 'This needs a token with the scope metrics.')
    }
    noteUse(token.hash)
  }
}
