import mongoose, { type AnyBulkWriteOperation } from 'mongoose'
import type { StoreDeps } from './deps.js'
import { isDefect } from './errors.js'
import type { StoredInsight } from './models.js'

type UpdateOne = Extract<AnyBulkWriteOperation<StoredInsight>, { updateOne: unknown }>['updateOne']
type UpdateMany = Extract<AnyBulkWriteOperation<StoredInsight>, { updateMany: unknown }>['updateMany']

/** Each write stands alone, and one that mongoose can not cast is an error rather than left out in silence. */
const OPTIONS = { ordered: false, throwOnValidationError: true } as const

/**
 * Sends updates of one insight each as one command. A single one that the server can not compute is logged with its id
 * and harms no other; trouble of the server itself is thrown.
 *
 * @returns how many found their insight as their filter wants it.
 */
export async function updateEach ({ models, damage }: StoreDeps, updates: UpdateOne[]): Promise<number> {
  const ids = updates.map(({ filter }) => filter._id)
  try {
    const { matchedCount } = await models.insights.bulkWrite(updates.map(updateOne => ({ updateOne })), OPTIONS)
    return matchedCount
  } catch (error) {
    const refused = refusedWrites(error, ({ code }) => isDefect(code))
    if (refused === null) throw error
    for (const { index, errmsg } of refused) damage.report(ids[index], `the server refuses to change it: ${errmsg}`)
    return (error as mongoose.mongo.MongoBulkWriteError).matchedCount
  }
}

/**
 * Makes the same update of several insights, as one statement: one for each costs the server many times as much. Where
 * it can not compute it for one of them, it is sent again for each alone, and when its reply is lost, once more: the
 * driver does that for writes of single insights only. So `filter` must not hold for what the update has been made of.
 *
 * @returns how many were as `filter` wants them; `null` = some of them may have been changed before it was sent again.
 */
export async function updateAlike (
  deps: StoreDeps, ids: readonly number[], { filter, update, hint }: Pick<UpdateMany, 'filter' | 'update' | 'hint'>
): Promise<number | null> {
  const way = hint === undefined ? {} : { hint }
  const updateMany = { filter: { _id: mongoose.trusted({ $in: [...ids] }), ...filter }, update, ...way }
  const send = async (): Promise<number> => (await deps.models.insights.bulkWrite([{ updateMany }], OPTIONS)).matchedCount
  try {
    return await send()
  } catch (error) {
    if (isReplyLost(error)) await send()
    else if (refusedWrites(error, ({ code }) => isDefect(code)) === null) throw error
    else await updateEach(deps, ids.map(id => ({ filter: { _id: id, ...filter }, update, ...way })))
    return null
  }
}

function isReplyLost (error: unknown): boolean {
  return error instanceof mongoose.mongo.MongoError && error.hasErrorLabel('RetryableWriteError')
}

/** The writes of a bulk that were refused in this way; `null` = that is not all that went wrong, or no bulk did. */
export function refusedWrites (error: unknown, isRefusal: (error: mongoose.mongo.WriteError) => boolean): mongoose.mongo.WriteError[] | null {
  if (!(error instanceof mongoose.mongo.MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined) return null
  const errors = [error.writeErrors].flat()
  return errors.length > 0 && errors.every(isRefusal) ? errors : null
}
