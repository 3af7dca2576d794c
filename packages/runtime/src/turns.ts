import { performance } from 'node:perf_hooks'
import type { Milliseconds } from '@insights/shared'

/** Whether somebody waits for what the work gives, or nobody does. */
export type Rank = 'waited_for' | 'background'

/**
 * Lets one work run at a time. What somebody waits for goes first, and of the same rank what was asked for first; but
 * the background gets a fifth of the time at least, so that nothing can keep it waiting for ever.
 */
export interface Turns {
  /** Gives what `work` gives, when its turn has come. Work that fails ends its turn too. */
  take: <T>(rank: Rank, work: () => Promise<T>) => Promise<T>
  /** Resolves when everything that waited has had its turn. What is asked for from now on is run at once. */
  end: () => Promise<void>
}

/** The background waits at most for so many times what its last turn has taken. */
const OTHERS_SHARE = 4

/** `now` times the turns. */
export function createTurns (now: () => Milliseconds = () => performance.now()): Turns {
  const waiting: Record<Rank, Array<() => void>> = { waited_for: [], background: [] }
  /** How long turns of others have taken since the last one of the background, and how long that one took. */
  const spent: Record<Rank, Milliseconds> = { waited_for: 0, background: 0 }
  let isTaken = false
  let isLooking = false
  let isEnded = false
  let onIdle = (): void => {}

  return { take, end }

  async function take<T> (rank: Rank, work: () => Promise<T>): Promise<T> {
    if (isEnded) return await work()
    await new Promise<void>(resolve => {
      waiting[rank].push(resolve)
      pass()
    })
    const startedAt = now()
    try {
      return await work()
    } finally {
      count(rank, now() - startedAt)
      isTaken = false
      pass()
    }
  }

  async function end (): Promise<void> {
    isEnded = true
    if (isIdle()) return
    await new Promise<void>(resolve => { onIdle = resolve })
  }

  function count (rank: Rank, ms: Milliseconds): void {
    if (rank === 'background') spent.waited_for = spent.background = 0
    spent[rank] += ms
  }

  function pass (): void {
    if (isTaken) return
    if (isOwed()) give('background')
    else if (waiting.waited_for.length > 0) give('waited_for')
    else if (waiting.background.length > 0) lookLater()
    else onIdle()
  }

  function isOwed (): boolean {
    return waiting.background.length > 0 && spent.waited_for > OTHERS_SHARE * spent.background
  }

  /**
   * The background comes when the event loop has turned and nobody else has come: whoever has just had a turn may be
   * about to ask for the next one, and requests may have arrived meanwhile.
   */
  function lookLater (): void {
    if (isLooking) return
    isLooking = true
    setImmediate(() => {
      isLooking = false
      if (!isTaken) give('background')
    })
  }

  function give (rank: Rank): void {
    const start = waiting[rank].shift()
    if (start === undefined) return
    isTaken = true
    start()
  }

  function isIdle (): boolean {
    return !isTaken && waiting.waited_for.length === 0 && waiting.background.length === 0
  }
}
