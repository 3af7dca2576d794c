import type { Milliseconds, Timestamp } from '@insights/shared'
import type { WriteCondition } from './write-condition.js'

/** How much of each kind was erased with an insight. Numbers only: nothing in them tells whose they were. */
export interface RemovedCounts {
  insights: number
  works: number
  /** Linked accounts: X, Facebook, Instagram. */
  accounts: number
}

/** What stays of an insight that was erased: that it was, when, and how much. No personal field. */
export interface Receipt {
  id: number
  /** When the removal began, by the clock of the store, to the millisecond. */
  deleted_at: Timestamp
  removed: RemovedCounts
  /** `hashReceipt` of the rest: whoever keeps the receipt can show later that it is unchanged. */
  hash: string
}

/**
 * Erasing insights for good. What every adapter promises (the contract suite has a test for each sentence):
 *
 * 1. `remove` erases the insight and all that belongs to it, and gives the receipt, which `findReceipt` gives from
 *    then on. `null` when there is no such insight; under `ifRev` as `replaceFields`. Of several at once one gets the
 *    receipt.
 * 2. What was removed stays removed: no later write of a run brings it back, and no new insight gets its id.
 * 3. An adapter whose database has no transaction over all of it notes beforehand what it is about to erase. When the
 *    process dies in between, the insight is either there untouched or gone for good, and `finishRemovals` erases what
 *    is left and completes the receipt: up to `limit` removals that began more than `afterMs` ago, which is longer than
 *    any call takes. `findReceipt` completes the one that it is asked for at once.
 * 4. `finishRemovals` says how many removals it found open, those of the history of accounts and works that an insight
 *    no longer links included. It may run in several processes at once.
 */
export interface RemovalStore {
  remove: (id: number, condition?: WriteCondition) => Promise<Receipt | null>
  /** `null`: no insight of this id was ever removed. */
  findReceipt: (id: number) => Promise<Receipt | null>
  finishRemovals: (options: { limit: number, afterMs: Milliseconds }) => Promise<number>
}
