/** Runs the works of one key one after the other, in the order of asking; those of different keys run at the same time. */
export type OneByOne = <T>(key: number, work: () => Promise<T>) => Promise<T>

export function createOneByOne (): OneByOne {
  /** The last work of each key that has any. */
  const last = new Map<number, Promise<unknown>>()
  return async (key, work) => {
    const result = last.get(key)?.then(work, work) ?? work()
    last.set(key, result)
    try {
      return await result
    } finally {
      if (last.get(key) === result) last.delete(key)
    }
  }
}
