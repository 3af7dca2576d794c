import { explain, INSIGHT_1, toSignals, toTimestamp } from '@insights/shared'
import type { InsightDocument, InsightStore, RefreshResult } from '@insights/storage'
import type { Bench, Scale } from './bench.js'
import { buildBacklog } from './sample-insights.js'
import { withStage, type Stage } from './stage.js'
import { median, summarise } from './statistics.js'

const LEASE_MS = 15_000
const DAY_MS = 86_400_000

/** What the store adds to a bare query: both read the same rows, one at a time, on one instance. */
export const store: Bench = {
  name: 'store',
  run: async workbench => await withStage(workbench, async stage => {
    const ids = await fillStore(stage.store, workbench.scale.backlog)
    const [throughStore, bare] = await inTurns(stage, ids, workbench.scale)
    return [{
      measure: 'store.find() rate',
      unit: 'per second',
      ...summarise(throughStore),
      reference: { name: 'bare select on the same PGlite', value: median(bare) }
    }]
  })
}

async function inTurns ({ db, store }: Stage, ids: readonly number[], { storeRounds, readsPerRound }: Scale): Promise<[number[], number[]]> {
  const find = async (id: number): Promise<unknown> => await store.find(id)
  const select = async (id: number): Promise<unknown> => await db.query('select * from insights.insights where id = $1', [id])
  const [throughStore, bare]: [number[], number[]] = [[], []]
  await readsPerSecond(find, ids, readsPerRound) // warms up
  await readsPerSecond(select, ids, readsPerRound)
  for (let round = 0; round < storeRounds; round++) {
    throughStore.push(await readsPerSecond(find, ids, readsPerRound))
    bare.push(await readsPerSecond(select, ids, readsPerRound))
  }
  return [throughStore, bare]
}

async function readsPerSecond (read: (id: number) => Promise<unknown>, ids: readonly number[], reads: number): Promise<number> {
  const startedAt = performance.now()
  for (let n = 0; n < reads; n++) await read(ids[n % ids.length] as number)
  return reads / ((performance.now() - startedAt) / 1000)
}

/** Fills it with insights that look refreshed, so that what is read has the size of what is served. */
async function fillStore (store: InsightStore, insights: number): Promise<number[]> {
  const ids: number[] = []
  for (const fields of buildBacklog(insights)) ids.push((await store.create(fields)).id)
  const { now, documents } = await store.startRefreshes(ids, { leaseMs: LEASE_MS })
  const { saved } = await store.saveResults(documents.map(document => toResult(document, now)))
  if (saved.length !== insights) throw new Error(`${saved.length} of ${insights} insights were filled in`)
  return ids
}

function toResult (document: InsightDocument, now: number): RefreshResult {
  const known = document.sources.map(source => ({
    ...source, state: 'ok' as const, count: 4546, fetched_at: toTimestamp(now), next_at: toTimestamp(now + DAY_MS)
  }))
  const breakdown = explain(INSIGHT_1, toSignals(document.fields, known, INSIGHT_1))
  return {
    id: document.id,
    claim: document.refresh.claim,
    identity_rev: document.identity_rev,
    rev: document.rev,
    sources: known,
    breakdown,
    end: { done: document.refresh.wanted, nextInMs: DAY_MS }
  }
}
