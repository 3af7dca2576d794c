import fastifyRateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import plugin from 'fastify-plugin'
import { AppError, isAppError, type Milliseconds } from '@insights/shared'
import type { RateLimitRedis } from '../deps.js'
import { createSignInGuard } from '../sign-in-guard.js'

export interface RateLimitOptions {
  /** Requests that one token may make in a window; 0 = any number. */
  limit: number
  /** Length of a window; one minute. */
  windowMs?: Milliseconds
  /** Where processes count together; without it each counts for itself. */
  redis?: RateLimitRedis | undefined
}

const MINUTE: Milliseconds = 60_000

/** Far more than a person or a misconfigured program needs to notice, far fewer than guessing needs. */
const FAILED_SIGN_INS = 30

/** Beside the queue's keys, so that one permission covers both. */
const KEY_PREFIX = '{insights}:limit:'

/**
 * Limits how many requests a token makes in a minute, and tells clients in the `RateLimit` fields of the IETF draft
 * (draft-ietf-httpapi-ratelimit-headers-10) what is left; over it, 429 with `Retry-After`. Sign-ins that fail are
 * limited per address, and more tightly, wherever somebody has to sign in: at the metrics too, whose scrapes are
 * otherwise not counted. While the counters can not be reached every request is let through.
 *
 * Has to be registered before `authentication` and `metrics`: it looks at a request both before and after them.
 */
export const rateLimit = plugin(async (app: FastifyInstance, options: RateLimitOptions) => {
  const { limit, windowMs = MINUTE } = options
  if (limit === 0) return
  const count = await createCounter(app, options)
  const signIns = createSignInGuard()
  const policy = `"default";q=${limit};w=${windowMs / 1000}`

  app.addHook('onRequest', async request => {
    if (request.routeOptions.config?.scope === undefined) return
    const waitMs = signIns.waitOf(request)
    if (waitMs > 0) throw rateLimited('Too many sign-ins from this address have failed.', waitMs)
  })
  app.addHook('onError', async (request, _reply, error) => {
    if (!isFailedSignIn(error)) return
    const counted = await count(request)
    if (counted?.isExceeded === true) signIns.block(request, counted.ttl)
  })
  // The first moment after authentication.
  app.addHook('preParsing', async (request, reply) => {
    if (request.routeOptions.config?.scope === undefined) return
    signIns.trust(request)
    if (request.token === null) return
    const counted = await count(request)
    if (counted === null) return
    reply.header('ratelimit-policy', policy)
    reply.header('ratelimit', `"default";r=${counted.remaining};t=${counted.ttlInSeconds}`)
    if (counted.isExceeded) throw rateLimited(`The token may make ${limit} requests in ${windowMs / 1000} s.`, counted.ttl)
  })
}, { name: 'rate-limit' })

/** Where a token or an address stands after one more request. */
interface Counted {
  isExceeded: boolean
  remaining: number
  /** Until its window ends. */
  ttl: Milliseconds
  ttlInSeconds: number
}

/** Counts a request for its token, or for its address when it has none; `null` when that is not possible now. */
async function createCounter (
  app: FastifyInstance, { limit, windowMs = MINUTE, redis }: RateLimitOptions
): Promise<(request: FastifyRequest) => Promise<Counted | null>> {
  await app.register(fastifyRateLimit, {
    global: false,
    timeWindow: windowMs,
    max: ({ token }: FastifyRequest) => token === null ? Math.min(limit, FAILED_SIGN_INS) : limit,
    keyGenerator: ({ token, ip }) => token === null ? `ip:${normalizeIP(ip)}` : `token:${token.id}`,
    nameSpace: KEY_PREFIX,
    redis
  })
  const take = app.createRateLimit()
  let isAway = false
  return async request => {
    try {
      const counted = await take(request)
      if (isAway) app.log.info({}, 'the counters of the rate limit are back')
      isAway = false
      return counted.isAllowed ? null : counted
    } catch (err) {
      if (!isAway) app.log.warn({ err }, 'the counters of the rate limit can not be reached: letting everybody through')
      isAway = true
      return null
    }
  }
}

function isFailedSignIn (error: Error): boolean {
  return isAppError(error, 'INS_AUTH_MISSING') || isAppError(error, 'INS_AUTH_INVALID')
}

function rateLimited (message: string, waitMs: Milliseconds): AppError {
  return new AppError('INS_RATE_LIMITED', message, { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) })
}
