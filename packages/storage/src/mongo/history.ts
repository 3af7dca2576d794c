import { PLATFORMS, SOURCE_STATES, type Log, type Milliseconds, type SourceLink, type Timestamp } from '@insights/shared'
import type { Compaction, HistoryStore, Observation, ObservationRange, SourceObservation } from '../history-port.js'
import { firstStepAt, periodsToRead, thinOut, type HistoryLimits, type Period, type Thinning } from '../history-rules.js'
import type { RefreshResult } from '../port.js'
import { refusedWrites } from './bulk.js'
import type { StoreDeps } from './deps.js'
import { isDuplicate, translateErrors } from './errors.js'
import { eraseObservations, eraseOrphaned, findUnlinked, inPieces, rangeOf, type KeyRange } from './history-erasing.js'
import type { Models, StoredObservation } from './models.js'
import { DamagedValue, readCount, readOneOf, readOptional, readRecord, readText, readTime } from './stored-values.js'

interface HistoryDeps {
  models: Models
  log: Log
  limits: HistoryLimits
  /** The clock of the primary. */
  serverNow: () => Promise<Milliseconds>
}

export interface HistoryOptions extends HistoryDeps {
  callLimitMs: Milliseconds
  bulkLimitMs: Milliseconds
}

/** `HistoryStore` on MongoDB. It borrows the connection of its models. */
export function createMongoHistoryStore ({ callLimitMs, bulkLimitMs, ...deps }: HistoryOptions): HistoryStore {
  return {
    read: async (insightId, sources, range) =>
      await translateErrors(async () => await read(deps, insightId, sources, range), callLimitMs),
    compact: async ({ limit }) => await translateErrors(async () => await compact(deps, limit), bulkLimitMs)
  }
}

/**
 * Keeps what results have observed around `save`, which says which of them were saved. First, so that whoever erases
 * the history of an insight after such a save finds all of it; what was observed for a result that was overtaken is
 * taken back. Trouble with the history is a gap in it, and no reason to fetch counts again.
 */
export async function recordAround (
  deps: StoreDeps, results: readonly RefreshResult[], save: () => Promise<ReadonlySet<number>>
): Promise<ReadonlySet<number>> {
  const observed = results.flatMap(({ id, observations = [] }) => observations.map(one => ({ ...one, insight_id: id })))
  const failure = await failureOf(async () => { await record(deps.models, observed) })
  const saved = await save()
  const overtaken = observed.filter(({ insight_id: id }) => !saved.has(id))
  const failures = [failure, await failureOf(async () => { await takeBack(deps.models, overtaken) })]
  for (const err of failures.filter(failure => failure !== null)) {
    deps.log.warn({ err, observations: observed.length }, 'observations could not be kept as they should: the history may have a gap')
  }
  return saved
}

async function failureOf (work: () => Promise<void>): Promise<unknown> {
  try {
    await work()
    return null
  } catch (error) {
    return error
  }
}

async function record (models: Models, observations: readonly Observation[]): Promise<void> {
  if (observations.length === 0) return
  try {
    await models.observations.collection.insertMany(observations.map(fromObservation), { ordered: false })
  } catch (error) {
    // A retry of the driver, or of a job, finds there what it wrote.
    if (refusedWrites(error, isDuplicate) === null) throw error
  }
}

/** Also what an earlier try, whose save gave no answer, has left of insights that are gone. */
async function takeBack (models: Models, overtaken: readonly Observation[]): Promise<void> {
  await eraseObservations(models, overtaken.map(keyOf))
  await eraseOrphaned(models, overtaken.map(({ insight_id: id }) => id))
}

async function read (
  deps: HistoryDeps, insightId: number, sources: readonly SourceLink[], range: ObservationRange
): Promise<SourceObservation[]> {
  if (sources.length === 0) return []
  const now = sources.some(({ platform }) => deps.limits[platform] !== undefined) ? await deps.serverNow() : 0
  const ranges = sources.map(source =>
    rangeOf({ insight_id: insightId, ...source }, beginningOf(source, range.from, now, deps.limits), toDate(range.to)))
  const found = await deps.models.observations.collection
    .find({ $or: ranges } as object).sort({ _id: 1 }).limit(range.limit).toArray()
  return readable(found, deps.log).observations.map(({ insight_id: _id, ...observation }) => observation)
}

/** What is older than the platform allows is not given, whether or not it was removed by then. */
function beginningOf ({ platform }: SourceLink, from: Timestamp | null, now: Milliseconds, limits: HistoryLimits): Date | null {
  const limitMs = limits[platform]
  if (limitMs === undefined) return toDate(from)
  return new Date(Math.max(now - limitMs, from === null ? -Infinity : Date.parse(from)))
}

async function compact (deps: HistoryDeps, limit: number): Promise<Compaction> {
  const { models, log, limits } = deps
  const now = await deps.serverNow()
  const found = await models.observations.collection
    .find({ next_at: { $lte: new Date(now) } } as object).sort({ next_at: 1 }).limit(limit).toArray()
  const { observations, damaged } = readable(found, log)
  const strays = await findUnlinked(models, observations)
  const isStray = new Set(strays)
  const due = observations.filter(observation => !isStray.has(observation))
  const members = await readPeriods(deps, periodsToRead(due, now, limits))
  const { remove, keep } = thinOut(due, members, now, limits)
  const removals = [...damaged, ...[...strays, ...remove].map(keyOf)]
  await eraseObservations(models, removals)
  await putOff(models, keep)
  return { examined: found.length, removed: removals.length }
}

/** One command for all that are put off by the same time: from their own time to the end of the stage that they are in. */
async function putOff (models: Models, keep: Thinning['keep']): Promise<void> {
  const groups = new Map<Milliseconds, Observation[]>()
  for (const { observation, nextStepAt } of keep) {
    const ageMs = Date.parse(nextStepAt) - Date.parse(observation.at)
    const group = groups.get(ageMs)
    if (group === undefined) groups.set(ageMs, [observation])
    else group.push(observation)
  }
  for (const [ageMs, observations] of groups) {
    const nextAt = { $dateAdd: { startDate: '$_id.at', unit: 'millisecond', amount: ageMs } }
    await models.observations.collection.updateMany(
      { _id: { $in: observations.map(keyOf) } } as object, [{ $set: { next_at: nextAt } }])
  }
}

async function readPeriods ({ models, log }: HistoryDeps, periods: readonly Period[]): Promise<Observation[]> {
  const ranges = periods.map(({ span, ...source }): KeyRange => rangeOf(source, new Date(span.from), new Date(span.to)))
  const members: Observation[] = []
  for (const piece of inPieces(ranges)) {
    members.push(...readable(await models.observations.collection.find({ $or: piece } as object).toArray(), log).observations)
  }
  return members
}

/** What can be read; what can not is named in the log, because somebody else wrote it. */
function readable (raws: readonly object[], log: Log): { observations: Observation[], damaged: Array<StoredObservation['_id']> } {
  const observations: Observation[] = []
  const damaged: Array<StoredObservation['_id']> = []
  for (const raw of raws) {
    try {
      observations.push(toObservation(raw))
    } catch (error) {
      if (!(error instanceof DamagedValue)) throw error
      log.warn({ reason: error.message }, 'an observation is stored in a form that can not be read and counts as none')
      damaged.push((raw as StoredObservation)._id)
    }
  }
  return { observations, damaged }
}

function toObservation (raw: object): Observation {
  const stored = readRecord(raw, 'observation')
  const key = readRecord(stored['_id'], '_id')
  return {
    insight_id: readCount(key['insight'], '_id.insight'),
    platform: readOneOf(key['platform'], '_id.platform', PLATFORMS),
    source_id: readText(key['source'], '_id.source'),
    at: readTime(key['at'], '_id.at'),
    count: readOptional(stored['count'], 'count', readCount),
    state: readOneOf(stored['state'], 'state', SOURCE_STATES)
  }
}

function fromObservation (observation: Observation): StoredObservation & { _id: never } {
  const { count, state } = observation
  return { _id: keyOf(observation) as never, count, state, next_at: new Date(firstStepAt(observation)) }
}

/** The order of the fields is part of the key. */
function keyOf ({ insight_id: insight, platform, source_id: source, at }: Observation): StoredObservation['_id'] {
  return { insight, platform, source, at: new Date(at) }
}

function toDate (timestamp: Timestamp | null): Date | null {
  return timestamp === null ? null : new Date(timestamp)
}
