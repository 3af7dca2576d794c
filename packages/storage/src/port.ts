import type { Breakdown, InsightFields, Milliseconds, SourceRecord } from '@insights/shared'
import type { SourceObservation } from './history-port.js'
import type { KeyHold, KeyStore } from './idempotency-port.js'
import type { InsightDocument } from './insight-document.js'
import type { InsightImports } from './import-port.js'
import type { InsightLists } from './list-port.js'
import type { RemovalStore } from './removal-port.js'
import type { WriteCondition } from './write-condition.js'

export type * from './insight-document.js'
export type * from './write-condition.js'

/** The outcome of a run for one insight, written only while `claim` and `identity_rev` still are the current ones. */
export interface RefreshResult {
  id: number
  claim: number
  identity_rev: number
  /** That of the fields from which `breakdown` was computed. */
  rev: number
  sources: SourceRecord[]
  /** Left out, like the score in it, where `rev` is not the current one any more and there is a score already. */
  breakdown: Breakdown
  /** What the run has observed since it last saved, of sources that it has; default nothing. Kept if the result is. */
  observations?: readonly SourceObservation[]
  /**
   * `null`: counts known so far, the run goes on. Otherwise the run ends: `done` is the `wanted` it began with, and
   * `nextInMs` says in how many milliseconds (≥ 0) the insight is due again, `null` = only when asked.
   */
  end: { done: number, nextInMs: Milliseconds | null } | null
}

/** What became of a bulk write: each id asked is in exactly one list. */
export interface SaveSummary {
  saved: number[]
  /** Changed, taken over or deleted since the run began: nothing was written, and that is no fault. */
  superseded: number[]
}

/** `backlog` counts no further: beyond this the exact number changes no decision and would cost more and more. */
export const MAX_COUNTED_DUE = 10_001

/** What waits to be planned. */
export interface Backlog {
  /** 0 to `MAX_COUNTED_DUE`, which means that many or more. */
  due: number
  /** Since when the one that waits longest has been due, by the clock of the store, ≥ 0; `null` = none is. */
  oldestDueAgeMs: Milliseconds | null
}

/**
 * Where insights live. What every adapter promises (the contract suite has a test for each sentence; the promises of
 * lists stand in `list-port.ts`, those of imports in `import-port.ts`, those of keys in `idempotency-port.ts`):
 *
 * 1. `create` stores the document and its open refresh in one atomic write and returns it, acknowledged as durable as
 *    the store ever makes it. Ids are unique under concurrent creates and never used again, not even after a delete.
 *    Under a hold of a key it is what `KeyStore` says.
 * 2. `find` gives the document as last written, or `null`. Values survive unchanged: page ids beyond 2^53 as text,
 *    counts up to 2^53 - 1, every Unicode text without NUL.
 * 3. `replaceFields` replaces the client's fields atomically: `rev` + 1, the refresh wanted and due at once, and once
 *    there is a score, the one that follows from the new fields and the counts that are left. It gives `null` for an
 *    unknown id, and throws `INS_INSIGHT_CHANGED`, writing nothing, when `ifRev` is not the current one. Fields that
 *    are those it has already change nothing at all.
 * 4. Changed accounts or works raise `identity_rev`, drop the records of those that are gone in the same write, and
 *    make a run in progress worthless; any other change leaves `identity_rev` and `sources` alone, and what that run
 *    saves afterwards leaves the score of the changed fields alone.
 * 5. Removing is what `RemovalStore` says.
 * 6. `requestRefresh` asks for fresh counts. An open refresh that has not started is reused; during a run one more is
 *    wanted afterwards. `rev` and `updated_at` stay. `null` for an unknown id.
 * 7. `claimDue` gives up to `limit` ids whose `due_at` has come, those that waited longest, marks their refresh as wanted, and puts
 *    their `due_at` off by `leaseMs`. Two claimers never get the same id within the lease; after it an id that no run
 *    has ended is given again. Its cost depends on what it returns, not on how many insights there are.
 * 8. `startRefreshes` takes those of `ids` whose refresh is wanted and that no live run holds, each with a new `claim`
 *    and a lease. Of two runs starting at once only one gets an insight. Unknown ids and those with nothing to do are
 *    left out. `now` is the store's clock at that moment.
 * 9. `extendLeases` prolongs the leases of runs that still hold their claim; the others are left alone.
 * 10. `saveResults` writes many results at once, each only if `claim` and `identity_rev` are current, never touching
 *    `fields` or `rev`, never creating a document. One result that is superseded never harms the others. A run that
 *    ends sets `done`; if more is wanted by then, the insight is due at once. Where the `rev` of a result is not current
 *    its counts are saved, and score and breakdown stay, if any: the run that is wanted since gives them.
 * 11. Leases and "due" follow the clock of the store alone; which of two changes is the newer one follows from
 *    counters, never from a time.
 * 12. A store that is away rejects with `INS_STORE_UNAVAILABLE`, one without space with `INS_STORE_FULL`; no error of
 *    a driver leaves an adapter.
 * 13. No two insights have the same `external_id`, compared letter by letter; any number has none. A `create` or
 *    `replaceFields` that would give an insight one that another has throws `INS_EXTERNAL_ID_TAKEN`, which names the
 *    field, and writes nothing; of two at the same moment exactly one succeeds. It is free again as soon as its insight
 *    is removed or has another one.
 * 14. `backlog` tells how many ids `claimDue` would find now, counted up to `MAX_COUNTED_DUE`, and for how long the
 *    one that waits longest has been due. It changes nothing, and its cost does not depend on how many insights
 *    there are.
 *
 * Not promised: that ids rise with time; any order of the ids that `claimDue` gives or of what `saveResults` writes.
 * Whoever opens the database closes it; a store only borrows it.
 */
export interface InsightStore extends InsightLists, InsightImports, RemovalStore {
  /** The keys under which a call is made once. */
  keys: KeyStore
  create: (fields: InsightFields, hold?: KeyHold) => Promise<InsightDocument>
  find: (id: number) => Promise<InsightDocument | null>
  replaceFields: (id: number, fields: InsightFields, condition?: WriteCondition) => Promise<InsightDocument | null>
  requestRefresh: (id: number) => Promise<InsightDocument | null>
  claimDue: (options: { limit: number, leaseMs: Milliseconds }) => Promise<number[]>
  startRefreshes: (
    ids: readonly number[], options: { leaseMs: Milliseconds }
  ) => Promise<{ now: Milliseconds, documents: InsightDocument[] }>
  extendLeases: (
    runs: ReadonlyArray<{ id: number, claim: number }>, options: { leaseMs: Milliseconds }
  ) => Promise<void>
  saveResults: (results: readonly RefreshResult[]) => Promise<SaveSummary>
  backlog: () => Promise<Backlog>
  /** Resolves when the store answers; rejects with `INS_STORE_UNAVAILABLE`. */
  ping: () => Promise<void>
}
