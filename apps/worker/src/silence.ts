import { performance } from 'node:perf_hooks'
import type { CountOutcome } from '@insights/platforms'
import type { Milliseconds, Platform } from '@insights/shared'

/** What says that nothing came from the platform itself. */
const UNANSWERED = new Set(['INS_PLATFORM_TIMEOUT', 'INS_PLATFORM_UNREACHABLE'])

/**
 * When each platform last said something, whatever it was, to any run of this process. A platform that is slow but
 * answers is waited for; behind one that hangs, lookups may queue for many times its timeout, and are given up.
 */
export interface Silence {
  heard: (platform: Platform, outcome: CountOutcome | null) => void
  /** For how long the platform has said nothing, counted from `since` at the earliest (both by `performance.now`). */
  lengthOf: (platform: Platform, since: Milliseconds) => Milliseconds
}

export function createSilence (now: () => Milliseconds = () => performance.now()): Silence {
  const heardAt = new Map<Platform, Milliseconds>()
  return {
    heard: (platform, outcome) => {
      const isSilent = outcome?.kind === 'failed' && UNANSWERED.has(outcome.failure.code)
      if (!isSilent) heardAt.set(platform, now())
    },
    lengthOf: (platform, since) => now() - Math.max(since, heardAt.get(platform) ?? -Infinity)
  }
}

/** What became of a lookup that was given up. It says the same as a call that nobody answered, which it may be. */
export const GIVEN_UP: CountOutcome = {
  kind: 'failed',
  failure: {
    reason: 'transient',
    code: 'INS_PLATFORM_TIMEOUT',
    detail: 'The platform does not answer, so that this lookup did not get its turn in time.',
    retryAt: null
  }
}
