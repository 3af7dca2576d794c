import type { Milliseconds } from '@insights/shared'

/**
 * Waits for `promise`, but no longer than `timeoutMs`.
 *
 * @throws what the promise rejects with, or an `Error` when the time is over. A later rejection is dropped: by then
 * the caller has gone on without the result.
 */
export async function withinTime<T> (promise: Promise<T>, timeoutMs: Milliseconds, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(new Error(`${what} took longer than ${timeoutMs} ms`)) }, timeoutMs)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
