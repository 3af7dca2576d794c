import { randomUUID } from 'node:crypto'
import type { Milliseconds } from '@insights/shared'
import mongoose from 'mongoose'
import type { WriteCondition } from '../port.js'
import { sealReceipt } from '../receipts.js'
import type { Receipt, RemovedCounts } from '../removal-port.js'
import { changed } from './changes.js'
import type { StoreDeps } from './deps.js'
import { isDuplicate, unavailable } from './errors.js'
import { dropExternalIds } from './external-ids.js'
import { eraseKeys } from './idempotency.js'
import { eraseHistory } from './history-erasing.js'
import { finishUnlinkings } from './unlinking.js'
import { toReceipt } from './mapping.js'
import type { StoredRemoval } from './models.js'

/** A removal begins anew when the document changed meanwhile; so often only a storm of writes does that. */
const MAX_TRIES = 50

/** What of a stored document is looked at: it may be damaged, and can be removed all the same. */
type AnyInsight = { rev?: unknown, fields?: Record<string, unknown> | null }

/**
 * Erases an insight in steps, each of which can be repeated: notes what is about to be erased, deletes the document if
 * it is still the one that was looked at, and then does the rest, which `finishRemovals` does when this process dies.
 */
export async function removeInsight (deps: StoreDeps, id: number, condition?: WriteCondition): Promise<Receipt | null> {
  const { insights, removals } = deps.models
  for (let count = 0; count < MAX_TRIES; count++) {
    const raw = await insights.findOne({ _id: id }).lean() as AnyInsight | null
    if (raw === null) return null
    if (condition?.ifRev !== undefined && condition.ifRev !== raw.rev) throw changed()
    const removal = await openRemoval(deps, id, raw)
    if (await deleteDocument(deps, id, raw.rev)) return await completeRemoval(deps, removal)
    await removals.deleteOne({ _id: removal._id })
  }
  throw unavailable('The insight is being changed by too many at once.')
}

/** A receipt; the one of a removal that was cut short is completed first. */
export async function findReceipt (deps: StoreDeps, id: number): Promise<Receipt | null> {
  const receipt = await readReceipt(deps, id)
  if (receipt !== null) return receipt
  const open = await deps.models.removals.findOne({ insight_id: id }).lean()
  // Somebody else may have completed it since.
  if (open === null) return await readReceipt(deps, id)
  return await isThere(deps, id) ? null : await completeRemoval(deps, open)
}

async function readReceipt ({ models: { receipts } }: StoreDeps, id: number): Promise<Receipt | null> {
  const raw = await receipts.findOne({ _id: id }).lean()
  return raw === null ? null : toReceipt(raw)
}

/** Of insights, and of the history of sources that they no longer link. */
export async function finishRemovals (deps: StoreDeps, limit: number, afterMs: Milliseconds): Promise<number> {
  const before = new Date(await deps.serverNow() - afterMs)
  return await finishInsights(deps, limit, before) + await finishUnlinkings(deps.models, limit, before)
}

async function finishInsights (deps: StoreDeps, limit: number, before: Date): Promise<number> {
  const { removals } = deps.models
  const open = await removals.find({ at: mongoose.trusted({ $lte: before }) }, null, { sort: { at: 1 }, limit, lean: true })
  for (const removal of open) {
    // The document was not deleted, and whoever wanted that was told so or is dead.
    if (await isThere(deps, removal.insight_id)) await removals.deleteOne({ _id: removal._id })
    else await completeRemoval(deps, removal)
  }
  return open.length
}

async function openRemoval (deps: StoreDeps, id: number, raw: AnyInsight): Promise<StoredRemoval> {
  const removal = { _id: randomUUID(), insight_id: id, at: new Date(await deps.serverNow()), removed: countStored(raw) }
  await deps.models.removals.insertMany([removal])
  return removal
}

/** The document of that `rev`, so that the receipt counts what is erased. One without a usable `rev` is damaged. */
async function deleteDocument ({ models }: StoreDeps, id: number, rev: unknown): Promise<boolean> {
  const { deletedCount } = await models.insights.deleteOne({ _id: id, ...(typeof rev === 'number' && { rev }) })
  return deletedCount > 0
}

async function isThere ({ models }: StoreDeps, id: number): Promise<boolean> {
  return await models.insights.exists({ _id: id }) !== null
}

/** What has to be done once the document is gone. Whoever comes first writes the receipt, and all give that one. */
async function completeRemoval (deps: StoreDeps, removal: StoredRemoval): Promise<Receipt> {
  const { insight_id: id, at, removed } = removal
  await dropExternalIds(deps.models, id)
  await eraseKeys(deps.models, id)
  await eraseHistory(deps.models, [id])
  const receipt = await storeReceipt(deps, sealReceipt({ id, deleted_at: at.toISOString(), removed }))
  await deps.models.removals.deleteOne({ _id: removal._id })
  return receipt
}

async function storeReceipt ({ models: { receipts } }: StoreDeps, receipt: Receipt): Promise<Receipt> {
  try {
    const { id, deleted_at: deletedAt, removed, hash } = receipt
    await receipts.insertMany([{ _id: id, deleted_at: new Date(deletedAt), removed, hash }])
    return receipt
  } catch (error) {
    if (!isDuplicate(error)) throw error
    return toReceipt(await receipts.findOne({ _id: receipt.id }).lean())
  }
}

function countStored ({ fields }: AnyInsight): RemovedCounts {
  const works = Array.isArray(fields?.['works']) ? fields['works'].length : 0
  const accounts = ['facebook_page_id', 'twitter_handle', 'instagram_handle'].map(name => fields?.[name])
  return { insights: 1, works, accounts: accounts.filter(account => typeof account === 'string' && account.trim() !== '').length }
}
