import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { hashToken, readCredentials, type Milliseconds } from '@insights/shared'

/** Long enough for a client that calls only now and then. */
const TRUSTED_MS: Milliseconds = 3_600_000

/** Each entry takes some hundred bytes. */
const MAX_TRUSTED = 1_000
const MAX_BLOCKED = 10_000

/** Keeps addresses from which sign-ins fail too often from trying more tokens. */
export interface SignInGuard {
  /**
   * How long the address of a request has to wait before a token from it is looked at; 0 = not at all. A token that
   * was accepted within the last hour never waits: clients may share their address, that of a proxy, with the one
   * who guesses.
   */
  waitOf: (request: FastifyRequest) => Milliseconds
  block: (request: FastifyRequest, forMs: Milliseconds) => void
  /** Notes that the token of a request was accepted. */
  trust: (request: FastifyRequest) => void
}

export function createSignInGuard (): SignInGuard {
  const blocked = new LRUCache<string, true>({ max: MAX_BLOCKED })
  const trusted = new LRUCache<string, true>({ max: MAX_TRUSTED, ttl: TRUSTED_MS })
  return {
    waitOf: request => {
      if (blocked.size === 0) return 0
      const address = normalizeIP(request.ip)
      return blocked.get(address) === undefined || isTrusted(request, trusted) ? 0 : blocked.getRemainingTTL(address)
    },
    block: ({ ip }, forMs) => { blocked.set(normalizeIP(ip), true, { ttl: forMs }) },
    trust: request => { trusted.set(request.token?.hash ?? hashOf(request), true) }
  }
}

function isTrusted (request: FastifyRequest, trusted: LRUCache<string, true>): boolean {
  try {
    return trusted.has(hashOf(request))
  } catch {
    return false // What is no credential is not one that was accepted.
  }
}

function hashOf ({ headers, routeOptions }: FastifyRequest): string {
  const { allowBasic = false } = routeOptions.config
  return hashToken(readCredentials(headers.authorization, allowBasic))
}
