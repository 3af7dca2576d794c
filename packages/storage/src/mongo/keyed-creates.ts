import { alignSources, AppError, type InsightFields } from '@insights/shared'
import type { KeyHold } from '../idempotency-port.js'
import { insightErased, reservedId } from '../key-states.js'
import { idsAreTaken, MAX_TRIES, upsertInsight } from './creates.js'
import type { StoreDeps } from './deps.js'
import { isDuplicate } from './errors.js'
import type { IdBlocks } from './id-blocks.js'
import { reserveOther, stampOf } from './idempotency.js'
import type { Models, StoredInsight } from './models.js'
import { insertNamed, type IdSource } from './named-creates.js'
import * as pipelines from './pipelines.js'

/**
 * `create` under a key, without a transaction: the reserved `_id` lets only one try store its insight, whose stamp
 * tells the others that it is theirs. Nothing is ever taken back: a repeat finds it.
 *
 * @throws `INS_EXTERNAL_ID_TAKEN`; `INS_IDEMPOTENCY_ERASED` when an earlier try has made it and it was removed since.
 */
export async function insertOnce (deps: StoreDeps, ids: IdBlocks, fields: InsightFields, hold: KeyHold): Promise<StoredInsight> {
  const source = reservedIds(deps.models, ids, hold)
  const earlier = hold.isRepeat ? await findEarlier(deps.models, await source.next(), source.stamp) : null
  if (earlier !== null) return earlier
  const { external_id: name } = fields
  if (name === null) return await insertUnnamed(deps.models, fields, source)
  return await insertNamed(deps, source, { ...fields, external_id: name })
}

/** The id that is reserved under the key; every change of it is kept there before it is used. */
function reservedIds (models: Models, ids: IdBlocks, hold: KeyHold): IdSource {
  let id = reservedId(hold)
  const reserve = async (next: number): Promise<void> => {
    const reserved = await reserveOther(models, hold.key, id, next)
    if (reserved === null) throw new AppError('INS_SERVICE_BUSY', 'The key has expired while it was held: repeat the request.')
    id = reserved
  }
  return {
    stamp: stampOf(hold.key),
    next: async taken => {
      if (taken !== undefined) await ids.skipTaken(taken)
      if (taken === id) {
        await findEarlier(models, id, stampOf(hold.key))
        await reserve(await ids.next())
      }
      return id
    },
    adopt: async adopted => { if (adopted !== id) await reserve(adopted) }
  }
}

async function insertUnnamed (models: Models, fields: InsightFields, source: IdSource): Promise<StoredInsight> {
  const pipeline = pipelines.createInsight(fields, alignSources(fields, []), source.stamp)
  let id = await source.next()
  for (let count = 0; count < MAX_TRIES; count++) {
    try {
      return await upsertInsight(models, id, pipeline)
    } catch (error) {
      if (!isDuplicate(error)) throw error
      const mine = await findStamped(models, id, source.stamp)
      if (mine !== null) return mine
      if (await models.insights.exists({ _id: id }) !== null) id = await source.next(id)
      // Another try has made it, and it was removed at once.
      else await findEarlier(models, id, source.stamp)
    }
  }
  throw idsAreTaken()
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
