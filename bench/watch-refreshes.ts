import type { InsightStore } from '@insights/storage'

type Results = Parameters<InsightStore['saveResults']>[0]
type SaveSummary = Awaited<ReturnType<InsightStore['saveResults']>>

/** Far beyond what the largest backlog needs: a run that hangs shall say so. */
const LIMIT_MS = 600_000

export interface Watch {
  /** The same store, watched for refreshes that end: nobody has to ask it, which would take part of what is measured. */
  watch: (store: InsightStore) => InsightStore
  /** Resolves when so many insights have been refreshed; rejects when one of their sources gave no count. */
  refreshed: Promise<void>
}

/** Counts the refreshes that end in the stores it watches. */
export function watchRefreshes (total: number): Watch {
  const ended = new Set<number>()
  let [resolve, reject] = [(): void => {}, (_error: Error): void => {}]
  const refreshed = new Promise<void>((...settle) => { [resolve, reject] = settle })
  const limit = setTimeout(() => { reject(new Error(`${ended.size} of ${total} refreshes ended within ${LIMIT_MS} ms`)) }, LIMIT_MS)
  const noteEnds = (results: Results, summary: SaveSummary): void => {
    const saved = new Set(summary.saved)
    for (const { id, end, sources } of results.filter(result => saved.has(result.id) && result.end !== null)) {
      const failed = sources.find(source => source.state !== 'ok')
      if (failed !== undefined) reject(new Error(`Insight ${id} has no count of ${failed.platform}: ${failed.state}, ${failed.error?.detail ?? ''}`))
      if (end !== null) ended.add(id)
    }
    if (ended.size === total) resolve()
  }
  const watch = (store: InsightStore): InsightStore => ({
    ...store,
    saveResults: async results => {
      const summary = await store.saveResults(results)
      noteEnds(results, summary)
      return summary
    }
  })
  return { watch, refreshed: refreshed.finally(() => { clearTimeout(limit) }) }
}
