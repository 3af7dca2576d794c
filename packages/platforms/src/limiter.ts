/** Runs async work, at most so many at a time; the rest waits in the order of asking. */
export type Limiter = <T>(work: () => Promise<T>) => Promise<T>

export function createLimiter (limit: number): Limiter {
  const waiting: Array<() => void> = []
  let free = limit
  return async work => {
    if (free > 0) free--
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}
