import type { SourceLink, SourceState, Timestamp } from '@insights/shared'

/** What one try of a source gave. It is identified by insight, source and time. */
export interface SourceObservation extends SourceLink {
  /** When the answer came, to the millisecond. */
  at: Timestamp
  /** What the platform answered, 0 to 2^53 - 1; `null` = it gave no count: a gap, never 0 and never an older value. */
  count: number | null
  /** The state of the source after that try. */
  state: SourceState
}

/** An observation with the insight that it belongs to. */
export interface Observation extends SourceObservation {
  insight_id: number
}

export interface ObservationRange {
  /** Included; `null` = from the beginning. */
  from: Timestamp | null
  /** Not included; `null` = to the end. */
  to: Timestamp | null
  /** At least 1. */
  limit: number
}

/** What `compact` did: `examined` up to its limit, of which `removed` are gone. */
export interface Compaction {
  examined: number
  removed: number
}

/**
 * The observations over time. `saveResults` of `InsightStore` writes them together with the results that they belong
 * to, its other writes erase them; this port reads and thins out. What every adapter promises (the contract suite has a
 * test for each sentence):
 *
 * 1. The observations of a result are there once it is saved. Those of a superseded one do not stay. An adapter whose
 *    database has no transaction over both may lose some, which is a gap, and never fails a save for them.
 * 2. Each is kept once: the same insight, source and time a second time changes nothing.
 * 3. `read` gives up to `limit` observations of these sources of one insight, in the order of `compareSources`, then of
 *    time, `from` included and `to` not. Values survive unchanged. Its cost depends on what it gives. What is older
 *    than its platform allows is not given, whether or not it was removed by then.
 * 4. With an insight its whole history is removed. With an account or work that it no longer links, the history of that
 *    source is removed, whichever call has changed it; the other sources keep theirs. What comes late, out of a run
 *    that was overtaken, leaves nothing behind. Without a transaction, what a crash leaves in between is erased by
 *    `finishRemovals`.
 * 5. `compact` takes up to `limit` observations whose time has come, those that waited longest first, and thins them
 *    out as `history-rules.ts` says, by the clock of the store. Repeated until `examined` is less than `limit`, it
 *    leaves exactly what the rules keep. It may run in several processes at once. Its cost depends on what it examines,
 *    not on how many observations there are.
 * 6. `compact` removes what belongs to no insight, or to no source of its insight, when its time comes, which is for
 *    the first time a day after it was observed.
 * 7. Errors are those of `InsightStore`.
 */
export interface HistoryStore {
  read: (insightId: number, sources: readonly SourceLink[], range: ObservationRange) => Promise<SourceObservation[]>
  compact: (options: { limit: number }) => Promise<Compaction>
}
