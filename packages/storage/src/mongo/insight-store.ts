import type { Log, Milliseconds } from '@insights/shared'
import type { Connection } from 'mongoose'
import pLimit from 'p-limit'
import type { InsightDocument, InsightStore } from '../port.js'
import { findInsight, replaceFields, requestRefresh, toDocument } from './changes.js'
import { createUndoing, insertInsight, type Try, type Undoing } from './creates.js'
import { createDamage } from './damage.js'
import type { StoreDeps } from './deps.js'
import { translateErrors } from './errors.js'
import { createIdBlocks } from './id-blocks.js'
import { createMongoKeyStore } from './idempotency.js'
import { importMany } from './imports.js'
import { insertOnce } from './keyed-creates.js'
import { listInsights, readCursorSecret } from './lists.js'
import type { Models, StoredInsight } from './models.js'
import { freshIds, insertNamed } from './named-creates.js'
import { claimDue, readBacklog } from './planning.js'
import { findReceipt, finishRemovals, removeInsight } from './removals.js'
import { extendLeases, saveResults, startRefreshes } from './runs.js'
import { serverNow } from './server-clock.js'
import { createAtomically } from './transactions.js'

/** What a call does within the limit of time of its kind, with the driver's errors translated. */
type Call = <T>(call: () => Promise<T>) => Promise<T>

/**
 * Batches that this process starts or saves at a time. More would not be done sooner, and a server that is slow would
 * have so many to do at once that none is within its time: all would be repeated then, and none ever done. A single
 * insight is no batch: it may be one that a client waits for.
 */
const MAX_BATCHES = 2

export interface StoreOptions {
  connection: Connection
  models: Models
  log: Log
  idBlockSize: number
  /** A call about one insight ends within this. */
  callLimitMs: Milliseconds
  /** A call about many insights ends within this, from its turn on. */
  bulkLimitMs: Milliseconds
}

/** `InsightStore` on MongoDB. It borrows the connection; `close` ends only its own work in the background. */
export function createMongoInsightStore (options: StoreOptions): { store: InsightStore, close: () => void } {
  const { connection, models, log } = options
  const deps: StoreDeps = {
    models,
    log,
    damage: createDamage(models, log),
    serverNow: async () => await serverNow(connection),
    atomically: createAtomically(connection)
  }
  const undoing = createUndoing(models, log)
  const call: Call = async work => await translateErrors(work, options.callLimitMs)
  const bulkCall: Call = async work => await translateErrors(work, options.bulkLimitMs)
  const batches = pLimit(MAX_BATCHES)
  const inTurn = async <T>(size: number, work: () => Promise<T>): Promise<T> =>
    size > 1 ? await batches(async () => await bulkCall(work)) : await bulkCall(work)
  const ids = createIdBlocks(models, options.idBlockSize)

  const store: InsightStore = {
    keys: createMongoKeyStore({ models, ids, serverNow: deps.serverNow, call }),
    create: async (fields, hold) => {
      const { external_id: name } = fields
      if (hold !== undefined) return await call(async () => await toNewDocument(deps, await insertOnce(deps, ids, fields, hold)))
      if (name !== null) return await call(async () => await toNewDocument(deps, await insertNamed(deps, freshIds(ids), { ...fields, external_id: name })))
      const tries: Try[] = []
      return await confirmed(deps, call, undoing, tries, insertInsight(models, ids, fields, tries))
    },
    find: async id => await call(async () => await findInsight(deps, id)),
    replaceFields: async (id, fields, condition) => await call(async () => await replaceFields(deps, id, fields, condition)),
    remove: async (id, condition) => await call(async () => await removeInsight(deps, id, condition)),
    findReceipt: async id => await call(async () => await findReceipt(deps, id)),
    finishRemovals: async ({ limit, afterMs }) => await bulkCall(async () => await finishRemovals(deps, limit, afterMs)),
    requestRefresh: async id => await call(async () => await requestRefresh(deps, id)),
    claimDue: async ({ limit, leaseMs }) => await bulkCall(async () => await claimDue(deps, limit, leaseMs)),
    startRefreshes: async (ids, { leaseMs }) => await inTurn(ids.length, async () => await startRefreshes(deps, ids, leaseMs)),
    extendLeases: async (runs, { leaseMs }) => await bulkCall(async () => { await extendLeases(deps, runs, leaseMs) }),
    saveResults: async results => await inTurn(results.length, async () => await saveResults(deps, results)),
    importMany: async insights => {
      const unnamed: Try[] = []
      const imported = importMany(deps, ids, insights, unnamed)
      return await bulkCall(async () => await imported).catch((error: unknown) => {
        undoing.undo(unnamed, imported)
        throw error
      })
    },
    list: async query => await bulkCall(async () => await listInsights(deps, query)),
    cursorSecret: async () => await call(async () => await readCursorSecret(models)),
    backlog: async () => await call(async () => await readBacklog(deps)),
    ping: async () => await call(async () => { await deps.serverNow() })
  }
  return { store, close: undoing.close }
}

/** The new insight, or an error after which it will not stay. */
async function confirmed (
  deps: StoreDeps, call: Call, undoing: Undoing, tries: readonly Try[], inserted: Promise<StoredInsight>
): Promise<InsightDocument> {
  try {
    return await call(async () => await toNewDocument(deps, await inserted))
  } catch (error) {
    undoing.undo(tries, inserted)
    throw error
  }
}

async function toNewDocument (deps: StoreDeps, raw: StoredInsight): Promise<InsightDocument> {
  return await toDocument(deps, raw) as InsightDocument
}
