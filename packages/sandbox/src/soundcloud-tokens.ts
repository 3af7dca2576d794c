import { randomUUID } from 'node:crypto'
import type { Milliseconds } from '@insights/shared'
import { SANDBOX_CREDENTIALS } from './credentials.js'
import { jsonAnswer, type Answer, type Call, type World } from './exchange.js'
import { createRollingWindow } from './quota.js'
import { limitError, soundcloudError, tokenError, tokenLimit } from './soundcloud-errors.js'

const HOUR_MS = 3_600_000

export interface SoundcloudTokens {
  /** Answers a call of the token host. */
  grant: (call: Call) => Answer
  /** Whether an `Authorization` header carries a token that is good now. */
  accepts: (authorization: string | undefined) => boolean
  clear: () => void
}

/** SoundCloud's token host. The grant limits count per app and per IP; in a sandbox both are one. */
export function createSoundcloudTokens ({ clock, settings }: World): SoundcloudTokens {
  const expiries = new Map<string, Milliseconds>()
  const refreshTokens = new Set<string>()
  const lastHour = createRollingWindow(HOUR_MS)
  const last12Hours = createRollingWindow(12 * HOUR_MS)

  function grant (call: Call): Answer {
    if (call.method !== 'POST') return soundcloudError(404)
    if (!isOurClient(call)) return tokenError(401, 'invalid_client')
    switch (call.form.get('grant_type')) {
      case 'client_credentials': return exchangeCredentials()
      case 'refresh_token': return refresh(call.form.get('refresh_token') ?? '')
      default: return tokenError(400, 'unsupported_grant_type')
    }
  }

  function exchangeCredentials (): Answer {
    const now = clock.now()
    const { tokenGrantsPerHour, tokenGrantsPer12Hours } = settings.values.soundcloud
    if (lastHour.used(now) >= tokenGrantsPerHour) {
      return limited(tokenLimit(true, tokenGrantsPerHour), lastHour.freeAt(now, tokenGrantsPerHour))
    }
    if (last12Hours.used(now) >= tokenGrantsPer12Hours) {
      return limited(tokenLimit(false, tokenGrantsPer12Hours), last12Hours.freeAt(now, tokenGrantsPer12Hours))
    }
    lastHour.add(now, 1)
    last12Hours.add(now, 1)
    return issue()
  }

  function limited (limit: object, resetAt: Milliseconds): Answer {
    if (settings.values.soundcloud.tokenLimitReply === 'terse') return tokenError(429, 'rate_limit_exceeded')
    return limitError(limit, resetAt)
  }

  function refresh (token: string): Answer {
    // Each works once: a second worker with the same one is refused.
    if (refreshTokens.delete(token)) return issue()
    return tokenError(settings.values.soundcloud.spentRefreshTokenStatus, 'invalid_grant')
  }

  function issue (): Answer {
    const now = clock.now()
    for (const [token, expiry] of expiries) if (expiry <= now) expiries.delete(token)
    // Random, so that a token kept from an earlier sandbox is refused by this one.
    const [accessToken, refreshToken] = [randomUUID(), randomUUID()]
    const seconds = settings.values.soundcloud.tokenLifetimeSeconds
    expiries.set(accessToken, now + seconds * 1000)
    refreshTokens.add(refreshToken)
    const body = { access_token: accessToken, expires_in: seconds, scope: '', refresh_token: refreshToken, token_type: 'bearer' }
    return jsonAnswer(200, body, { cost: 1 })
  }

  return {
    grant,
    accepts: authorization => {
      const token = /^OAuth (\S+)$/.exec(authorization ?? '')?.[1]
      return token !== undefined && (expiries.get(token) ?? 0) > clock.now()
    },
    clear: () => {
      expiries.clear()
      refreshTokens.clear()
      lastHour.clear()
      last12Hours.clear()
    }
  }
}

/** By `Authorization: Basic`; a refresh may name the client in the form instead. */
function isOurClient (call: Call): boolean {
  const { clientId, clientSecret } = SANDBOX_CREDENTIALS.soundcloud
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  if (call.headers.authorization !== undefined) return call.headers.authorization === `Basic ${basic}`
  const isRefresh = call.form.get('grant_type') === 'refresh_token'
  return isRefresh && call.form.get('client_id') === clientId && call.form.get('client_secret') === clientSecret
}
