import { randomUUID } from 'node:crypto'
import { migrateMongo, openMongo } from '@insights/storage/mongo'
import { findMongo, useMongo } from '@insights/testkit/mongo-server'
import type { SourceRecord } from '@insights/shared'
import type { HistoryStore, InsightStore } from '@insights/storage'
import { explain, INSIGHT_1, toSignals } from '@insights/shared'
import { keepLog, openStage, openStageOn, type Stage } from './open-stage.js'

type Tap = import('tap').Test

/** Registers the same tests for both stores; without a MongoDB those on it are skipped with the reason. */
export async function eachStore (t: Tap, register: (name: string, stage: Stage) => void): Promise<void> {
  const { skip } = findMongo()
  const pglite = await openStage(t)
  const mongo = skip === false ? await openMongoStage(t) : null
  register('pglite', pglite)
  if (mongo !== null) register('mongo', mongo)
  else t.test('mongo', { skip }, async () => {})
}

async function openMongoStage (t: Tap): Promise<Stage> {
  const { store, history } = await openMongoDatabase(t)
  return await openStageOn(t, store, history)
}

/** Stores in a database of their own, which ends with the test. */
export async function openMongoDatabase (t: Tap): Promise<{ url: string, store: InsightStore, history: HistoryStore }> {
  const server = await useMongo()
  t.teardown(server.stop)
  const url = server.url(`insights_${randomUUID()}`)
  await migrateMongo({ url, log: keepLog() })
  const mongo = await openMongo({ url, log: keepLog() })
  t.teardown(mongo.close)
  return { url, store: mongo.insights, history: mongo.history }
}

/** Writes other records for an insight, as a run of long ago would have left them, and makes it due now. */
export async function rewriteSources (
  store: InsightStore, id: number, change: (source: SourceRecord) => SourceRecord
): Promise<void> {
  await store.requestRefresh(id)
  const { documents: [document] } = await store.startRefreshes([id], { leaseMs: 60_000 })
  if (document === undefined) throw new Error(`Insight ${id} can not be taken`)
  const sources = document.sources.map(change)
  const { saved } = await store.saveResults([{
    id,
    claim: document.refresh.claim,
    identity_rev: document.identity_rev,
    rev: document.rev,
    sources,
    breakdown: explain(INSIGHT_1, toSignals(document.fields, sources, INSIGHT_1)),
    end: { done: document.refresh.wanted, nextInMs: 0 }
  }])
  if (saved.length === 0) throw new Error(`The sources of insight ${id} were not written`)
}
