import type { Clock, Milliseconds, Note, ReadState, SharedState } from '@insights/shared'

interface KeptNote { heldUntil: Milliseconds, value: string | null }

/** `SharedState` in the memory of this process: for one process alone, and for tests of what works on it. */
export function createMemoryState (clock: Clock): SharedState {
  const states = new Map<string, Omit<ReadState, 'now'>>()
  const lists = new Map<string, { expiresAt: Milliseconds, notes: Map<string, KeptNote> }>()
  const none = { version: 0, value: null }

  function forgetExpired (now: Milliseconds): void {
    for (const [name, list] of lists) if (list.expiresAt <= now) lists.delete(name)
  }

  function take (notes: Map<string, KeptNote>, name: string, now: Milliseconds, leaseMs: Milliseconds | null): Note {
    const note = notes.get(name)
    if (note?.value != null) return { kind: 'kept', value: note.value }
    if (note !== undefined && note.heldUntil > now) return { kind: 'held', until: note.heldUntil }
    if (leaseMs !== null) notes.set(name, { heldUntil: now + leaseMs, value: null })
    return { kind: note === undefined ? 'first' : 'again' }
  }

  return {
    read: async key => ({ ...states.get(key) ?? none, now: clock.now() }),
    swap: async (key, { from, to, value, notAfter }) => {
      if ((states.get(key) ?? none).version !== from || clock.now() > notAfter) return false
      states.set(key, { version: to, value })
      return true
    },
    claim: async (listName, names, { leaseMs, expiresAt }) => {
      const now = clock.now()
      forgetExpired(now)
      const list = lists.get(listName) ?? { expiresAt, notes: new Map<string, KeptNote>() }
      if (leaseMs !== null) lists.set(listName, list)
      return { now, notes: names.map(name => take(list.notes, name, now, leaseMs)) }
    },
    keep: async (listName, results) => {
      const notes = lists.get(listName)?.notes
      for (const [name, value] of results) notes?.set(name, { heldUntil: 0, value })
    }
  }
}
