/** Changes an account's shared state, from whatever it has become meanwhile. */
import type { Clock, Milliseconds, ReadState, SharedState } from '@insights/shared'
import { parseState, type AccountState } from './account-state.js'

/** The time of the server is told to whoever reads it, with the state that is known then. */
export type StateObserver = (state: AccountState, now: Milliseconds) => void

export interface StateKeeper {
  /**
   * Runs `change` on the newest state and stores what it has made of it, in one step. `change` may run several times,
   * and the last one counts. Rejects when the state can not be reached: nothing may be taken for granted then.
   */
  update: <T>(change: (state: AccountState, now: Milliseconds) => T) => Promise<T>
  read: () => Promise<{ state: AccountState, now: Milliseconds }>
  /** The state as this process saw it last. */
  known: () => AccountState
}

/** Others come first at most so often in a row; each of them has made its change by then. */
const MAX_ROUNDS = 100

/** From reading the state to replacing it. A process that stood still in between decided by a time that has passed. */
const MAX_AGE_MS: Milliseconds = 2_000

export function createStateKeeper (shared: SharedState, key: string, onState: StateObserver): StateKeeper {
  let known: { version: number, value: string | null } = { version: 0, value: null }
  let last: Promise<unknown> = Promise.resolve()

  return {
    update: change => {
      // One after the other: within a process nobody has to be first.
      const result = last.then(async () => await update(change))
      last = result.catch(() => {})
      return result
    },
    read: async () => {
      const { value, now } = newest(await shared.read(key))
      return { state: parseState(value), now }
    },
    known: () => parseState(known.value)
  }

  async function update<T> (change: (state: AccountState, now: Milliseconds) => T): Promise<T> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const stored = await shared.read(key)
      const base = newest(stored)
      const state = parseState(base.value)
      const result = change(state, stored.now)
      const next = { version: base.version + 1, value: JSON.stringify(state) }
      const isDone = next.value === stored.value ||
        await shared.swap(key, { from: stored.version, to: next.version, value: next.value, notAfter: stored.now + MAX_AGE_MS })
      if (!isDone) continue
      known = next.value === stored.value ? stored : next
      onState(state, stored.now)
      return result
    }
    throw new Error('The shared state of a platform is being changed without end')
  }

  /** A server that lost its data is given back what this process knows: what was used stays used. */
  function newest (stored: ReadState): ReadState {
    return stored.version < known.version ? { ...known, now: stored.now } : stored
  }
}

/** The clock of the server, as far as it is known: what was read last, and the time since then. */
export function createSyncedClock (own: Clock): Clock & { sync: (now: Milliseconds) => void } {
  let base: { now: Milliseconds, at: Milliseconds } | null = null
  return {
    now: () => base === null ? own.now() : Math.round(base.now + performance.now() - base.at),
    sync: now => { base = { now, at: performance.now() } }
  }
}
