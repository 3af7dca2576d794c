/**
 * The access token of SoundCloud, shared by all calls of a client.
 *
 * Endpoint   POST https://secure.soundcloud.com/oauth/token, grants client_credentials and refresh_token
 * Limits     50 client_credentials grants per 12 hours per app, 30 per hour per address; a token lives about an hour,
 *            a refresh token works once
 * Source     SoundCloud developers, "API Guide", read November 2026
 */
import { Type } from '@sinclair/typebox'
import type { Clock, Milliseconds } from '@insights/shared'
import { startCall, type Call, type Deadline } from './deadline.js'
import { CallError, authRefused, throttled, timedOut } from './failure.js'
import type { Gate } from './gate.js'
import type { Http } from './http.js'
import type { Reply } from './receive.js'
import { createShape, readJson } from './reply.js'
import { soundcloudError } from './soundcloud-errors.js'
import type { AccessToken, TokenCache } from './token-cache.js'

export interface TokenSourceOptions {
  /** How the token host is called in messages. */
  name: string
  http: Http
  gate: Gate
  url: URL
  clientId: string
  clientSecret: string
  cache: TokenCache
  clock: Clock
  /** The longest that getting a token may take. */
  deadlineMs: Milliseconds
}

export interface TokenSource {
  /**
   * A token to call with. `refused`: the one that the API has just refused, which is then replaced.
   * Calls at the same time share one grant. Throws `CallError`.
   */
  current: (deadline: Deadline, refused?: string) => Promise<string>
  /** The API took a token: the next refusal is about its age and worth a new one. */
  accepted: () => void
}

/** Renewed this long before the end, so that no call starts with a token that ends on the way. A short-lived one is
 *  renewed at half its life, not at every call. */
const RENEW_EARLY_MS: Milliseconds = 120_000

/** 50 grants per 12 hours are one per 14.4 minutes: an app whose new tokens are refused too must not use them up. */
const REFUSED_PAUSE_MS: Milliseconds = 900_000

/** After a failure the token host is left alone: from 5 s, doubling to 15 min; an hour when it is throttled. */
const FIRST_PAUSE_MS: Milliseconds = 5000
const LONGEST_PAUSE_MS: Milliseconds = 900_000
const THROTTLE_PAUSE_MS: Milliseconds = 3_600_000

/** A grant whose answer is lost has been counted all the same. */
const MAX_TRIES = 2

/** What can be sent back in a header. */
const Token = Type.String({ pattern: '^[\\x21-\\x7e]{1,4096}$' })
const grantShape = createShape(Type.Object({
  access_token: Token,
  refresh_token: Type.Optional(Type.Union([Token, Type.Null()])),
  expires_in: Type.Number({ minimum: 1, maximum: 31_536_000 })
}))

export function createTokenSource (options: TokenSourceOptions): TokenSource {
  const { name, cache, clock } = options
  let flight: Promise<string> | null = null
  let refusedAt: Milliseconds | null = null
  let failures = 0
  let hold: { error: CallError, since: Milliseconds, until: Milliseconds } | null = null

  return { current, accepted: () => { refusedAt = null } }

  async function current (deadline: Deadline, refused?: string): Promise<string> {
    const token = await cache.get()
    if (isFresh(token, refused)) return token.accessToken
    if (flight === null && refused !== undefined) noteRefusal()
    flight ??= renew(refused).finally(() => { flight = null })
    return before(deadline, timedOut(name), flight)
  }

  function isFresh (token: AccessToken | null, refused: string | undefined): token is AccessToken {
    return isUsable(token, refused) && clock.now() < token.renewAt
  }

  function noteRefusal (): void {
    const now = clock.now()
    if (refusedAt !== null && isWithin(refusedAt, refusedAt + REFUSED_PAUSE_MS, now)) {
      throw authRefused(`${name} refuses its own new token.`, refusedAt + REFUSED_PAUSE_MS)
    }
    refusedAt = now
  }

  /** Falls back to the token at hand when it still has some time and only its early renewal failed. */
  async function renew (refused: string | undefined): Promise<string> {
    const token = await cache.get()
    try {
      const renewed = await cache.replace(async newest => isFresh(newest, refused) ? newest : await grantUnlessHeld(newest))
      return renewed.accessToken
    } catch (error) {
      if (error instanceof CallError && isUsable(token, refused) && clock.now() < token.expiresAt) return token.accessToken
      throw error
    }
  }

  async function grantUnlessHeld (token: AccessToken | null): Promise<AccessToken> {
    if (hold !== null && isWithin(hold.since, hold.until, clock.now())) throw hold.error
    try {
      const renewed = await grant(token?.refreshToken ?? null)
      hold = null
      failures = 0
      return renewed
    } catch (error) {
      if (error instanceof CallError) hold = holdAfter(error)
      throw error
    }
  }

  function holdAfter (error: CallError): NonNullable<typeof hold> {
    const since = clock.now()
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS)
    return { error, since, until: error.failure.retryAt ?? since + pauseMs }
  }

  async function grant (refreshToken: string | null): Promise<AccessToken> {
    // Of its own: others that wait for the token have more time left than the one that asked first.
    const call = startCall(options.deadlineMs, 'on_demand')
    if (refreshToken !== null) {
      const reply = await post(refreshForm(options, refreshToken), {}, {}, call)
      if (reply.status === 200) return toToken(reply)
      if (reply.status !== 400 && reply.status !== 401) throw grantError(reply)
    }
    const reply = await post({ grant_type: 'client_credentials' }, basicAuth(options), { grants: 1, grants_per_hour: 1 }, call)
    if (reply.status === 200) return toToken(reply)
    throw grantError(reply)
  }

  async function post (
    form: Record<string, string>, headers: Record<string, string>, charge: Record<string, number>, call: Call
  ): Promise<Reply> {
    const pass = await options.gate.reserve({ charge, ignoresHolds: true }, call)
    return await options.http.send({ method: 'POST', url: options.url, headers, form }, { deadline: call, pass, tries: MAX_TRIES })
  }

  function toToken (reply: Reply): AccessToken {
    const granted = grantShape.read(name, readJson(name, reply))
    const lifeMs = granted.expires_in * 1000
    const expiresAt = clock.now() + lifeMs
    return {
      accessToken: granted.access_token,
      refreshToken: granted.refresh_token ?? null,
      renewAt: expiresAt - Math.min(RENEW_EARLY_MS, lifeMs / 2),
      expiresAt
    }
  }

  function grantError (reply: Reply): CallError {
    const error = soundcloudError(name, reply, clock.now())
    if (reply.status === 400) return authRefused(`${name} refuses the credentials (status 400).`)
    if (reply.status !== 429) return error
    return throttled(error.failure.detail, error.failure.retryAt ?? clock.now() + THROTTLE_PAUSE_MS)
  }
}

/** The grant goes on for the others when one caller has no time left. */
async function before<T> (deadline: Deadline, error: CallError, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(error), deadline.remainingMs())
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}

function isUsable (token: AccessToken | null, refused: string | undefined): token is AccessToken {
  return token !== null && token.accessToken !== refused
}

/** False also when the clock was set back before the beginning, so that no pause outlasts its length. */
function isWithin (from: Milliseconds, until: Milliseconds, now: Milliseconds): boolean {
  return now >= from && now < until
}

function refreshForm ({ clientId, clientSecret }: TokenSourceOptions, refreshToken: string): Record<string, string> {
  return { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId, client_secret: clientSecret }
}

function basicAuth ({ clientId, clientSecret }: TokenSourceOptions): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` }
}
