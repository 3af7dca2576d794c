import type { Clock, Milliseconds } from '@insights/shared'
import { readCount, refuse } from './check.js'

/** The time of a sandbox: runs with real time from where it was set, unless frozen. Instants count from the Unix epoch. */
export interface SandboxClock extends Clock {
  /** Sets the instant. Set back, it makes rolling limits forget what then lies in the future.
   *  @throws INS_REQUEST_INVALID when a date can not hold the instant. */
  set: (instant: Milliseconds) => void
  /** Moves the clock on; a negative step moves it back. */
  advance: (step: Milliseconds) => void
  /** Stops the clock where it is; `set` and `advance` still work. */
  freeze: () => void
  /** Lets the clock run on from where it is. */
  run: () => void
  readonly isFrozen: boolean
}

/** The last instant a `Date` can hold. Beyond it nothing could be written as a date. */
const LAST_INSTANT = 8_640_000_000_000_000

/** A clock that shows `start` now (default: the time of this machine) and runs. */
export function createSandboxClock (start: Milliseconds = Date.now()): SandboxClock {
  let shown = readInstant(start, '/start')
  let since = performance.now()
  let isFrozen = false
  const now = () => isFrozen ? shown : Math.floor(shown + performance.now() - since)
  const set = (instant: Milliseconds) => {
    shown = instant
    since = performance.now()
  }
  return {
    now,
    set: instant => set(readInstant(instant, '/now')),
    advance: step => set(readInstant(now() + step, '/advance')),
    freeze: () => {
      set(now())
      isFrozen = true
    },
    run: () => {
      set(now())
      isFrozen = false
    },
    get isFrozen () {
      return isFrozen
    }
  }
}

function readInstant (value: unknown, pointer: string): Milliseconds {
  const instant = readCount(value, pointer)
  if (instant > LAST_INSTANT) refuse(pointer, 'range', 'must be an instant that a date can hold')
  return instant
}
