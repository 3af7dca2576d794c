import type { Milliseconds } from '@insights/shared'

/** How much was used within the last `lengthMs`, at any instant. */
export interface RollingWindow {
  used: (now: Milliseconds) => number
  add: (now: Milliseconds, amount: number) => void
  /** The first instant at which less than `limit` is in use; `now` if it is so already. */
  freeAt: (now: Milliseconds, limit: number) => Milliseconds
  clear: () => void
}

export function createRollingWindow (lengthMs: Milliseconds): RollingWindow {
  let uses: Array<{ at: Milliseconds, amount: number }> = []
  let used = 0
  const forget = (now: Milliseconds) => {
    const isInside = (use: { at: Milliseconds }) => use.at > now - lengthMs && use.at <= now
    const first = uses[0]
    const last = uses.at(-1)
    if (first === undefined || last === undefined || (isInside(first) && isInside(last))) return
    uses = uses.filter(isInside)
    used = uses.reduce((sum, use) => sum + use.amount, 0)
  }
  return {
    used: now => {
      forget(now)
      return used
    },
    add: (now, amount) => {
      forget(now)
      uses.push({ at: now, amount })
      used += amount
    },
    freeAt: (now, limit) => {
      forget(now)
      let left = used
      for (const use of uses) {
        if (left < limit) return now
        left -= use.amount
        if (left < limit) return use.at + lengthMs
      }
      return now
    },
    clear: () => {
      uses = []
      used = 0
    }
  }
}

/** How much was used in the current period; a period is known by its name, such as a date, and the next starts at 0. */
export interface PeriodCounter {
  used: (period: string) => number
  add: (period: string, amount: number) => void
  clear: () => void
}

export function createPeriodCounter (): PeriodCounter {
  let current = ''
  let used = 0
  const enter = (period: string) => {
    if (period === current) return
    current = period
    used = 0
  }
  return {
    used: period => {
      enter(period)
      return used
    },
    add: (period, amount) => {
      enter(period)
      used += amount
    },
    clear: () => enter('')
  }
}
