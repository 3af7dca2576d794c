import type { Log } from '@insights/shared'
import mongoose from 'mongoose'
import { isDuplicate } from './errors.js'
import { dropUnused, findUnused } from './external-ids.js'
import { EXTERNAL_ID_INDEX, type Models, type StoredExternalId } from './models.js'

const BATCH_SIZE = 1_000

/** Only texts are external ids; what else a damaged document may hold is none. */
const NAMED = { 'fields.external_id': mongoose.trusted({ $gt: '' }) }

/**
 * Makes the external ids and the insights that bear them agree: after an upgrade from a version that kept them by a
 * unique index, after the restore of a backup whose collections are of different moments, and for a server without
 * transactions that was out of reach. Reads every insight that has one; safe while the service runs.
 *
 * @returns what it changed, in words.
 */
export async function repairExternalIds (models: Models, log: Log): Promise<string[]> {
  const added = await addMissing(models, log)
  const dropped = await dropDangling(models)
  const wasUnique = await dropUniqueIndex(models)
  return [
    ...added > 0 ? [`external ids of ${added} insights`] : [],
    ...dropped > 0 ? [`room for ${dropped} external ids that no insight bore`] : [],
    ...wasUnique ? [`index ${EXTERNAL_ID_INDEX} without uniqueness`] : []
  ]
}

async function addMissing (models: Models, log: Log): Promise<number> {
  const insights = models.insights.find(NAMED, { fields: 1 }, { lean: true, batchSize: BATCH_SIZE }).cursor()
  const nameOf = ({ _id, fields }: { _id: number, fields: object }): StoredExternalId =>
    ({ _id: (fields as { external_id: string }).external_id, insight_id: _id })
  let added = 0
  for await (const batch of inBatches(insights)) added += await addBatch(models, batch.map(nameOf), log)
  return added
}

async function addBatch (models: Models, names: StoredExternalId[], log: Log): Promise<number> {
  const stored = await models.externalIds.find({ _id: mongoose.trusted({ $in: names.map(({ _id }) => _id) }) }).lean()
  const bearers = new Map(stored.map(({ _id, insight_id: id }) => [_id, id]))
  const contested = names.filter(({ _id, insight_id: id }) => (bearers.get(_id) ?? id) !== id)
  if (contested.length > 0) {
    log.warn({ insight_ids: contested.map(name => name.insight_id) }, 'insights have an external id that another one has too: give them other ones')
  }
  return await insertNew(models, names.filter(({ _id }) => !bearers.has(_id)))
}

/** Those that somebody else has taken meanwhile are left to them. */
async function insertNew (models: Models, names: StoredExternalId[]): Promise<number> {
  if (names.length === 0) return 0
  try {
    const { insertedCount } = await models.externalIds.bulkWrite(names.map(document => ({ insertOne: { document } })), { ordered: false })
    return insertedCount
  } catch (error) {
    if (!(error instanceof mongoose.mongo.MongoBulkWriteError) || !isDuplicate(error)) throw error
    return error.insertedCount
  }
}

/** Looks twice, with all the rest in between: a transaction may be seen in one collection before the other. */
async function dropDangling (models: Models): Promise<number> {
  const suspects: StoredExternalId[][] = []
  for await (const batch of inBatches(models.externalIds.find({}, null, { lean: true, batchSize: BATCH_SIZE }).cursor())) {
    suspects.push(await findUnused(models, batch))
  }
  let dropped = 0
  for (const batch of suspects) dropped += await dropUnused(models, batch)
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

/** The index of the former version, which is made anew under its name. */
async function dropUniqueIndex ({ insights }: Models): Promise<boolean> {
  const collections = await insights.db.listCollections()
  if (!collections.some(({ name }) => name === insights.collection.name)) return false
  const indexes = await insights.listIndexes()
  if (!indexes.some(index => index['name'] === EXTERNAL_ID_INDEX && index['unique'] === true)) return false
  await insights.collection.dropIndex(EXTERNAL_ID_INDEX)
  return true
}
