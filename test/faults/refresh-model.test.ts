import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { t } from 'tap'
import type { HistoryStore, InsightStore } from '@insights/storage'
import { createPgliteHistoryStore, createPgliteInsightStore, migratePglite } from '@insights/storage/pglite'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { findMongo } from '@insights/testkit/mongo-server'
import { travelInMongo, travelInPglite, type TimeTravel } from '@insights/testkit/time-travel'
import { openMongoDatabase } from '../../apps/worker/test/each-store.js'
import { COMMANDS, comeToRest } from '../../apps/worker/test/model/commands.js'
import { checkInterleaving, INTERLEAVING } from '../../apps/worker/test/model/interleavings.js'
import { createModel } from '../../apps/worker/test/model/invariants.js'
import { createWorld } from '../../apps/worker/test/model/world.js'

/** MODEL_SEED and MODEL_PATH repeat what a failure printed; MODEL_RUNS makes it look longer. */
const { MODEL_SEED: givenSeed, MODEL_PATH: path, MODEL_RUNS: givenRuns } = process.env
const seed = givenSeed === undefined ? randomInt(2 ** 31) : Number(givenSeed)
const numRuns = Number(givenRuns ?? 200)

async function check (store: InsightStore, history: HistoryStore, time: TimeTravel): Promise<void> {
  const commands = fc.commands(COMMANDS, { maxCommands: 60, size: 'max' })
  await fc.assert(fc.asyncProperty(commands, async commands => {
    const [model, world] = [createModel(), createWorld(store, history, time)]
    try {
      await fc.asyncModelRun(() => ({ model, real: world }), commands)
      await comeToRest(model, world)
    } finally {
      for (const worker of world.busy()) await world.crash(worker)
      for (const id of model.known.keys()) await store.remove(id)
    }
  }), { seed, numRuns, ...(path !== undefined && { path }) })
}

async function checkOrders (store: InsightStore, history: HistoryStore): Promise<void> {
  await fc.assert(fc.asyncProperty(INTERLEAVING.steps, INTERLEAVING.scheduler, async (steps, scheduler) => {
    await checkInterleaving(store, history, steps, scheduler)
  }), { seed, numRuns, ...(path !== undefined && { path }) })
}

t.comment(`MODEL_SEED=${seed}`)

t.test('pglite: whatever dies or is lost on the way, nothing wanted stays undone and no count is wrong', async t => {
  const db = await openMemoryDatabase()
  t.teardown(async () => { await db.close() })
  await migratePglite(db)
  const [store, history] = [createPgliteInsightStore(db), createPgliteHistoryStore(db)]
  await t.test('in any sequence', async t => {
    await check(store, history, travelInPglite(db))
    t.pass(`${numRuns} runs with seed ${seed}`)
  })
  await t.test('at once, in any order', async t => {
    await checkOrders(store, history)
    t.pass(`${numRuns} runs with seed ${seed}`)
  })
})

const { skip } = findMongo()
t.test('mongo: whatever dies or is lost on the way, nothing wanted stays undone and no count is wrong', { skip }, async t => {
  const { url, store, history } = await openMongoDatabase(t)
  const time = await travelInMongo(url)
  t.teardown(time.close)
  await t.test('in any sequence', async t => {
    await check(store, history, time)
    t.pass(`${numRuns} runs with seed ${seed}`)
  })
  await t.test('at once, in any order', async t => {
    await checkOrders(store, history)
    t.pass(`${numRuns} runs with seed ${seed}`)
  })
})
