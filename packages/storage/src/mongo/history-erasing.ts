import { PLATFORMS, sourceKey, type SourceLink } from '@insights/shared'
import mongoose from 'mongoose'
import type { Models, StoredObservation } from './models.js'
import { DamagedValue, readList, readOneOf, readRecord, readText } from './stored-values.js'

/** So many ranges of keys are named in one command. */
const RANGES_PER_COMMAND = 100

export interface UnlinkedSource extends SourceLink { insight_id: number }

/** A range of the keys of observations. */
export type KeyRange = { _id: { $gte: object, $lt: object } }

/** The keys of one source, or a part of them by time. The order of the fields is that of the index. */
export function rangeOf (
  { insight_id: insight, platform, source_id: source }: UnlinkedSource, from: Date | null = null, to: Date | null = null
): KeyRange {
  const key = { insight, platform, source }
  return { _id: { $gte: { ...key, at: from ?? new mongoose.mongo.MinKey() }, $lt: { ...key, at: to ?? new mongoose.mongo.MaxKey() } } }
}

/** `ranges` in pieces that one command can name. */
export function inPieces<T> (ranges: readonly T[]): T[][] {
  const pieces: T[][] = []
  for (let start = 0; start < ranges.length; start += RANGES_PER_COMMAND) pieces.push(ranges.slice(start, start + RANGES_PER_COMMAND))
  return pieces
}

/** Removes all observations of these insights. */
export async function eraseHistory (models: Models, ids: readonly number[]): Promise<void> {
  await eraseRanges(models, ids.map(insight => ({ _id: { $gte: { insight }, $lt: { insight: insight + 1 } } })))
}

/** Removes the observations of those of the insights that are not there. */
export async function eraseOrphaned (models: Models, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  const there = await models.insights.find({ _id: mongoose.trusted({ $in: [...ids] }) }, { _id: 1 }, { lean: true })
  const isThere = new Set(there.map(({ _id }) => _id))
  await eraseHistory(models, ids.filter(id => !isThere.has(id)))
}

/** Removes the observations of those of the sources that their insight does not link, or whose insight is gone. */
export async function eraseUnlinked (models: Models, sources: readonly UnlinkedSource[]): Promise<void> {
  await eraseRanges(models, (await findUnlinked(models, sources)).map(source => rangeOf(source)))
}

/**
 * Those whose insight is gone or does not link them. An insight that is damaged, so that nobody can tell what it links,
 * keeps its history until it is repaired or removed; whoever works on it names it in the log.
 */
export async function findUnlinked<T extends UnlinkedSource> (models: Models, sources: readonly T[]): Promise<T[]> {
  if (sources.length === 0) return []
  const ids = [...new Set(sources.map(({ insight_id: id }) => id))]
  const owners = await models.insights.collection
    .find({ _id: { $in: ids } } as object, { projection: { sources: 1 } }).toArray()
  const links = new Map(owners.map(({ _id, sources }) => [_id as unknown as number, readLinks(sources)]))
  return sources.filter(source => {
    const linked = links.get(source.insight_id)
    return linked === undefined || (linked !== null && !linked.has(sourceKey(source)))
  })
}

/** The keys of stored sources; `null` = they can not be read. */
function readLinks (sources: unknown): Set<string> | null {
  try {
    return new Set(readList(sources, 'sources', toLink).map(sourceKey))
  } catch (error) {
    if (!(error instanceof DamagedValue)) throw error
    return null
  }
}

function toLink (value: unknown, path: string): SourceLink {
  const stored = readRecord(value, path)
  return {
    platform: readOneOf(stored['platform'], `${path}.platform`, PLATFORMS),
    source_id: readText(stored['source_id'], `${path}.source_id`)
  }
}

/** Removes the observations with these keys. */
export async function eraseObservations (models: Models, keys: ReadonlyArray<StoredObservation['_id']>): Promise<void> {
  if (keys.length > 0) await models.observations.collection.deleteMany({ _id: { $in: keys } } as object)
}

async function eraseRanges (models: Models, ranges: readonly KeyRange[]): Promise<void> {
  for (const piece of inPieces(ranges)) await models.observations.collection.deleteMany({ $or: piece } as object)
}
