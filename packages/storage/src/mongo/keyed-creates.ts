import { AppError, isAppError, type InsightFields } from '@insights/shared'
import type { KeyHold } from '../idempotency-port.js'
import { insightErased, reservedId } from '../key-states.js'
import { storeInsight } from './creates.js'
import type { StoreDeps } from './deps.js'
import { isDuplicate } from './errors.js'
import type { IdBlocks } from './id-blocks.js'
import { reserveOther } from './idempotency.js'
import type { Models, StoredInsight } from './models.js'

/** More ids that are taken than a restored database gives mean that the counter can not be trusted. */
const MAX_TRIES = 3

/**
 * `create` under a key, without a transaction: the reserved `_id` lets only one try store its insight, whose stamp
 * tells the others that it is theirs. Nothing is ever taken back: a repeat finds it.
 *
 * @throws `INS_EXTERNAL_ID_TAKEN`; `INS_IDEMPOTENCY_ERASED` when an earlier try has made it and it was removed since.
 */
export async function insertOnce (deps: StoreDeps, ids: IdBlocks, fields: InsightFields, hold: KeyHold): Promise<StoredInsight> {
  const { models } = deps
  const stamp = `key ${hold.key}`
  let id = reservedId(hold)
  for (let count = 0; count < MAX_TRIES; count++) {
    const earlier = hold.isRepeat || count > 0 ? await findEarlier(models, id, stamp) : null
    if (earlier !== null) return earlier
    try {
      return await storeInsight(deps, { id, stamp }, fields)
    } catch (error) {
      if (!isDuplicate(error) && !isAppError(error, 'INS_EXTERNAL_ID_TAKEN')) throw error
      const mine = await findStamped(models, id, stamp)
      if (mine !== null) return mine
      if (isAppError(error)) throw error
      if (await models.insights.exists({ _id: id }) !== null) id = await reserveNext(models, ids, hold, id)
    }
  }
  throw new AppError('INS_INTERNAL', 'The ids that the counter gave are all taken: run the migration, which sets it right.')
}

async function findStamped ({ insights }: Models, id: number, stamp: string): Promise<StoredInsight | null> {
  return await insights.findOne({ _id: id, 'stamps.created': stamp }).lean()
}

/**
 * What an earlier try has made, if it is there. If it is not, it may have been removed: that was noted before, and the
 * note goes only after the receipt has come, so that one of the two is seen.
 */
async function findEarlier (models: Models, id: number, stamp: string): Promise<StoredInsight | null> {
  const mine = await findStamped(models, id, stamp)
  if (mine !== null) return mine
  if (await models.removals.exists({ insight_id: id }) !== null || await models.receipts.exists({ _id: id }) !== null) throw insightErased()
  return null
}

/** The id belongs to somebody else, as on a database that was restored from a backup. */
async function reserveNext (models: Models, ids: IdBlocks, { key }: KeyHold, taken: number): Promise<number> {
  await ids.skipTaken(taken)
  const reserved = await reserveOther(models, key, taken, await ids.next())
  if (reserved === null) throw new AppError('INS_SERVICE_BUSY', 'The key has expired while it was held: repeat the request.')
  return reserved
}
