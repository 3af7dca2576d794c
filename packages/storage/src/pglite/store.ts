import type { Transaction } from '@electric-sql/pglite'
import { alignSources, AppError, hasSameFields, hasSameIdentity, type InsightFields, type Milliseconds } from '@insights/shared'
import {
  MAX_COUNTED_DUE, type Backlog, type InsightDocument, type InsightStore, type RefreshResult, type SaveSummary, type WriteCondition
} from '../port.js'
import { rescore } from '../rescore.js'
import type { Database } from './database.js'
import { translateErrors } from './errors.js'
import { createOnce, createPgliteKeyStore, sweepKeys } from './idempotency.js'
import { importMany } from './imports.js'
import { createPgliteLists } from './lists.js'
import { eraseUnlinked, fromObservations } from './history.js'
import { fromResults, INSIGHT_COLUMNS, toDocument, type InsightRow } from './mapping.js'
import { findReceipt, removeLocked } from './removals.js'
import * as statements from './statements.js'
import { vacuumWorst } from './vacuuming.js'

/** `InsightStore` on the embedded database. It borrows `db`, which must be migrated; closing it is the caller's. */
export function createPgliteInsightStore (db: Database): InsightStore {
  const queryOne = async (sql: string, parameters: unknown[]): Promise<InsightDocument | null> =>
    await translateErrors(async () => firstDocument(await db.query<InsightRow>(sql, parameters)))

  return {
    ...createPgliteLists(db),
    importMany: async insights => await importMany(db, insights, replaceFields),
    keys: createPgliteKeyStore(db),
    create: async (fields, hold) => hold === undefined ? await create(db, fields) : await createOnce(db, fields, hold),
    find: async id => await queryOne(`select ${INSIGHT_COLUMNS} from insights.insights where id = $1`, [id]),
    replaceFields: async (id, fields, condition) =>
      await inLockedRow(db, id, condition, async (tx, current) => await replaceFields(tx, current, fields)),
    remove: async (id, condition) => await inLockedRow(db, id, condition, removeLocked),
    findReceipt: async id => await findReceipt(db, id),
    // A removal is one transaction: none is ever left open. Only what keys have kept long enough is left to erase, and
    // what all removals and updates have left behind.
    finishRemovals: async () => {
      await sweepKeys(db)
      await vacuumWorst(db)
      return 0
    },
    requestRefresh: async id => await queryOne(statements.REQUEST_REFRESH, [id]),
    claimDue: async ({ limit, leaseMs }) => await translateErrors(async () => {
      const { rows } = await db.query<{ id: number }>(statements.CLAIM_DUE, [limit, leaseMs])
      return rows.map(row => row.id)
    }),
    startRefreshes: async (ids, { leaseMs }) => await startRefreshes(db, ids, leaseMs),
    extendLeases: async (runs, { leaseMs }) => await translateErrors(async () => {
      await db.query(statements.EXTEND_LEASES, [JSON.stringify(runs), leaseMs])
    }),
    saveResults: async results => await saveResults(db, results),
    backlog: async () => await backlog(db),
    ping: async () => await translateErrors(async () => { await db.query('select 1') })
  }
}

async function create (db: Database, fields: InsightFields): Promise<InsightDocument> {
  return await translateErrors(async () => {
    const parameters = [JSON.stringify(fields), JSON.stringify(alignSources(fields, []))]
    return toDocument(onlyRow(await db.query<InsightRow>(statements.CREATE, parameters)))
  })
}

/** Runs a change of one existing document, which nobody else can change meanwhile; `null` when there is none. */
async function inLockedRow<T> (
  db: Database, id: number, condition: WriteCondition | undefined,
  change: (tx: Transaction, current: InsightDocument) => Promise<T>
): Promise<T | null> {
  return await translateErrors(async () => await db.transaction(async tx => {
    const current = firstDocument(await tx.query<InsightRow>(statements.LOCK, [id]))
    if (current === null) return null
    if (condition?.ifRev !== undefined && condition.ifRev !== current.rev) {
      throw new AppError('INS_INSIGHT_CHANGED', 'The insight has changed since it was read: read it again, then repeat the change.')
    }
    return await change(tx, current)
  }))
}

async function replaceFields (tx: Transaction, current: InsightDocument, fields: InsightFields): Promise<InsightDocument> {
  if (hasSameFields(current.fields, fields)) return current
  const isSame = hasSameIdentity(current.fields, fields)
  const sources = alignSources(fields, current.sources)
  if (!isSame) await eraseUnlinked(tx, current.id, sources)
  const breakdown = rescore(current, fields, sources)
  const parameters = [
    current.id, JSON.stringify(fields), JSON.stringify(sources), isSame ? 0 : 1,
    breakdown?.score ?? 0, breakdown === null ? null : JSON.stringify(breakdown)
  ]
  return toDocument(onlyRow(await tx.query<InsightRow>(statements.REPLACE_FIELDS, parameters)))
}

async function startRefreshes (
  db: Database, ids: readonly number[], leaseMs: Milliseconds
): Promise<{ now: Milliseconds, documents: InsightDocument[] }> {
  return await translateErrors(async () => {
    const started = await db.query<InsightRow>(statements.START_REFRESHES, [[...ids], leaseMs])
    const clock = await db.query<{ now: Date }>('select clock_timestamp() as now')
    return { now: onlyRow(clock).now.getTime(), documents: started.rows.map(toDocument) }
  })
}

async function saveResults (db: Database, results: readonly RefreshResult[]): Promise<SaveSummary> {
  return await translateErrors(async () => {
    const { rows } = await db.query<{ id: number }>(statements.SAVE_RESULTS, [fromResults(results), fromObservations(results)])
    const saved = new Set(rows.map(row => row.id))
    const ids = results.map(result => result.id)
    return { saved: ids.filter(id => saved.has(id)), superseded: ids.filter(id => !saved.has(id)) }
  })
}

async function backlog (db: Database): Promise<Backlog> {
  return await translateErrors(async () => {
    const { due, age } = onlyRow(await db.query<{ due: number, age: number | null }>(statements.BACKLOG, [MAX_COUNTED_DUE]))
    return { due, oldestDueAgeMs: age }
  })
}

function firstDocument (result: { rows: InsightRow[] }): InsightDocument | null {
  const row = result.rows[0]
  return row === undefined ? null : toDocument(row)
}

function onlyRow<T> (result: { rows: T[] }): T {
  const row = result.rows[0]
  if (row === undefined) throw new Error('The statement returned no row')
  return row
}
