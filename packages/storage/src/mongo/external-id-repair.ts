import type { Log, Milliseconds } from '@insights/shared'
import mongoose from 'mongoose'
import { dropUnused, takeExternalIds, type Name } from './external-ids.js'
import { FORMER_EXTERNAL_ID_INDEX, type Models } from './models.js'

const BATCH_SIZE = 1_000

/** Far beyond what lies between taking an external id and storing its insight. */
const MAX_CREATE_MS: Milliseconds = 3_600_000

/** Of the server: NamespaceNotFound, IndexNotFound. */
const MISSING = new Set<unknown>([26, 27])

/** Only texts are external ids; what else a damaged document may hold is none. */
const NAMED = { 'fields.external_id': mongoose.trusted({ $gt: '' }) }

/**
 * Makes the external ids and the insights that bear them agree: after an upgrade from a version that kept them by a
 * unique index, after the restore of a backup whose collections are of different moments, and for creates that died and
 * were never repeated. Reads every insight that has one; safe while the service runs.
 *
 * @param now by the server's clock
 * @returns what it changed, in words.
 */
export async function repairExternalIds (models: Models, now: Milliseconds, log: Log): Promise<string[]> {
  const added = await addMissing(models, log)
  const dropped = await dropDangling(models, now)
  const hadFormer = await dropFormerIndex(models)
  return [
    ...added > 0 ? [`external ids of ${added} insights`] : [],
    ...dropped > 0 ? [`room for ${dropped} external ids that no insight bore`] : [],
    ...hadFormer ? [`no former index ${FORMER_EXTERNAL_ID_INDEX} any more`] : []
  ]
}

async function addMissing (models: Models, log: Log): Promise<number> {
  const insights = models.insights.find(NAMED, { fields: 1 }, { lean: true, batchSize: BATCH_SIZE }).cursor()
  let added = 0
  for await (const batch of inBatches(insights)) {
    added += await addBatch(models, batch.map(({ _id, fields }) => ({ _id: (fields as { external_id: string }).external_id, insight_id: _id })), log)
  }
  return added
}

async function addBatch (models: Models, names: Name[], log: Log): Promise<number> {
  const stored = await models.externalIds.find({ _id: mongoose.trusted({ $in: names.map(({ _id }) => _id) }) }).lean()
  const bearers = new Map(stored.map(({ _id, insight_id: id }) => [_id, id]))
  const missing = names.filter(({ _id }) => !bearers.has(_id))
  const areTaken = missing.length === 0 ? [] : await takeExternalIds(models, missing)
  const contested = [
    ...names.filter(({ _id, insight_id: id }) => (bearers.get(_id) ?? id) !== id),
    ...missing.filter((_name, index) => areTaken[index] !== true)
  ]
  if (contested.length > 0) {
    log.warn({ insight_ids: contested.map(name => name.insight_id) }, 'insights have an external id that another one has too: give them other ones')
  }
  return areTaken.filter(Boolean).length
}

async function dropDangling (models: Models, now: Milliseconds): Promise<number> {
  const old = mongoose.trusted({ $lt: new Date(now - MAX_CREATE_MS) })
  let dropped = 0
  for await (const batch of inBatches(models.externalIds.find({ at: old }, null, { lean: true, batchSize: BATCH_SIZE }).cursor())) {
    dropped += await dropUnused(models, batch)
  }
  return dropped
}

async function * inBatches<T> (items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    if (batch.push(item) === BATCH_SIZE) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

/** Of several processes one takes it away. MongoDB would make no second index of the same keys beside it. */
async function dropFormerIndex ({ insights }: Models): Promise<boolean> {
  try {
    await insights.collection.dropIndex(FORMER_EXTERNAL_ID_INDEX)
    return true
  } catch (error) {
    if (!MISSING.has((error as { code?: unknown }).code)) throw error
    return false
  }
}
