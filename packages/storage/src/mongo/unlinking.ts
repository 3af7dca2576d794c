import { randomUUID } from 'node:crypto'
import { sourceKey, type Platform, type SourceLink } from '@insights/shared'
import mongoose from 'mongoose'
import type { StoreDeps } from './deps.js'
import { eraseUnlinked } from './history-erasing.js'
import type { Models, StoredUnlinking } from './models.js'

/** A change of an insight that may unlink sources. */
export interface SourceChange {
  id: number
  before: readonly SourceLink[]
  after: readonly SourceLink[]
}

/**
 * Makes a change of insights and erases the history of the sources that are unlinked by it: notes them first, so that
 * `finishUnlinkings` erases it when this process dies in between. What the insight links in the end decides, so it
 * does not matter whether the change was made.
 */
export async function unlinking<T> (deps: StoreDeps, changes: readonly SourceChange[], change: () => Promise<T>): Promise<T> {
  const notes = await note(deps, changes)
  const changed = await change()
  await finish(deps.models, notes)
  return changed
}

/** Finishes up to `limit` of those that began before then; how many there were. */
export async function finishUnlinkings (models: Models, limit: number, before: Date): Promise<number> {
  const open = await models.unlinkings.find({ at: mongoose.trusted({ $lte: before }) }, null, { sort: { at: 1 }, limit, lean: true })
  await finish(models, open)
  return open.length
}

async function note (deps: StoreDeps, changes: readonly SourceChange[]): Promise<StoredUnlinking[]> {
  const dropped = changes.map(({ id, before, after }) => ({ id, sources: droppedSources(before, after) }))
    .filter(({ sources }) => sources.length > 0)
  if (dropped.length === 0) return []
  const at = new Date(await deps.serverNow())
  const notes = dropped.map(({ id, sources }) => ({ _id: randomUUID(), insight_id: id, at, sources }))
  await deps.models.unlinkings.insertMany(notes)
  return notes
}

async function finish (models: Models, notes: readonly StoredUnlinking[]): Promise<void> {
  if (notes.length === 0) return
  await eraseUnlinked(models, notes.flatMap(({ insight_id: id, sources }) =>
    sources.map(({ platform, source_id: sourceId }) => ({ insight_id: id, platform: platform as Platform, source_id: sourceId }))))
  await models.unlinkings.deleteMany({ _id: mongoose.trusted({ $in: notes.map(({ _id }) => _id) }) })
}

function droppedSources (before: readonly SourceLink[], after: readonly SourceLink[]): SourceLink[] {
  const kept = new Set(after.map(sourceKey))
  return before.filter(source => !kept.has(sourceKey(source)))
    .map(({ platform, source_id: sourceId }) => ({ platform, source_id: sourceId }))
}
