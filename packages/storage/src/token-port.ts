import type { Scope, Timestamp } from '@insights/shared'

/** An access token as it is stored: never the token itself, only its hash. */
export interface TokenRecord {
  /** `tokenIdOf(hash)`: the name of the token in lists and commands. */
  id: string
  /** `hashToken` of the token: SHA-256, 64 hexadecimal digits. */
  hash: string
  /** What people call it, e.g. `first token`. */
  name: string
  scopes: Scope[]
  created_at: Timestamp
  /** Refused from then on; `null` = never expires. */
  expires_at: Timestamp | null
  /** Its last use that was noted; later uses within a minute may not be. `null` = never used. */
  last_used_at: Timestamp | null
  /** Refused since then, for good; `null` = not revoked. */
  revoked_at: Timestamp | null
}

export interface NewToken {
  hash: string
  name: string
  scopes: readonly Scope[]
  expires_at: Timestamp | null
}

/**
 * Where tokens live. Every adapter promises:
 *
 * 1. `add` stores a token by its hash; adding a hash that is there already changes its name, scopes and expiry, and
 *    nothing else: a token that was revoked stays revoked.
 * 2. `findByHash` gives the record, whether expired, revoked or neither, or `null`.
 * 3. `list` gives every record, oldest first, equal times by hash.
 * 4. `revoke` marks a token as revoked, by the store's clock, and gives its record; one that is revoked already keeps
 *    its time. `null` for an unknown id and for a text that is none.
 * 5. `expire` makes a token expire at `at`, or leaves an earlier expiry as it is, and gives its record; `null` as above.
 * 6. `markUsed` notes a use of the token, by the store's clock. A hash that is unknown changes nothing.
 * 7. What one process has changed, every other one finds at its next call.
 * 8. Errors are those of `InsightStore`.
 */
export interface TokenStore {
  add: (token: NewToken) => Promise<TokenRecord>
  findByHash: (hash: string) => Promise<TokenRecord | null>
  list: () => Promise<TokenRecord[]>
  revoke: (id: string) => Promise<TokenRecord | null>
  expire: (id: string, at: Timestamp) => Promise<TokenRecord | null>
  markUsed: (hash: string) => Promise<void>
}
