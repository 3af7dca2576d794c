import type { Milliseconds } from '@insights/shared'

/** A token as a platform granted it. */
export interface AccessToken {
  accessToken: string
  /** Works once; `null` = the answer had none. */
  refreshToken: string | null
  /** From then on a new one is fetched, with some time left. */
  renewAt: Milliseconds
  /** From then on the token is refused. */
  expiresAt: Milliseconds
}

/**
 * Where the token is kept between calls: this process's memory, or with `createSharedTokenCache` what all processes
 * share, which saves grants and outlives them.
 */
export interface TokenCache {
  /** A token that was granted, not necessarily the last one; `null` = none is known. Never rejects. */
  get: () => Promise<AccessToken | null>
  /**
   * Runs `renew` on the newest token, alone among all that share it, and keeps what it gives; that may be the token
   * that it was given, which another has renewed meanwhile. Rejects with what `renew` rejects with, and with a
   * `CallError` when the turn does not come or the token can not be kept for the others.
   */
  replace: (renew: (newest: AccessToken | null) => Promise<AccessToken>) => Promise<AccessToken>
}

/** A cache in the memory of this process, for one source of tokens, which asks for one renewal at a time. */
export function createTokenCache (): TokenCache {
  let kept: AccessToken | null = null
  return {
    get: async () => kept,
    replace: async renew => {
      kept = await renew(kept)
      return kept
    }
  }
}
