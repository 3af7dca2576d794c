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
 * Where the token is kept between calls. The one of `createTokenCache` is this process's memory; one that processes
 * share, and that outlives them, saves grants. Neither function may reject.
 */
export interface TokenCache {
  /** The token saved last, `null` = none. */
  get: () => Promise<AccessToken | null>
  save: (token: AccessToken) => Promise<void>
}

/** A cache in the memory of this process. */
export function createTokenCache (): TokenCache {
  let kept: AccessToken | null = null
  return {
    get: () => Promise.resolve(kept),
    save: token => {
      kept = token
      return Promise.resolve()
    }
  }
}
