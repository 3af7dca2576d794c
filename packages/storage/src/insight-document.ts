import type { Breakdown, InsightFields, Score, SourceRecord, Timestamp } from '@insights/shared'

/**
 * One insight as it is stored. The client owns `fields`; the worker owns `sources`, `score` and `breakdown`. What must
 * be done stands in `refresh`, in the same document and the same write as the data that needs it: the document is its
 * own outbox, and a queue only makes things faster.
 */
export interface InsightDocument {
  /** 1 to 2^53 - 1, unique, never used again after a delete; ids may have gaps and follow no order of time. */
  id: number
  fields: InsightFields
  /** One record per linked account and work, in the order of `linkedSources(fields)`. */
  sources: SourceRecord[]
  /** 0 until the first refresh has run. */
  score: Score
  /** `null` until the first refresh has run. */
  breakdown: Breakdown | null
  /** 1 at creation, +1 with every change of `fields`. A refresh never changes it. */
  rev: number
  /** 1 at creation, +1 with every change of the handles, the page id or the keys of the works. */
  identity_rev: number
  refresh: RefreshState
  created_at: Timestamp
  /** When `fields` or the worker's part last changed. */
  updated_at: Timestamp
}

/** What is to be done for an insight. `wanted` and `done` are counters: work is open while `wanted` is ahead. */
export interface RefreshState {
  wanted: number
  done: number
  /** The value of `wanted` at which a client last asked for fresh counts; it counts while it is ahead of `done`. */
  forced: number
  /** When the planner picks the insight up next; `null` = never, nothing is linked and nothing is open. */
  due_at: Timestamp | null
  /** +1 with every start of a refresh: the fencing token of the run in progress. */
  claim: number
  /** The run in progress holds the insight until then; `null` = none is in progress. */
  lease_until: Timestamp | null
  /** When the open or last refresh was asked for, by a client or by the planner. */
  asked_at: Timestamp
  /** When the last refresh ended; `null` = none has. */
  done_at: Timestamp | null
  /** Whether `wanted` is ahead of `done`. */
  is_pending: boolean
  /** Whether a run holds the insight now, by the clock of the store. */
  is_running: boolean
}
