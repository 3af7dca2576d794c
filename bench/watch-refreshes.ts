import type { InsightStore } from '@insights/storage'

/** Far beyond what the largest backlog needs: a run that hangs shall say so. */
const LIMIT_MS = 600_000

export interface WatchedStore {
  store: InsightStore
  /** Resolves when so many insights have been refreshed; rejects when one of their sources gave no count. */
  refreshed: Promise<void>
}

/** The same store, watched for refreshes that end: nobody has to ask it, which would take part of what is measured. */
export function watchRefreshes (store: InsightStore, total: number): WatchedStore {
  const ended = new Set<number>()
  let [resolve, reject] = [(): void => {}, (_error: Error): void => {}]
  const refreshed = new Promise<void>((...settle) => { [resolve, reject] = settle })
  const limit = setTimeout(() => { reject(new Error(`${ended.size} of ${total} refreshes ended within ${LIMIT_MS} ms`)) }, LIMIT_MS)
  const saveResults: InsightStore['saveResults'] = async results => {
    const summary = await store.saveResults(results)
    const saved = new Set(summary.saved)
    for (const { id, end, sources } of results.filter(result => saved.has(result.id) && result.end !== null)) {
      const failed = sources.find(source => source.state !== 'ok')
      if (failed !== undefined) reject(new Error(`Insight ${id} has no count of ${failed.platform}: ${failed.state}, ${failed.error?.detail ?? ''}`))
      if (end !== null) ended.add(id)
    }
    if (ended.size === total) resolve()
    return summary
  }
  return { store: { ...store, saveResults }, refreshed: refreshed.finally(() => { clearTimeout(limit) }) }
}
