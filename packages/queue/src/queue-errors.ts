import { AppError, isAppError, type Milliseconds } from '@insights/shared'
import { UnrecoverableError } from 'bullmq'
import { withTimeLimit } from './time-limit.js'

/**
 * Calls the backend for at most `limitMs`, and gives its driver's errors as ours.
 * @throws AppError `INS_QUEUE_UNAVAILABLE`; the call may have its effect all the same
 */
export async function callWithinLimit<T> (limitMs: Milliseconds, call: () => Promise<T>): Promise<T> {
  try {
    return await withTimeLimit(limitMs, unavailable(`The queue did not answer within ${limitMs} ms`), call)
  } catch (error) {
    throw toQueueError(error)
  }
}

export function unavailable (message: string, cause?: unknown): AppError {
  return new AppError('INS_QUEUE_UNAVAILABLE', message, { cause })
}

/** The one place where an error of BullMQ or of a driver becomes one of ours. */
function toQueueError (error: unknown): AppError {
  return isAppError(error) ? error : unavailable('The queue could not be used', withoutDetails(error))
}

/**
 * The error's name, message, code and stack, and the same of its causes. Drivers hang the statement and its parameters
 * on their errors, and ioredis the command with a password in it; loggers print all of that.
 */
export function withoutDetails (error: unknown): Error {
  if (!(error instanceof Error)) return new Error('Something that is no error was thrown')
  const options = error.cause === undefined ? undefined : { cause: withoutDetails(error.cause) }
  const { name, stack, code } = error as Error & { code?: unknown }
  return Object.assign(new Error(error.message, options), { name, stack }, typeof code === 'string' ? { code } : {})
}

/**
 * What a job keeps of its handler's error, and whether BullMQ is to repeat the job. Jobs are stored in clear text and
 * shown in dashboards, so only the messages of our own errors, which hold no secrets, are kept.
 */
export function toJobError (error: unknown): Error {
  if (!isAppError(error)) return new Error('The handler failed; the log has the error', { cause: error })
  const message = `${error.code}: ${error.message}`
  const jobError = error.retryable ? new Error(message) : new UnrecoverableError(message)
  jobError.cause = error
  return jobError
}
