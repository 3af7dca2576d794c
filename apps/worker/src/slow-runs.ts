import type { Log } from '@insights/shared'

/**
 * Lets runs that only wait for slow platforms go on without their place among the jobs, so that other insights get
 * their turn. A job that has ended early loses nothing by that: the insights are held by the leases of the run, and
 * are due again when it dies.
 */
export interface SlowRuns {
  /**
   * Resolves when the run has ended, or has said that what came soon is saved and the rest is still awaited, and may
   * do that without a place. Rejects when it fails before.
   */
  hold: (run: (onWaiting: () => void) => Promise<void>) => Promise<void>
  /** Resolves when those that wait without a place have ended; no more give theirs away. */
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
      const ended: Promise<void> = run(() => {
        if (isApart || isClosing || apart.size >= limit) return
        isApart = true
        apart.add(tracked)
        release()
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
