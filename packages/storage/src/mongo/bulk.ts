import mongoose, { type AnyBulkWriteOperation } from 'mongoose'
import type { StoreDeps } from './deps.js'
import { isDefect } from './errors.js'
import type { StoredInsight } from './models.js'

type UpdateOne = Extract<AnyBulkWriteOperation<StoredInsight>, { updateOne: unknown }>['updateOne']

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

/** The writes of a bulk that were refused in this way; `null` = that is not all that went wrong, or no bulk did. */
export function refusedWrites (error: unknown, isRefusal: (error: mongoose.mongo.WriteError) => boolean): mongoose.mongo.WriteError[] | null {
  if (!(error instanceof mongoose.mongo.MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined) return null
  const errors = [error.writeErrors].flat()
  return errors.length > 0 && errors.every(isRefusal) ? errors : null
}
