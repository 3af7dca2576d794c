import assert from 'node:assert/strict'
import fc from 'fast-check'
import { defaultFields, explain, INSIGHT_1, linkedSources, PLATFORMS, sourceKey, toSignals, type InsightFields } from '@insights/shared'
import type { HistoryStore, InsightDocument, InsightStore } from '@insights/storage'
import { buildRefreshPolicy } from '../../src/refresh-policy.js'
import { refreshInsights } from '../../src/refresh.js'
import { keepLog, INTERVALS } from '../open-stage.js'
import { checkHistory } from './invariants.js'
import { LEASE_MS, tagOf } from './world.js'

const STEPS = ['handles', 'facts', 'request', 'remove', 'run', 'run', 'plan'] as const
type Step = typeof STEPS[number]

/** Steps that all begin at once, and an order in which their calls of the store and the platforms get through. */
export const INTERLEAVING = {
  steps: fc.array(fc.constantFrom<Step>(...STEPS), { minLength: 2, maxLength: 8 }),
  scheduler: fc.scheduler()
}

const artist = (handle: string): InsightFields => ({ ...defaultFields(), twitter_handle: handle, instagram_handle: handle })

/** Whatever the order: the last write is what is stored, counts are of its accounts, and nothing is left undone. */
export async function checkInterleaving (store: InsightStore, history: HistoryStore, steps: readonly Step[], scheduler: fc.Scheduler): Promise<void> {
  const inTurn = async (label: string): Promise<void> => { await scheduler.schedule(Promise.resolve(), label) }
  const { id } = await store.create(artist('first'))
  const written: InsightDocument[] = []
  let isRemoved = false
  const write = async (fields: InsightFields): Promise<void> => {
    const document = await store.replaceFields(id, fields)
    if (document !== null) written.push(document)
  }
  const deps = { ...workerDeps(inTurn), store: inTurns(store, inTurn) }
  const actions: Record<Step, (index: number) => Promise<unknown>> = {
    handles: async index => { await write(artist(`other${index}`)) },
    facts: async index => { await write({ ...artist('first'), connects: index + 1 }) },
    request: async () => await store.requestRefresh(id),
    remove: async () => { isRemoved = (await store.remove(id)) !== null || isRemoved },
    run: async () => await refreshInsights(deps, [id]),
    plan: async () => await store.claimDue({ limit: 10, leaseMs: LEASE_MS })
  }
  await scheduler.waitFor(Promise.all(steps.map(async (step, index) => {
    await inTurn(step)
    await actions[step](index)
  })))
  await refreshInsights({ ...workerDeps(async () => {}), store }, [id])

  const document = await store.find(id)
  const named = [artist('first'), ...steps.map((_step, index) => artist(`other${index}`))].flatMap(linkedSources)
  await checkHistory(history, id, named, document)
  if (isRemoved) {
    assert.equal(document, null, 'it was deleted and is there')
    return
  }
  assert(document !== null)
  const last = written.reduce<InsightDocument | null>((latest, next) => next.rev > (latest?.rev ?? 0) ? next : latest, null)
  assert.deepEqual(document.fields, last?.fields ?? artist('first'))
  assert.equal(document.rev, last?.rev ?? 1)
  assert.deepEqual(document.sources.map(sourceKey), linkedSources(document.fields).map(sourceKey))
  for (const source of document.sources) assert.equal(source.count, tagOf(source.platform, source.source_id))
  assert.equal(document.refresh.done, document.refresh.wanted)
  assert.deepEqual(document.breakdown, explain(INSIGHT_1, toSignals(document.fields, document.sources, INSIGHT_1)))
  await store.remove(id)
}

type InTurn = (label: string) => Promise<void>

function workerDeps (inTurn: InTurn) {
  const loaderOf = (platform: typeof PLATFORMS[number]) => ({
    platform,
    load: async (sourceId: string) => {
      await inTurn(`${platform} answers`)
      return { kind: 'ok' as const, count: tagOf(platform, sourceId) }
    }
  })
  return {
    platforms: Object.fromEntries(PLATFORMS.map(platform => [platform, loaderOf(platform)])),
    policy: buildRefreshPolicy(INTERVALS),
    random: () => 0.5,
    log: keepLog(),
    leaseMs: LEASE_MS,
    patienceMs: LEASE_MS
  }
}

function inTurns (store: InsightStore, inTurn: InTurn): InsightStore {
  return {
    ...store,
    startRefreshes: async (ids, options) => {
      await inTurn('start')
      return await store.startRefreshes(ids, options)
    },
    saveResults: async results => {
      await inTurn('save')
      return await store.saveResults(results)
    }
  }
}
