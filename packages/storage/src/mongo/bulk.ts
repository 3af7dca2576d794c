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
    const refused = refusedOnes(error)
    if (refused === null) throw error
    for (const { index, errmsg } of refused.errors) damage.report(ids[index], `the server refuses to change it: ${errmsg}`)
    return refused.matchedCount
  }
}

/** The writes that failed for what they are, if that is all that went wrong; otherwise `null`. */
function refusedOnes (error: unknown): { matchedCount: number, errors: mongoose.mongo.WriteError[] } | null {
  if (!(error instanceof mongoose.mongo.MongoBulkWriteError)) return null
  const errors = [error.writeErrors].flat()
  const isAll = errors.length > 0 && error.result.getWriteConcernError() === undefined
  return isAll && errors.every(({ code }) => isDefect(code)) ? { matchedCount: error.matchedCount, errors } : null
}
