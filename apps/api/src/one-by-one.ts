/**
 * Runs the works of one key one after the other, in the order of asking; those of different keys run at the same time.
 * A work that fails is followed by the next one; only with what `concernsAll`, those that wait fail too, at once.
 */
export type OneByOne = <T>(key: number, work: () => Promise<T>) => Promise<T>

/** `concernsAll`: whether trying would give those that wait the same error, after as long a time for each. */
export function createOneByOne (concernsAll: (error: unknown) => boolean): OneByOne {
  /** The last work of each key that has any. */
  const last = new Map<number, Promise<unknown>>()
  return async (key, work) => {
    const after = async (error: unknown): ReturnType<typeof work> => {
      if (concernsAll(error)) throw error
      return await work()
    }
    const result = last.get(key)?.then(work, after) ?? work()
    last.set(key, result)
    try {
      return await result
    } finally {
      if (last.get(key) === result) last.delete(key)
    }
  }
}
