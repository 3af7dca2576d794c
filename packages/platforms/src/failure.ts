import type { ErrorCode, Milliseconds } from '@insights/shared'
import type { CallFailure, CountOutcome } from './port.js'

/** Ends a call, or the part of it for one id. Never leaves this package: it becomes the outcome of the ids concerned. */
export class CallError extends Error {
  override readonly name = 'CallError'
  readonly failure: CallFailure

  constructor (failure: CallFailure) {
    super(failure.detail)
    this.failure = failure
  }
}

type Instant = Milliseconds | null

export function transient (code: ErrorCode, detail: string, retryAt: Instant = null): CallError {
  return new CallError({ reason: 'transient', code, detail, retryAt })
}

/** A reply that came and can not be used; `what` continues "The reply of <platform> ...". */
export function badReply (name: string, what: string): CallError {
  return transient('INS_PLATFORM_REPLY', `The reply of ${name} ${what}.`)
}

export function timedOut (name: string): CallError {
  return transient('INS_PLATFORM_TIMEOUT', `${name} did not answer in time.`)
}

export function throttled (detail: string, retryAt: Instant): CallError {
  return new CallError({ reason: 'throttled', code: 'INS_PLATFORM_THROTTLED', detail, retryAt })
}

export function quotaUsedUp (detail: string, retryAt: Instant): CallError {
  return new CallError({ reason: 'quota', code: 'INS_PLATFORM_QUOTA', detail, retryAt })
}

export function authRefused (detail: string, retryAt: Instant = null): CallError {
  return new CallError({ reason: 'auth', code: 'INS_PLATFORM_AUTH', detail, retryAt })
}

export function requestRefused (detail: string): CallError {
  return new CallError({ reason: 'request', code: 'INS_PLATFORM_REQUEST', detail, retryAt: null })
}

export function failed (error: CallError): CountOutcome {
  return { kind: 'failed', failure: error.failure }
}

/** Runs `read` and turns a `CallError` into the outcome of the one id it was about; other errors are bugs and pass. */
export function outcomeOf (read: () => CountOutcome): CountOutcome {
  try {
    return read()
  } catch (error) {
    if (error instanceof CallError) return failed(error)
    throw error
  }
}

/** The outcomes of `work`, or when its call must not be made or fails, that failure for each of the ids. */
export async function unlessRefused<T> (ids: readonly string[], work: () => Promise<T[]>): Promise<Array<T | CountOutcome>> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    return ids.map(() => failed(error))
  }
}
