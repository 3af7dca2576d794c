import { PLATFORMS, type Milliseconds, type Platform } from '@insights/shared'

/** One call that a platform received. */
export interface LoggedCall {
  platform: Platform
  method: string
  /** Below the base URL, without the query: `/videos`, `/2/users/by`, `/oauth/token`, `/` for a Graph batch. */
  path: string
  /** The ids asked for, as sent, in order, with repeats. Empty where the call names none. */
  ids: string[]
  /** The HTTP status answered; `null` = the connection was reset instead. */
  status: number | null
  /**
   * In the platform's own coin. YouTube: quota units. SoundCloud: calls, and tokens granted for the token host.
   * X: dollars. Facebook, Instagram: calls against the rate limit, one per part of a batch.
   */
  cost: number
  /** When it arrived, by the sandbox's clock. */
  at: Milliseconds
}

/** Sums over the calls of one platform; `ids` with repeats, `cost` as in `LoggedCall`. */
export interface CallTotals {
  calls: number
  ids: number
  cost: number
}

/** Calls kept. A sandbox may run for weeks beside a service; the totals go on counting. */
const MAX_KEPT = 10_000

/** The calls that a sandbox received, oldest first. */
export interface CallLog {
  /** The last 10,000 calls, of one platform if one is given. A new list at each call. */
  list: (platform?: Platform) => LoggedCall[]
  /** Of all calls since the start or the last `clear`, also of those no longer kept. */
  totals: (platform: Platform) => CallTotals
  clear: () => void
}

export interface WritableCallLog extends CallLog {
  add: (call: LoggedCall) => void
}

export function createCallLog (): WritableCallLog {
  let kept: LoggedCall[] = []
  let totals = noTotals()
  return {
    add: call => {
      kept.push(call)
      if (kept.length >= 2 * MAX_KEPT) kept = kept.slice(-MAX_KEPT)
      addTo(totals[call.platform], call)
    },
    list: platform => kept.slice(-MAX_KEPT).filter(call => platform === undefined || call.platform === platform),
    totals: platform => ({ ...totals[platform] }),
    clear: () => {
      kept = []
      totals = noTotals()
    }
  }
}

function addTo (totals: CallTotals, call: LoggedCall): void {
  totals.calls += 1
  totals.ids += call.ids.length
  // Dollars are sums of cents: without rounding, a hundred of them would drift off.
  totals.cost = Math.round((totals.cost + call.cost) * 100) / 100
}

function noTotals (): Record<Platform, CallTotals> {
  const entries = PLATFORMS.map(platform => [platform, { calls: 0, ids: 0, cost: 0 }])
  return Object.fromEntries(entries) as Record<Platform, CallTotals>
}
