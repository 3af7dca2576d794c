import type { Milliseconds } from '@insights/shared'

/** The outcome of `call`, or a rejection with `error` after `limitMs`. The call is not stopped: it may still take effect. */
export async function withTimeLimit<T> (limitMs: Milliseconds, error: Error, call: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(error) }, limitMs)
  })
  try {
    return await Promise.race([call(), limit])
  } finally {
    clearTimeout(timer)
  }
}
