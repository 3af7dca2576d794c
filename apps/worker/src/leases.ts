import type { Log, Milliseconds } from '@insights/shared'
import type { InsightStore } from '@insights/storage'

/**
 * Keeps the insights of a run from being taken over while this process lives: prolongs their leases every third of
 * `leaseMs` until `release`. A failed prolongation is only logged, because a lost lease is safe: the run's results are
 * then dropped and the insights are due again.
 */
export function keepLeases (
  deps: { store: InsightStore, log: Log }, runs: ReadonlyArray<{ id: number, claim: number }>, leaseMs: Milliseconds
): { release: () => void } {
  const timer = setInterval(() => {
    deps.store.extendLeases(runs, { leaseMs }).catch((err: unknown) => {
      deps.log.warn({ err }, 'leases could not be prolonged')
    })
  }, leaseMs / 3)
  return { release: () => { clearInterval(timer) } }
}
