import { htmlAnswer, jsonAnswer, type Answer } from './exchange.js'

interface ErrorShape {
  status: number
  reason: string
  message: string
  domain?: string
  /** Google's canonical status. */
  name?: string
  /** Reason in `details`. */
  detail?: string
}

const PARAMETER = 'youtube.parameter'
const METRIC = "Quota exceeded for quota metric 'Video stats' and limit 'Video stats"
const CONSUMER = "of service 'youtube.googleapis.com' for consumer 'project_number:1'."

/** Each trouble that YouTube is known to report, by the name under which a fault asks for it. */
export const YOUTUBE_ERRORS = {
  keyMissing: {
    status: 403,
    reason: 'forbidden',
    message: "Method doesn't allow unregistered callers (callers without established identity).",
    name: 'PERMISSION_DENIED'
  },
  keyInvalid: {
    status: 400,
    reason: 'badRequest',
    message: 'API key not valid. Please pass a valid API key.',
    name: 'INVALID_ARGUMENT',
    detail: 'API_KEY_INVALID'
  },
  keyInvalidOld: { status: 400, reason: 'keyInvalid', message: 'Bad Request', domain: 'usageLimits' },
  accessNotConfigured: {
    status: 403,
    reason: 'accessNotConfigured',
    message: 'YouTube Data API v3 has not been used in project 1 before or it is disabled.',
    domain: 'usageLimits',
    name: 'PERMISSION_DENIED',
    detail: 'SERVICE_DISABLED'
  },
  quotaExceeded: {
    status: 403,
    reason: 'quotaExceeded',
    message: 'The request cannot be completed because you have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a>.',
    domain: 'youtube.quota'
  },
  dailyLimitExceeded: {
    status: 403,
    reason: 'dailyLimitExceeded',
    message: 'Daily Limit Exceeded.',
    domain: 'usageLimits'
  },
  dailyLimit429: limitOf('per day'),
  perMinute: limitOf('per minute'),
  rateLimitExceeded: { status: 403, reason: 'rateLimitExceeded', message: 'Rate Limit Exceeded', domain: 'usageLimits' },
  userRateLimitExceeded: {
    status: 403,
    reason: 'userRateLimitExceeded',
    message: 'User Rate Limit Exceeded',
    domain: 'usageLimits'
  },
  partMissing: {
    status: 400,
    reason: 'missingRequiredParameter',
    message: 'Required parameter: part',
    domain: PARAMETER
  },
  partUnknown: { status: 400, reason: 'unknownPart', message: "The 'part' parameter names an unknown part.", domain: PARAMETER },
  idMissing: {
    status: 400,
    reason: 'missingRequiredParameter',
    message: 'No filter selected. Expected one of: myRating, chart, id',
    domain: PARAMETER
  },
  invalidFilters: {
    status: 400,
    reason: 'invalidFilters',
    message: 'The request specifies an invalid filter parameter.',
    domain: PARAMETER
  },
  invalidFields: { status: 400, reason: 'invalidParameter', message: 'Invalid field selection', name: 'INVALID_ARGUMENT' },
  notFound: { status: 404, reason: 'notFound', message: 'Method not found.', name: 'NOT_FOUND' },
  notImplemented: {
    status: 501,
    reason: 'notImplemented',
    message: 'Operation is not implemented, or supported, or enabled.',
    name: 'UNIMPLEMENTED'
  },
  internalError: { status: 500, reason: 'internalError', message: 'Internal error encountered.', name: 'INTERNAL' },
  backendError: { status: 503, reason: 'backendError', message: 'The service is currently unavailable.', name: 'UNAVAILABLE' },
  badGateway: { status: 502, reason: '', message: 'Error 502 (Server Error)' }
} as const satisfies Record<string, ErrorShape>

export type YoutubeError = keyof typeof YOUTUBE_ERRORS

export function youtubeError (name: YoutubeError): Answer {
  const shape: ErrorShape = YOUTUBE_ERRORS[name]
  const { status: code, message, reason, domain = 'global' } = shape
  if (name === 'badGateway') return htmlAnswer(code, message)
  const isParameter = domain === PARAMETER && { location: 'parameters.', locationType: 'other' }
  const details = shape.detail !== undefined && {
    details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: shape.detail, domain: 'googleapis.com' }]
  }
  const errors = [{ message, domain, reason, ...isParameter }]
  return jsonAnswer(code, { error: { code, message, errors, ...shape.name && { status: shape.name }, ...details } })
}

function limitOf (period: string): ErrorShape {
  return {
    status: 429,
    reason: 'rateLimitExceeded',
    message: `${METRIC} ${period}' ${CONSUMER}`,
    name: 'RESOURCE_EXHAUSTED',
    detail: 'RATE_LIMIT_EXCEEDED'
  }
}
