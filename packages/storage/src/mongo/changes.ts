import { alignSources, AppError, hasSameFields, hasSameIdentity, type InsightFields } from '@insights/shared'
import type { InsightDocument, WriteCondition } from '../port.js'
import { rescore } from '../rescore.js'
import { isSound } from './damage.js'
import type { StoreDeps } from './deps.js'
import { unavailable } from './errors.js'
import { dropOldName, takeNewName } from './external-ids.js'
import type { StoredInsight } from './models.js'
import * as pipelines from './pipelines.js'
import type { Scope } from './transactions.js'
import { unlinking } from './unlinking.js'

/** A replacement is computed again when the document changed meanwhile; so often only a storm of writes does that. */
const MAX_REPLACEMENTS = 50

const RETURN_NEW = { returnDocument: 'after', lean: true, updatePipeline: true } as const

export async function findInsight (deps: StoreDeps, id: number): Promise<InsightDocument | null> {
  return await toDocument(deps, await deps.models.insights.findOne({ _id: id }).lean())
}

/**
 * Replaces the client's fields by compare-and-set on what they are computed from: `rev` for the fields, and for the
 * counts, which a worker may save at any time without changing `rev`, the stamp of the last save.
 */
export async function replaceFields (
  deps: StoreDeps, id: number, fields: InsightFields, condition?: WriteCondition
): Promise<InsightDocument | null> {
  for (let count = 0; count < MAX_REPLACEMENTS; count++) {
    const raw = await deps.models.insights.findOne({ _id: id }).lean()
    if (raw === null) return null
    const current = deps.damage.require(raw, 0)
    if (condition?.ifRev !== undefined && condition.ifRev !== current.rev) throw changed()
    if (hasSameFields(current.fields, fields)) return await toDocument(deps, raw)
    const sources = alignSources(fields, current.sources)
    const change = {
      fields, sources, breakdown: rescore(current, fields, sources), isSameIdentity: hasSameIdentity(current.fields, fields)
    }
    const replaced = await unlinking(deps, [{ id, before: current.sources, after: sources }], async () =>
      await writeReplacement(deps, raw, current.fields.external_id, change))
    if (replaced !== null) return await toDocument(deps, replaced)
  }
  throw unavailable('The insight is being changed by too many at once.')
}

/** `null` = somebody else has changed it meanwhile. */
async function writeReplacement (
  { models, atomically }: StoreDeps, raw: StoredInsight, oldName: string | null, change: pipelines.Replacement
): Promise<StoredInsight | null> {
  const { _id: id, rev, stamps } = raw
  const newName = change.fields.external_id
  const replace = async (options: Scope['options'] = {}): Promise<StoredInsight | null> => await models.insights.findOneAndUpdate(
    { _id: id, rev, 'stamps.saved': stamps?.saved ?? null }, pipelines.replaceFields(change), { ...RETURN_NEW, ...options })
  if (newName === oldName) return await replace()
  return await atomically(async scope => {
    if (newName !== null) await takeNewName(models, scope, { _id: newName, insight_id: id })
    const replaced = await replace(scope.options)
    if (replaced === null) await scope.takeBack()
    else if (oldName !== null) await dropOldName(models, scope, { _id: oldName, insight_id: id })
    return replaced
  })
}

export async function requestRefresh (deps: StoreDeps, id: number): Promise<InsightDocument | null> {
  const asked = await deps.models.insights.findOneAndUpdate(
    { _id: id, ...isSound() }, pipelines.requestRefresh(), RETURN_NEW)
  return asked === null ? await refuseDamaged(deps, id) : await toDocument(deps, asked)
}

/** What `requestRefresh` did not match is not there, or damaged. */
async function refuseDamaged (deps: StoreDeps, id: number): Promise<null> {
  const raw = await deps.models.insights.findOne({ _id: id }).lean()
  if (raw !== null) deps.damage.require(raw, 0)
  return null
}

/** The time is asked for only where it matters: most documents that are read have no run in progress. */
export async function toDocument (deps: StoreDeps, raw: StoredInsight | null): Promise<InsightDocument | null> {
  if (raw === null) return null
  const hasLease = raw.refresh?.lease_until instanceof Date
  return deps.damage.require(raw, hasLease ? await deps.serverNow() : 0)
}

export function changed (): AppError {
  return new AppError('INS_INSIGHT_CHANGED', 'The insight has changed since it was read: read it again, then repeat the change.')
}
