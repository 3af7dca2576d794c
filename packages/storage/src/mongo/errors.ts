import { AppError, isAppError, type Milliseconds } from '@insights/shared'

/** Seconds until a repeat makes sense: an election or a restart takes a few. */
const RETRY_AFTER_SECONDS = 5

/** Of the server: OutOfDiskSpace. */
const DISK_FULL = 14031

/** Of the server: AuthenticationFailed, Unauthorized. A repeat helps once an operator has put the account right. */
const ACCESS_REFUSED = new Set<unknown>([18, 13])

/**
 * Of the server, and never the fault of the moment: BadValue, FailedToParse, TypeMismatch, CommandNotFound,
 * IndexOptionsConflict, IndexKeySpecsConflict, CommandNotSupported, DocumentValidationFailure, BSONObjectTooLarge.
 * A caller who repeated the request would get the same answer for ever, so these are not called "unavailable".
 */
const DEFECTS = new Set<unknown>([2, 9, 14, 59, 85, 86, 115, 121, 10334])

/** From here on codes are assertions inside the server, e.g. of an expression that can not be computed. */
const FIRST_ASSERTION = 15_000

/** Errors of the driver all have names like this; so do those of mongoose about a missing connection. */
const DRIVER_ERROR = /^Mongo/

/** Of the operating system: driver 7.8 lets EPIPE through as it is when the server has just closed a connection. */
const SYSTEM_ERROR = /^E(?!RR_)[A-Z_0-9]+$/

/**
 * Runs a call of the store and turns every error of the driver into one of ours: none of them leaves the adapter.
 * After `limitMs` it rejects, whatever the network does; what was sent by then may still happen.
 *
 * @throws AppError `INS_STORE_UNAVAILABLE`, `INS_STORE_FULL`, `INS_INTERNAL`, and those that `call` throws itself.
 */
export async function translateErrors<T> (call: () => Promise<T>, limitMs: Milliseconds): Promise<T> {
  try {
    return await within(limitMs, call())
  } catch (error) {
    throw isAppError(error) ? error : toAppError(error)
  }
}

/** Whether a document with that `_id`, or another unique value, is there already. */
export function isDuplicate (error: unknown): boolean {
  return codeOf(error) === 11000
}

/** Whether the server will refuse the same command again whenever it is sent. */
export function isDefect (code: unknown): boolean {
  return DEFECTS.has(code) || (typeof code === 'number' && code >= FIRST_ASSERTION)
}

export function unavailable (message: string, cause?: unknown): AppError {
  return new AppError('INS_STORE_UNAVAILABLE', message, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS })
}

function toAppError (cause: unknown): AppError {
  const code = codeOf(cause)
  if (code === DISK_FULL) {
    return new AppError('INS_STORE_FULL', 'The disk of the database is full: free some space, then repeat the request.', { cause })
  }
  if (!isDriverError(cause) || isDefect(code)) {
    return new AppError('INS_INTERNAL', 'The database was asked for something that it can not do.', { cause })
  }
  if (ACCESS_REFUSED.has(code)) return unavailable('The database refuses the account of the service or lacks its rights.', cause)
  return unavailable('The database can not be used at the moment.', cause)
}

function codeOf (error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code
}

/** mongoose's errors of casting and strictness are our own mistakes; `MongooseError` itself says "not connected". */
function isDriverError (error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  return DRIVER_ERROR.test(error.name) || (typeof code === 'string' && SYSTEM_ERROR.test(code))
}

async function within<T> (limitMs: Milliseconds, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(unavailable('The database does not answer.')) }, limitMs)
  })
  try {
    return await Promise.race([call, limit])
  } finally {
    clearTimeout(timer)
  }
}
