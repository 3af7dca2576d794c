/**
 * The host's own ids, each with the insight that bears it, in a collection of their own: a unique index over
 * `insights` would begin with another field than `_id`, and MongoDB shards no collection that has one. An id is taken
 * and let go in the transaction that writes it into its insight.
 */
import mongoose from 'mongoose'
import { externalIdTaken } from '../external-id.js'
import { isDuplicate } from './errors.js'
import type { Models, StoredExternalId, StoredInsight } from './models.js'
import type { Scope } from './transactions.js'

type Names = ReadonlyArray<Readonly<StoredExternalId>>

/** @throws `INS_EXTERNAL_ID_TAKEN`; of several it does not say which. */
export async function takeExternalIds (models: Models, scope: Scope, names: Names): Promise<void> {
  scope.whenTakenBack(async () => { await dropUnused(models, names) })
  try {
    await models.externalIds.insertMany([...names], { ...scope.options, throwOnValidationError: true })
  } catch (error) {
    throw isDuplicate(error) ? externalIdTaken() : error
  }
}

export async function letGoExternalId (models: Models, { options }: Scope, name: StoredExternalId): Promise<void> {
  await models.externalIds.deleteOne({ ...name }, options)
}

/** For an insight that is not there any more. */
export async function dropExternalIds (models: Models, insightId: number): Promise<void> {
  await models.externalIds.deleteMany({ insight_id: insightId })
}

/** The insights that bear the texts; `null` for one that is taken for an insight that does not, or is not there. */
export async function findBearers (models: Models, texts: readonly string[]): Promise<Map<string, StoredInsight | null>> {
  if (texts.length === 0) return new Map()
  const taken = await models.externalIds.find({ _id: mongoose.trusted({ $in: texts }) }).lean()
  if (taken.length === 0) return new Map()
  const raws = await models.insights.find({ _id: mongoose.trusted({ $in: taken.map(name => name.insight_id) }) }).lean()
  const insights = new Map(raws.map(raw => [raw._id, raw]))
  return new Map(taken.map(({ _id: text, insight_id: id }) => {
    const raw = insights.get(id)
    return [text, raw !== undefined && nameOf(raw) === text ? raw : null]
  }))
}

/** It may be damaged, and then be anything. */
function nameOf ({ fields }: Pick<StoredInsight, 'fields'>): unknown {
  return (fields as { external_id?: unknown } | null | undefined)?.external_id
}

/** Deletes those of them that their insight does not bear. */
export async function dropUnused (models: Models, names: Names): Promise<number> {
  const unused = await findUnused(models, names)
  if (unused.length === 0) return 0
  const { deletedCount } = await models.externalIds.bulkWrite(unused.map(name => ({ deleteOne: { filter: { ...name } } })), { ordered: false })
  return deletedCount
}

/** What was taken for an insight that is not there or has another external id. */
export async function findUnused (models: Models, names: Names): Promise<StoredExternalId[]> {
  const ids = mongoose.trusted({ $in: names.map(name => name.insight_id) })
  const bearers = await models.insights.find({ _id: ids }, { fields: 1 }).lean()
  const borne = new Map(bearers.map(raw => [raw._id, nameOf(raw)]))
  return names.filter(({ _id, insight_id: id }) => borne.get(id) !== _id)
}
