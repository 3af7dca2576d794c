/** What was opened, for closing it in the reverse order. */
export interface Closers {
  add: (close: () => Promise<unknown>) => void
  /** Closes everything added so far, the last one first. A second call closes only what was added since. */
  close: () => Promise<void>
}

/** Collects what a start opens, so that a failed start and an orderly end close the same things. */
export function createClosers (): Closers {
  const closers: Array<() => Promise<unknown>> = []
  return {
    add: close => { closers.push(close) },
    close: async () => {
      for (const close of closers.splice(0).reverse()) await close()
    }
  }
}
