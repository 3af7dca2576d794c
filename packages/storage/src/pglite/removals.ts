import type { Transaction } from '@electric-sql/pglite'
import type { InsightDocument } from '../port.js'
import { countRemoved, sealReceipt } from '../receipts.js'
import type { Receipt, RemovedCounts } from '../removal-port.js'
import type { Database } from './database.js'
import { translateErrors } from './errors.js'
import { eraseKeys } from './idempotency.js'
import { eraseHistory } from './history.js'

interface ReceiptRow { id: number, deleted_at: Date, removed: RemovedCounts, hash: string }

/** Erases a locked insight and writes the receipt, in the caller's transaction: all of it happens or nothing. */
export async function removeLocked (tx: Transaction, { id, fields }: InsightDocument): Promise<Receipt> {
  const { rows: [clock] } = await tx.query<{ now: Date }>('select clock_timestamp() as now')
  await tx.query('delete from insights.insights where id = $1', [id])
  await eraseKeys(tx, id)
  await eraseHistory(tx, id)
  const receipt = sealReceipt({ id, deleted_at: (clock as { now: Date }).now.toISOString(), removed: countRemoved(fields) })
  await tx.query('insert into insights.receipts values ($1, $2, $3::json, $4)', [
    id, receipt.deleted_at, JSON.stringify(receipt.removed), receipt.hash
  ])
  return receipt
}

export async function findReceipt (db: Database, id: number): Promise<Receipt | null> {
  return await translateErrors(async () => {
    const { rows: [row] } = await db.query<ReceiptRow>('select id, deleted_at, removed, hash from insights.receipts where id = $1', [id])
    return row === undefined ? null : { ...row, deleted_at: row.deleted_at.toISOString() }
  })
}
