/**
 * The host's own ids, each with the insight that bears it, in a collection of their own: a unique index over
 * `insights` would begin with another field than `_id`, and MongoDB shards no collection that has one.
 *
 * A create takes the external id first, for the id that its insight is going to have. Whoever finds it taken for an
 * insight that is not there yet may make that insight, because its `_id` lets only one of them do so: a create that
 * died in between thus holds nobody up. A change of the external id, and only that, is a transaction.
 */
import mongoose from 'mongoose'
import { externalIdTaken } from '../external-id.js'
import { refusedWrites } from './bulk.js'
import { isDuplicate } from './errors.js'
import type { Models, StoredExternalId, StoredInsight } from './models.js'
import type { Scope } from './transactions.js'

/** An external id, and the insight that it is for. */
export type Name = Pick<StoredExternalId, '_id' | 'insight_id'>

type Options = Scope['options']

/** @returns for each name whether it is that insight's now; one that was so before is too. */
export async function takeExternalIds (models: Models, names: readonly Name[], options: Options = {}): Promise<boolean[]> {
  const takes = names.map(({ _id, insight_id: id }) => (
    { updateOne: { filter: { _id, insight_id: id }, update: [{ $set: { at: '$$NOW' } }], upsert: true } }))
  const refused = await refusedOf(async () => await models.externalIds.bulkWrite(takes, { ordered: false, ...options }))
  return names.map((_name, index) => !refused.has(index))
}

async function refusedOf (write: () => Promise<unknown>): Promise<Set<number>> {
  try {
    await write()
    return new Set()
  } catch (error) {
    const refused = refusedWrites(error, isDuplicate)
    if (refused === null) throw error
    return new Set(refused.map(({ index }) => index))
  }
}

/**
 * In a transaction, before the insight is changed.
 *
 * @throws `INS_EXTERNAL_ID_TAKEN`
 */
export async function takeNewName (models: Models, scope: Scope, name: Name): Promise<void> {
  scope.whenTakenBack(async () => { await dropUnused(models, [name]) })
  const [isTaken] = await takeExternalIds(models, [name], scope.options)
  if (isTaken !== true) throw externalIdTaken()
}

/** In a transaction, after the insight was changed. */
export async function dropOldName (models: Models, { options }: Scope, { _id, insight_id: id }: Name): Promise<void> {
  await models.externalIds.deleteOne({ _id, insight_id: id }, options)
}

/** For an insight that is not there any more. */
export async function dropExternalIds (models: Models, insightId: number): Promise<void> {
  await models.externalIds.deleteMany({ insight_id: insightId })
}

/** Whom an external id is taken for. */
export type Bearer =
  | { kind: 'insight', raw: StoredInsight }
  /** An insight that is not there: it is being made, or its maker has died, or it is being erased. */
  | { kind: 'nobody', id: number }
  /** An insight that has another external id, as a transaction may show for a moment. */
  | { kind: 'another' }

/** For those of the texts that are taken. */
export async function findBearers (models: Models, texts: readonly string[]): Promise<Map<string, Bearer>> {
  if (texts.length === 0) return new Map()
  const taken = await models.externalIds.find({ _id: mongoose.trusted({ $in: texts }) }).lean()
  if (taken.length === 0) return new Map()
  const raws = await models.insights.find({ _id: mongoose.trusted({ $in: taken.map(name => name.insight_id) }) }).lean()
  const insights = new Map(raws.map(raw => [raw._id, raw]))
  return new Map(taken.map(({ _id: text, insight_id: id }) => [text, toBearer(text, id, insights.get(id))]))
}

function toBearer (text: string, id: number, raw: StoredInsight | undefined): Bearer {
  if (raw === undefined) return { kind: 'nobody', id }
  return nameOf(raw) === text ? { kind: 'insight', raw } : { kind: 'another' }
}

/** It may be damaged, and then be anything. */
function nameOf ({ fields }: Pick<StoredInsight, 'fields'>): unknown {
  return (fields as { external_id?: unknown } | null | undefined)?.external_id
}

/** Deletes those of them that their insight does not bear. Not for one whose insight may be being made. */
export async function dropUnused (models: Models, names: readonly Name[]): Promise<number> {
  const unused = await findUnused(models, names)
  if (unused.length === 0) return 0
  const { deletedCount } = await models.externalIds.bulkWrite(
    unused.map(({ _id, insight_id: id }) => ({ deleteOne: { filter: { _id, insight_id: id } } })), { ordered: false })
  return deletedCount
}

/** Those that were taken for an insight that is not there or has another external id. */
export async function findUnused<T extends Name> (models: Models, names: readonly T[]): Promise<T[]> {
  const ids = mongoose.trusted({ $in: names.map(name => name.insight_id) })
  const bearers = await models.insights.find({ _id: ids }, { fields: 1 }).lean()
  const borne = new Map(bearers.map(raw => [raw._id, nameOf(raw)]))
  return names.filter(({ _id, insight_id: id }) => borne.get(id) !== _id)
}
