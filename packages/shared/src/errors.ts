/** What a code means: HTTP status (`null`: never answered over HTTP), title, and whether a repeat can succeed. */
export interface ErrorKind {
  readonly status: number | null
  readonly title: string
  readonly retryable: boolean
}

const kind = (status: number | null, title: string, retryable = false): ErrorKind => ({ status, title, retryable })

/** Every error code of the service. `docs/errors.md` lists the same ones with their remedies; a test compares them. */
export const ERRORS = {
  INS_REQUEST_INVALID: kind(400, 'The request is not valid'),
  INS_REQUEST_MALFORMED: kind(400, 'The request can not be read'),
  INS_AUTH_MISSING: kind(401, 'A token is required'),
  INS_AUTH_INVALID: kind(401, 'The token is not valid'),
  INS_AUTH_SCOPE: kind(403, 'The token lacks a scope'),
  INS_AUTH_ORIGIN: kind(403, 'The request comes from another site'),
  INS_ROUTE_UNKNOWN: kind(404, 'There is no such resource'),
  INS_INSIGHT_UNKNOWN: kind(404, 'There is no such insight'),
  INS_MODEL_UNKNOWN: kind(404, 'There is no such scoring model'),
  INS_RECEIPT_UNKNOWN: kind(404, 'There is no such receipt'),
  INS_TOKEN_UNKNOWN: kind(404, 'There is no such token'),
  INS_ROUTE_METHOD: kind(405, 'The resource does not have this method'),
  INS_REQUEST_TIMEOUT: kind(408, 'The request did not arrive in time', true),
  INS_TOKEN_INACTIVE: kind(409, 'The token has expired or is revoked'),
  INS_TOKEN_LAST_ADMIN: kind(409, 'No other token may manage tokens'),
  INS_EXTERNAL_ID_TAKEN: kind(409, 'Another insight has this external id'),
  INS_IDEMPOTENCY_RUNNING: kind(409, 'A request with this key is under way', true),
  INS_IDEMPOTENCY_TOKEN: kind(409, 'A token was made under this key'),
  INS_IDEMPOTENCY_ERASED: kind(410, 'What was made under this key has been erased'),
  INS_INSIGHT_CHANGED: kind(412, 'The insight has changed since'),
  INS_REQUEST_TOO_LARGE: kind(413, 'The request is too large'),
  INS_REQUEST_MEDIA_TYPE: kind(415, 'The media type is not supported'),
  INS_IDEMPOTENCY_MISMATCH: kind(422, 'The key was used with another request'),
  INS_RATE_LIMITED: kind(429, 'Too many requests', true),
  INS_REQUEST_HEADERS: kind(431, 'The request headers are too large'),
  INS_INTERNAL: kind(500, 'Something went wrong'),
  INS_INSIGHT_DAMAGED: kind(500, 'The insight is stored in a form that can not be read'),
  INS_STORE_UNAVAILABLE: kind(503, 'The store is not available', true),
  INS_QUEUE_UNAVAILABLE: kind(503, 'The queue is not available', true),
  INS_SERVICE_BUSY: kind(503, 'The service is starting, stopping or overloaded', true),
  INS_STORE_FULL: kind(507, 'The store has no space left'),
  INS_JOB_INVALID: kind(null, 'The job data are not valid'),
  INS_CONFIG_INVALID: kind(null, 'The configuration is not valid'),
  INS_DATA_LOCKED: kind(null, 'The data directory is in use by another process'),
  INS_DATA_FOREIGN: kind(null, 'The data directory belongs to something else'),
  INS_DATA_UNWRITABLE: kind(null, 'The data directory can not be written'),
  INS_ADDRESS_UNUSABLE: kind(null, 'The address can not be listened on'),
  INS_PLATFORM_TIMEOUT: kind(null, 'The platform did not answer in time', true),
  INS_PLATFORM_UNREACHABLE: kind(null, 'The platform can not be reached', true),
  INS_PLATFORM_STATUS: kind(null, 'The platform answered with an error', true),
  INS_PLATFORM_REPLY: kind(null, 'The platform sent a reply that can not be used', true),
  INS_PLATFORM_THROTTLED: kind(null, 'The platform asks for a slower pace', true),
  INS_PLATFORM_QUOTA: kind(null, 'The quota of the platform is used up', true),
  INS_PLATFORM_FAILING: kind(null, 'The platform keeps failing and is not asked for a while', true),
  INS_PLATFORM_LEDGER: kind(null, 'The calls of the platform can not be counted', true),
  INS_PLATFORM_AUTH: kind(null, 'The platform refuses the credentials'),
  INS_PLATFORM_REQUEST: kind(null, 'The platform refuses the request'),
  INS_PLATFORM_NOT_FOUND: kind(null, 'The platform does not know the id'),
  INS_PLATFORM_ID: kind(null, 'The platform can not have such an id'),
  INS_PLATFORM_DROP: kind(null, 'The platform reports a far smaller count', true),
  INS_PLATFORM_EXPIRED: kind(null, 'The count was too old to be kept', true),
  INS_PLATFORM_NOT_CONFIGURED: kind(null, 'The platform has no credentials configured')
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERRORS

/** What can be wrong with a field, and what each code means. `docs/errors.md` shows the same table. */
export const FAULT_CODES = {
  required: 'A field that must be there is missing.',
  type: 'The value is of another type, a text where a number belongs, for example.',
  range: 'A number is smaller or larger than allowed, or not exact as a JSON number.',
  length: 'A text or a list is too short or too long.',
  format: 'A text does not have the form that it must have.',
  value: 'The value is none of those that are allowed.',
  unknown_field: 'The field does not exist; perhaps its name is misspelled.',
  duplicate: 'An entry or a field is there twice.',
  taken: 'Another insight has the value already.',
  characters: 'A text holds NUL or half of a surrogate pair.'
} as const
export type FaultCode = keyof typeof FAULT_CODES

/** One fault of a request. `pointer` is a JSON pointer into the body, or `/name` for a path or query parameter or a header. */
export interface Fault {
  pointer: string
  code: FaultCode
  /** Names what is wrong and the remedy. Never repeats what was sent. */
  detail: string
}

export interface AppErrorOptions {
  cause?: unknown
  faults?: readonly Fault[]
  /** Whole seconds after which a repeat makes sense; sent as `Retry-After`. */
  retryAfterSeconds?: number
  /** The methods that the resource has; sent as `Allow`. */
  allow?: readonly string[]
}

/**
 * An error that callers may branch on by `code`. The message names the thing and the remedy, and never holds a
 * secret, a handle or the value of an environment variable, because it is answered and logged as it is.
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly faults: readonly Fault[]
  readonly retryAfterSeconds: number | undefined
  readonly allow: readonly string[] | undefined

  constructor (code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.faults = options.faults ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
    this.allow = options.allow
  }

  /** HTTP status to answer with; errors that belong to no request count as 500. */
  get statusCode (): number {
    return ERRORS[this.code].status ?? 500
  }

  /** Whether the same call can succeed later without a change by the caller. */
  get retryable (): boolean {
    return ERRORS[this.code].retryable
  }
}

/** Whether `error` is an `AppError`, of the given code if one is given; also across copies of this package. */
export function isAppError (error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof Error && error.name === 'AppError' && (code === undefined || (error as AppError).code === code)
}
