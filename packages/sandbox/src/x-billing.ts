import { toTimestamp, type Milliseconds } from '@insights/shared'
import type { Answer, World } from './exchange.js'
import { createPeriodCounter } from './quota.js'
import { spendCapError, xError } from './x-errors.js'

/** What X charges for one user returned, in cents, so that sums stay exact. */
const CENTS_PER_USER = 1

export interface XBilling {
  /** Why nothing more is sold; `null` = go on. */
  refusal: () => Answer | null
  /** Charges each user once per UTC day and answers what this call cost, in dollars. */
  charge: (users: readonly string[]) => number
  /** The `spendCapReached` answer of this moment. */
  spendCap: () => Answer
  clear: () => void
}

/** Pay per use: prepaid credits, and a spending cap per billing cycle, which here is the calendar month in UTC. */
export function createXBilling ({ clock, settings }: World): XBilling {
  const spentInMonth = createPeriodCounter()
  let spentEver = 0
  let chargedDay = ''
  let charged = new Set<string>()

  function refusal (): Answer | null {
    const { creditDollars, spendCapDollars } = settings.values.x
    if (spentInMonth.used(monthOf(clock.now())) >= centsOf(spendCapDollars)) return spendCap()
    return spentEver >= centsOf(creditDollars) ? xError('creditsDepleted') : null
  }

  function charge (users: readonly string[]): number {
    const now = clock.now()
    enterDay(toTimestamp(now).slice(0, 10))
    const before = charged.size
    for (const user of users) charged.add(user)
    const cents = (charged.size - before) * CENTS_PER_USER
    spentEver += cents
    spentInMonth.add(monthOf(now), cents)
    return cents / 100
  }

  function enterDay (day: string): void {
    if (day === chargedDay) return
    chargedDay = day
    charged = new Set()
  }

  const spendCap = () => spendCapError(firstOfNextMonth(clock.now()))

  return {
    refusal,
    charge,
    spendCap,
    clear: () => {
      spentInMonth.clear()
      spentEver = 0
      charged.clear()
    }
  }
}

function centsOf (dollars: number): number {
  return Math.round(dollars * 100)
}

function monthOf (now: Milliseconds): string {
  return toTimestamp(now).slice(0, 7)
}

function firstOfNextMonth (now: Milliseconds): string {
  const today = new Date(now)
  return toTimestamp(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 1)).slice(0, 10)
}
