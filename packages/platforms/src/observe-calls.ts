import { performance } from 'node:perf_hooks'
import type { Platform } from '@insights/shared'
import type { CallFailure, CountOutcome, PlatformClient } from './port.js'

/** What became of one call of `fetchCounts`: nothing in it tells which ids it was about. */
export interface PlatformCall {
  platform: Platform
  /**
   * `ok`: something was said of each id, also that it does not exist; `partial`: of some of them; otherwise the reason
   * why nothing was. `error`: the client itself failed, which is a bug.
   */
  outcome: 'ok' | 'partial' | CallFailure['reason'] | 'error'
  /** From the call to its last outcome, repeats included. */
  seconds: number
  /**
   * How many ids it asked for, 1 to `maxBatchSize`. Those for which a limit left no room are not among them; those whose
   * first request was sent are, also when a further one was held back.
   */
  ids: number
  maxBatchSize: number
}

export type CallObserver = (call: PlatformCall) => void

type FetchCounts = PlatformClient['fetchCounts']

/** `fetchCounts` that tells `onCall` of each call when it has ended; of what was held back before anything was sent it tells nothing. */
export function observeCalls (
  { platform, maxBatchSize, fetchCounts }: Pick<PlatformClient, 'platform' | 'maxBatchSize' | 'fetchCounts'>, onCall: CallObserver
): FetchCounts {
  return async (ids, options) => {
    const startedAt = performance.now()
    const report = (outcome: PlatformCall['outcome'], asked: number): void => {
      onCall({ platform, outcome, seconds: (performance.now() - startedAt) / 1000, ids: asked, maxBatchSize })
    }
    try {
      const outcomes = await fetchCounts(ids, options)
      const asked = outcomes.filter(outcome => outcome.kind !== 'failed' || outcome.failure.isHeldBack !== true)
      if (asked.length > 0) report(summarise(asked), asked.length)
      return outcomes
    } catch (error) {
      report('error', ids.length)
      throw error
    }
  }
}

function summarise (outcomes: readonly CountOutcome[]): PlatformCall['outcome'] {
  const failures = outcomes.flatMap(outcome => outcome.kind === 'failed' ? [outcome.failure] : [])
  const [first] = failures
  if (first === undefined) return 'ok'
  return failures.length < outcomes.length ? 'partial' : first.reason
}
