import { explain, INSIGHT_1, toSignals, type Breakdown, type InsightFields, type SourceRecord } from '@insights/shared'
import type { InsightDocument } from './port.js'

/**
 * The breakdown that follows from changed fields and the counts that are left, so that the score never goes on
 * including the counts of an account that is gone. `null` before the first refresh: no score has been computed yet.
 */
export function rescore (
  { breakdown }: Pick<InsightDocument, 'breakdown'>, fields: InsightFields, sources: readonly SourceRecord[]
): Breakdown | null {
  return breakdown === null ? null : explain(INSIGHT_1, toSignals(fields, sources, INSIGHT_1))
}
