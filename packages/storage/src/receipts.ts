import { createHash } from 'node:crypto'
import { canonicalJson, linkedSources, type InsightFields } from '@insights/shared'
import type { Receipt, RemovedCounts } from './removal-port.js'

/** A receipt with its hash. */
export function sealReceipt (receipt: Omit<Receipt, 'hash'>): Receipt {
  return { ...receipt, hash: hashReceipt(receipt) }
}

/** SHA-256 in hexadecimal of `id`, `deleted_at` and `removed` as JSON with sorted keys and without spaces. */
export function hashReceipt ({ id, deleted_at: deletedAt, removed }: Omit<Receipt, 'hash'>): string {
  return createHash('sha256').update(canonicalJson({ id, deleted_at: deletedAt, removed })).digest('hex')
}

/** What is erased with an insight of these fields. */
export function countRemoved (fields: InsightFields): RemovedCounts {
  const works = fields.works.length
  return { insights: 1, works, accounts: linkedSources(fields).length - works }
}
