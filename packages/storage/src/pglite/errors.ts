import { AppError, isAppError } from '@insights/shared'
import { externalIdTaken } from '../external-id.js'

/** SQLSTATE of a disk without space. */
const DISK_FULL = '53100'

/** SQLSTATE of a value that a unique index has already, and the index of the host's own ids. */
const DUPLICATE = '23505'
const EXTERNAL_ID_INDEX = 'insights_external_id'

/** Runs a database call and turns every driver error into one of ours: none of them leaves the adapter. */
export async function translateErrors<T> (call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw isAppError(error) ? error : translateError(error)
  }
}

function translateError (cause: unknown): AppError {
  const { code, constraint } = Object(cause) as { code?: unknown, constraint?: unknown }
  if (code === DUPLICATE && constraint === EXTERNAL_ID_INDEX) return externalIdTaken()
  if (code === DISK_FULL) {
    return new AppError('INS_STORE_FULL', 'The disk of the data directory is full: free some space, then repeat the request.', { cause })
  }
  return new AppError('INS_STORE_UNAVAILABLE', 'The embedded database can not be used at the moment.', { cause, retryAfterSeconds: 5 })
}
