import type { World } from './exchange.js'
import { createRollingWindow } from './quota.js'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** The calls of one app against its rolling limits. */
export interface GraphBudget {
  /** The error code that a call would meet now; `null` = none. Counts nothing. */
  blockedBy: () => '4' | '17' | null
  /** Counts one call, refused ones too: going on while throttled lengthens the block. Answers as `blockedBy` before it. */
  spend: () => '4' | '17' | null
  /** What is used of the hourly limit, in whole per cent. */
  percentUsed: () => number
  clear: () => void
}

export function createGraphBudget ({ clock, settings }: World): GraphBudget {
  const lastHour = createRollingWindow(HOUR_MS)
  const lastMinute = createRollingWindow(MINUTE_MS)

  function blockedBy (): '4' | '17' | null {
    const now = clock.now()
    const { callsPerHour, callsPerMinute } = settings.values.graph
    if (lastHour.used(now) >= callsPerHour) return '4'
    return lastMinute.used(now) >= callsPerMinute ? '17' : null
  }

  return {
    blockedBy,
    spend: () => {
      const blocked = blockedBy()
      lastHour.add(clock.now(), 1)
      lastMinute.add(clock.now(), 1)
      return blocked
    },
    percentUsed: () => Math.floor(100 * lastHour.used(clock.now()) / settings.values.graph.callsPerHour),
    clear: () => {
      lastHour.clear()
      lastMinute.clear()
    }
  }
}
