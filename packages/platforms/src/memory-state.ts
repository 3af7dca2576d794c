import type { ClaimOptions, Clock, Milliseconds, Note, ReadState, SharedState } from '@insights/shared'

interface KeptNote { heldUntil: Milliseconds, expiresAt: Milliseconds, kept: { value: string, at: Milliseconds } | null }

/** Those that were claimed longest ago go first: a note is a convenience, and memory is not without end. */
const MAX_NOTES_PER_LIST = 50_000

/** `SharedState` in the memory of this process: for one process alone, and for tests of what works on it. */
export function createMemoryState (clock: Clock): SharedState {
  const states = new Map<string, Omit<ReadState, 'now'>>()
  /** Notes in the order in which they were claimed. */
  const lists = new Map<string, Map<string, KeptNote>>()
  const none = { version: 0, value: null }

  function openList (name: string): Map<string, KeptNote> {
    const notes = lists.get(name) ?? new Map<string, KeptNote>()
    lists.set(name, notes)
    return notes
  }

  function take (notes: Map<string, KeptNote>, name: string, now: Milliseconds, { leaseMs, expiresAt, maxAgeMs = Infinity }: ClaimOptions): Note {
    const found = notes.get(name)
    const note = found !== undefined && found.expiresAt > now ? found : undefined
    if (note?.kept != null && now - note.kept.at <= maxAgeMs) return { kind: 'kept', value: note.kept.value, ageMs: now - note.kept.at }
    if (note !== undefined && note.heldUntil > now) return { kind: 'held', until: note.heldUntil }
    if (leaseMs !== null) {
      notes.delete(name)
      notes.set(name, { heldUntil: now + leaseMs, expiresAt, kept: null })
    }
    return { kind: note === undefined ? 'first' : 'again' }
  }

  return {
    read: async key => ({ ...states.get(key) ?? none, now: clock.now() }),
    swap: async (key, { from, to, value, notAfter }) => {
      if ((states.get(key) ?? none).version !== from || clock.now() > notAfter) return false
      states.set(key, { version: to, value })
      return true
    },
    claim: async (listName, names, options) => {
      const now = clock.now()
      const list = openList(listName)
      forgetOldest(list, now)
      return { now, notes: names.map(name => take(list, name, now, options)) }
    },
    keep: async (listName, results) => {
      const at = clock.now()
      for (const [name, value] of results) {
        const note = lists.get(listName)?.get(name)
        if (note !== undefined) Object.assign(note, { heldUntil: 0, kept: value === null ? note.kept : { value, at } })
      }
    }
  }
}

function forgetOldest (notes: Map<string, KeptNote>, now: Milliseconds): void {
  for (const [name, { expiresAt }] of notes) {
    if (expiresAt > now && notes.size <= MAX_NOTES_PER_LIST) return
    notes.delete(name)
  }
}
