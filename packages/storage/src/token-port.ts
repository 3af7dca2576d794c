import type { Scope, Timestamp } from '@insights/shared'

/** An access token as it is stored: never the token itself, only its hash. */
export interface TokenRecord {
  /** `hashToken` of the token: SHA-256, 64 hexadecimal digits. */
  hash: string
  /** What people call it, e.g. `first token`. */
  name: string
  scopes: Scope[]
  created_at: Timestamp
  /** Refused from then on; `null` = never expires. */
  expires_at: Timestamp | null
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
 * 1. `add` stores a token by its hash; adding a hash that is there already changes its name, scopes and expiry.
 * 2. `findByHash` gives the record, expired or not, or `null`.
 * 3. `list` gives every record, oldest first, equal times by hash.
 * 4. Errors are those of `InsightStore`.
 */
export interface TokenStore {
  add: (token: NewToken) => Promise<TokenRecord>
  findByHash: (hash: string) => Promise<TokenRecord | null>
  list: () => Promise<TokenRecord[]>
}
