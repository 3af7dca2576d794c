import type { Log } from '@insights/shared'

/** What a run says and is told while it waits for slow platforms. */
export interface Waiting {
  /** What came soon is saved, and the rest is still awaited. */
  onWaiting: () => void
  /** Whether to stop waiting: what is open is then asked for again by whoever takes the insights next. */
  isStopping: () => boolean
}

/**
 * Lets runs that only wait for slow platforms go on without their place among the jobs, so that other insights get
 * their turn. A job that has ended early loses nothing by that: the insights are held by the leases of the run, and
 * are due again when it dies.
 */
export interface SlowRuns {
  /** Resolves when the run has ended, or waits and may do so without a place. Rejects when it fails before. */
  hold: (run: (waiting: Waiting) => Promise<void>) => Promise<void>
  /** Stops those that wait without a place; resolves when they have ended. */
  close: () => Promise<void>
}

/** `limit`: how many may wait without a place; those beyond it keep theirs, and hold up the next ones. */
export function createSlowRuns (limit: number, log: Log): SlowRuns {
  const apart = new Set<Promise<void>>()
  let isClosing = false

  return {
    hold: async run => {
      let release = (): void => {}
      const released = new Promise<void>(resolve => { release = resolve })
      let isApart = false
      const ended: Promise<void> = run({
        onWaiting: () => {
          if (isApart || isClosing || apart.size >= limit) return
          isApart = true
          apart.add(tracked)
          release()
        },
        isStopping: () => isApart && isClosing
      })
      const tracked: Promise<void> = ended.catch((err: unknown) => {
        if (isApart) log.error({ err }, 'A refresh that had given its place away failed: its insights are due again')
      }).finally(() => { apart.delete(tracked) })
      await Promise.race([ended, released])
    },
    close: async () => {
      isClosing = true
      await Promise.all(apart)
    }
  }
}
