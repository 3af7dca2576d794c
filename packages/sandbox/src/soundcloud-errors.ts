import type { Milliseconds } from '@insights/shared'
import { htmlAnswer, jsonAnswer, type Answer } from './exchange.js'

const API_LINK = 'https://developers.soundcloud.com/docs/api/explorer/open-api'
const LIMITS_LINK = 'https://developers.soundcloud.com/docs/api/rate-limits#errors'
const MINUTE_MS = 60_000

const TITLES: Record<number, string> = {
  400: 'Bad Request', 401: 'Unauthorized', 404: 'Not Found', 500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable'
}

/** The body that SoundCloud's API gives with most errors. */
export function soundcloudError (status: number, message = ''): Answer {
  const named = `${status} - ${TITLES[status] ?? 'Error'}`
  return jsonAnswer(status, { code: status, message, link: API_LINK, status: named, errors: [], error: null })
}

export function tokenError (status: number, error: string): Answer {
  return jsonAnswer(status, { error })
}

/** A limit with a name and the instant it ends, which SoundCloud does not write in ISO 8601. */
export function limitError (rateLimit: object, resetAt: Milliseconds): Answer {
  const meta = { rate_limit: rateLimit, remaining_requests: 0, reset_time: toResetTime(resetAt) }
  return jsonAnswer(429, { errors: [{ meta }] })
}

export const PLAYS_LIMIT = { group: 'plays', max_nr_of_requests: 15_000, time_window: 'PT24H' }

export function tokenLimit (perHour: boolean, limit: number): object {
  return {
    bucket: perHour ? 'by-ip' : 'by-client',
    max_nr_of_requests: limit,
    time_window: perHour ? 'PT1H' : 'PT12H',
    name: 'client-credentials-exchange'
  }
}

/** The short form of a 429, which does not say when to come back. */
export function shortLimitError (): Answer {
  const code = 'rate_limit_exceeded'
  return jsonAnswer(429, {
    code: 429,
    message: code,
    link: LIMITS_LINK,
    status: '429 - Too Many Requests',
    errors: [{ error_message: code }],
    error: null,
    error_code: code
  })
}

/** Each trouble that SoundCloud is known to report, by the name under which a fault asks for it. */
export const SOUNDCLOUD_ERRORS = {
  badRequest: () => soundcloudError(400),
  unauthorized: () => soundcloudError(401),
  notFound: () => soundcloudError(404),
  internalError: () => soundcloudError(500),
  badGateway: () => htmlAnswer(502, '502 Bad Gateway'),
  unavailable: () => soundcloudError(503),
  rateLimitShort: shortLimitError,
  rateLimit: (now: Milliseconds) => limitError(PLAYS_LIMIT, now + MINUTE_MS),
  tokenRateLimit: (now: Milliseconds) => limitError(tokenLimit(true, 30), now + MINUTE_MS),
  tokenRateLimitTerse: () => tokenError(429, 'rate_limit_exceeded'),
  cdnForbidden: () => htmlAnswer(403, '403 ERROR The request could not be satisfied.'),
  invalidClient: () => tokenError(401, 'invalid_client'),
  invalidGrant: () => tokenError(400, 'invalid_grant')
} as const satisfies Record<string, (now: Milliseconds) => Answer>

export type SoundcloudError = keyof typeof SOUNDCLOUD_ERRORS

function toResetTime (instant: Milliseconds): string {
  // Rounded up: a second too early would be refused again.
  const [date, time] = new Date(Math.ceil(instant / 1000) * 1000).toISOString().split('T')
  return `${date?.replaceAll('-', '/')} ${time?.slice(0, 8)} +0000`
}
