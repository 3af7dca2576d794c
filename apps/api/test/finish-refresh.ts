import { explain, INSIGHT_1, toSignals, toTimestamp, type Platform, type SourceRecord } from '@insights/shared'
import type { InsightStore } from '@insights/storage'

/** Does what a worker does whose platforms answered with these counts, each for all of its accounts and works. */
export async function finishRefresh (store: InsightStore, id: number, counts: Partial<Record<Platform, number>>): Promise<void> {
  const { now, documents: [document] } = await store.startRefreshes([id], { leaseMs: 10_000 })
  if (document === undefined) throw new Error('there is nothing to refresh')
  const sources = document.sources.map((source): SourceRecord =>
    ({ ...source, state: 'ok', count: counts[source.platform] ?? null, fetched_at: toTimestamp(now), next_at: toTimestamp(now + 1) }))
  const breakdown = explain(INSIGHT_1, toSignals(document.fields, sources, INSIGHT_1))
  const { identity_rev: identityRev, rev, refresh } = document
  await store.saveResults([
    { id, claim: refresh.claim, identity_rev: identityRev, rev, sources, breakdown, end: { done: refresh.wanted, nextInMs: 60_000 } }
  ])
}
