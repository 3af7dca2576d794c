import type { AppError, InsightFields } from '@insights/shared'

/** The most insights of one call: some hundred kilobytes, and a fraction of a second on either store. */
export const MAX_IMPORTED = 200

/** What became of one insight: stored under `id`, as a new one or in place of what it was; or why it was not. */
export type ImportOutcome = { id: number, isNew: boolean } | { error: AppError }

/**
 * The part of `InsightStore` that takes many insights at once. What every adapter promises:
 *
 * 1. `importMany` does with each of up to `MAX_IMPORTED` insights, as if one after the other, what `create` does, or
 *    where one with its `external_id` is there, what `replaceFields` does: fields that are those it has already change
 *    nothing. The outcomes are in the order of what was given.
 * 2. Each insight is stored whole or not at all. One that can not be stored has its own error and harms no other.
 * 3. Two calls at the same moment with one `external_id` make one insight.
 * 4. A call that rejects may have stored some of the insights that have an `external_id`, so that a repeat does no
 *    harm. Those without one do not stay, as far as is said of a `create` that rejects.
 */
export interface InsightImports {
  importMany: (insights: readonly InsightFields[]) => Promise<ImportOutcome[]>
}
