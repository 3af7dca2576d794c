/** What the five clients have in common: the promises of `PlatformClient` that do not depend on the platform. */
import type { Clock, Milliseconds, Platform } from '@insights/shared'
import { startCall, type Call } from './deadline.js'
import { CallError, badReply, failed } from './failure.js'
import { createOpenGate, type Gate } from './gate.js'
import type { Governor } from './governor.js'
import type { HttpSettings } from './http.js'
import type { CountOutcome, FetchOptions, PlatformClient } from './port.js'

export interface ClientSettings extends HttpSettings {
  /** The longest that `fetchCounts` may take. */
  deadlineMs: Milliseconds
  clock: Clock
  /** Keeps the limits. Without it nothing is counted or held back: for a client that is tried out alone. */
  governor?: Governor
}

export interface ClientParts {
  platform: Platform
  maxBatchSize: number
  normaliseId: (id: string) => string | null
  /** Asks for 1 to `maxBatchSize` different ids in normal form; one outcome per id, in that order. Throws `CallError`
   *  when the whole call failed. Everything it waits for ends with the call. */
  ask: (ids: readonly string[], call: Call) => Promise<CountOutcome[]>
  /** Told of the outcomes of every call. */
  gate: Gate
  close: () => Promise<void>
}

/** Through which the requests to a platform go. */
export function gateOf (platform: Platform, { governor, clock }: ClientSettings): Gate {
  return governor?.gateOf(platform) ?? createOpenGate(clock.now)
}

export function createClient (parts: ClientParts, deadlineMs: Milliseconds): PlatformClient {
  const { platform, maxBatchSize, normaliseId, close } = parts
  return { platform, maxBatchSize, normaliseId, fetchCounts, close }

  async function fetchCounts (ids: readonly string[], options: FetchOptions = {}): Promise<CountOutcome[]> {
    if (ids.length > maxBatchSize) throw new RangeError(`${platform} takes at most ${maxBatchSize} ids per call`)
    const keys = ids.map(normaliseId)
    const asked = [...new Set(keys)].filter(key => key !== null)
    const outcomes = asked.length === 0 ? [] : await askOrFail(asked, startCall(deadlineMs, options.urgency ?? 'planned'))
    const outcomeOf = new Map(asked.map((key, index) => [key, outcomes[index]]))
    const unanswered = failed(badReply(platform, 'says nothing about the id'))
    return keys.map(key => key === null ? { kind: 'invalid_id' } : outcomeOf.get(key) ?? unanswered)
  }

  async function askOrFail (ids: readonly string[], call: Call): Promise<CountOutcome[]> {
    return await parts.gate.settle(call, await askAll(ids, call))
  }

  async function askAll (ids: readonly string[], call: Call): Promise<CountOutcome[]> {
    try {
      return await parts.ask(ids, call)
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      return ids.map(() => failed(error))
    }
  }
}
