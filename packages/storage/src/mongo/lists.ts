import { randomBytes } from 'node:crypto'
import { AppError } from '@insights/shared'
import mongoose from 'mongoose'
import {
  MAX_EXAMINED, type ListFilter, type ListedInsight, type ListKey, type ListOrder, type ListPage, type ListPosition, type ListQuery
} from '../list-port.js'
import type { StoreDeps } from './deps.js'
import { isDuplicate } from './errors.js'
import { EXTERNAL_ID_KEY, type Models, type StoredInsight } from './models.js'

type Filter = Record<string, unknown>
type Listed = Omit<StoredInsight, 'breakdown'>
type Placed = Pick<Listed, '_id'> & Partial<Listed>

interface Key {
  field: 'score' | 'updated_at'
  /** From one end to the other: what is of another type is not in this order, and the index need not be asked for it. */
  all: [lowest: unknown, highest: unknown]
  toText: (value: unknown) => string
  fromText: (text: string) => unknown
}

const KEYS: Record<Exclude<ListKey, 'id'>, Key> = {
  insight_score: { field: 'score', all: [-Infinity, Infinity], toText: String, fromText: Number },
  updated_at: {
    field: 'updated_at',
    all: [new Date(-8_640_000_000_000_000), new Date(8_640_000_000_000_000)],
    toText: value => (value as Date).toISOString(),
    fromText: text => new Date(text)
  }
}

const CURSORS = { _id: 'cursors' }

const ID_RANGE = { $gte: 1, $lte: Number.MAX_SAFE_INTEGER }

/** A part of the order as one stretch of the index: the conditions on the key and on the id. */
type Stretch = Filter

/**
 * One page. Where the order is by two fields the place after which reading begins is no single range, so that the
 * stretches of the index are read one after the other: each is then bounded exactly, whatever the planner thinks.
 */
export async function listInsights (deps: StoreDeps, query: ListQuery): Promise<ListPage> {
  const until = isScan(query) ? await findBound(deps.models, query) : null
  const now = query.filter.state === undefined ? null : new Date(await deps.serverNow())
  const condition = conditionOf(query, now)
  const raws = await readStretches(deps.models, query, stretchesOf(query, until), condition)
  const read = raws.slice(0, query.limit)
  const [first, last] = [read[0], read.at(-1)]
  const insights = await toInsights(deps, read)
  return {
    insights: query.isBackward ? insights.reverse() : insights,
    near: first === undefined ? null : positionOf(query.order, first),
    far: raws.length > query.limit && last !== undefined ? positionOf(query.order, last) : until
  }
}

/** Of several processes that make it at once one makes it; then all read it. */
export async function readCursorSecret ({ secrets }: Models): Promise<string> {
  try {
    await secrets.updateOne(CURSORS, { $setOnInsert: { value: randomBytes(32).toString('base64url') } }, { upsert: true })
  } catch (error) {
    if (!isDuplicate(error)) throw error
  }
  const secret = await secrets.findOne(CURSORS).lean()
  if (secret === null) throw new AppError('INS_INTERNAL', 'The secret of the cursors was made and is not there.')
  return secret.value
}

async function toInsights (deps: StoreDeps, raws: readonly Listed[]): Promise<ListedInsight[]> {
  const hasLease = raws.some(raw => raw.refresh?.lease_until instanceof Date)
  const now = hasLease ? await deps.serverNow() : 0
  return raws.flatMap(raw => {
    const document = deps.damage.read(raw, now)
    if (document === null) return []
    const { breakdown: _left, ...insight } = document
    return [insight]
  })
}

async function readStretches (
  { insights }: Models, { order, limit, isBackward, filter }: ListQuery, stretches: readonly Stretch[], condition: Filter
): Promise<Listed[]> {
  const raws: Listed[] = []
  // One at most has the external id: there is nothing to sort.
  const way = filter.externalId === undefined ? { sort: sortOf(order, isBackward) } : { hint: EXTERNAL_ID_KEY }
  for (const stretch of stretches) {
    const wanted = limit + 1 - raws.length
    if (wanted === 0) break
    raws.push(...await insights.find(
      { ...stretch, ...condition }, { breakdown: 0 }, { ...way, limit: wanted, lean: true }))
  }
  return raws
}

/** The place up to which a page looks; `null` = to the end. The index alone tells it. */
async function findBound ({ insights }: Models, query: ListQuery): Promise<ListPosition | null> {
  const { order, isBackward } = query
  const projection = { _id: 1, ...(order.key !== 'id' && { [KEYS[order.key].field]: 1 }) }
  let left = MAX_EXAMINED
  for (const stretch of stretchesOf(query, null)) {
    const sort = sortOf(order, isBackward)
    const [bound] = await insights.find(stretch, projection, { sort, skip: left - 1, limit: 1, lean: true })
    if (bound !== undefined) return positionOf(order, bound)
    left -= await insights.countDocuments(stretch)
    if (left <= 0) return await findLast(insights, stretch, query, projection)
  }
  return null
}

/** Something was created between the two questions before it: the end of the stretch is a good bound as well. */
async function findLast (
  insights: Models['insights'], stretch: Stretch, { order, isBackward }: ListQuery, projection: object
): Promise<ListPosition | null> {
  const [last] = await insights.find(stretch, projection, { sort: sortOf(order, !isBackward), limit: 1, lean: true })
  return last === undefined ? null : positionOf(order, last)
}

/** The stretches between the two places, in the direction of reading. A range filter on the key narrows them. */
function stretchesOf ({ order, filter, from, isBackward }: ListQuery, until: ListPosition | null): Stretch[] {
  const isFalling = order.isDescending !== isBackward
  const [beyond, upTo] = isFalling ? ['$lt', '$gte'] as const : ['$gt', '$lte'] as const
  if (order.key === 'id') {
    return [{ _id: mongoose.trusted({ ...ID_RANGE, ...(from !== null && { [beyond]: from.id }), ...(until !== null && { [upTo]: until.id }) }) }]
  }
  const key = KEYS[order.key]
  const ids = (range: object): object => mongoose.trusted({ ...ID_RANGE, ...range })
  const at = ({ value }: ListPosition, range: object): Stretch => ({ [key.field]: key.fromText(value), _id: ids(range) })
  const fromId = from === null ? {} : { [beyond]: from.id }
  const untilId = until === null ? {} : { [upTo]: until.id }
  if (from !== null && until !== null && from.value === until.value) return [at(from, { ...fromId, ...untilId })]
  const before = isFalling ? '$gt' : '$lt'
  const between = {
    ...rangeOnKey(key, filter),
    ...(from !== null && { [beyond]: key.fromText(from.value) }),
    ...(until !== null && { [before]: key.fromText(until.value) })
  }
  return [
    ...from === null ? [] : [at(from, fromId)],
    { [key.field]: mongoose.trusted(between) },
    ...until === null ? [] : [at(until, untilId)]
  ]
}

function rangeOnKey ({ field, all: [lowest, highest] }: Key, filter: ListFilter): Filter {
  const least = field === 'score' ? filter.minScore : toDate(filter.updatedSince)
  const most = field === 'score' ? filter.maxScore : undefined
  return { $gte: least ?? lowest, $lte: most ?? highest }
}

/** Whether documents have to be looked at that are not given. */
function isScan ({ order, filter }: ListQuery): boolean {
  const { minScore, maxScore, updatedSince, state, externalId, sourceStates = [] } = filter
  if (externalId !== undefined) return false
  const isByScore = minScore !== undefined || maxScore !== undefined
  return state !== undefined || sourceStates.length > 0 ||
    (isByScore && order.key !== 'insight_score') || (updatedSince !== undefined && order.key !== 'updated_at')
}

/** What no stretch says. All is in one list, so that no condition takes the place of another one on the same field. */
function conditionOf ({ order, filter }: ListQuery, now: Date | null): Filter {
  const all: Filter[] = []
  if (order.key !== 'insight_score' && (filter.minScore !== undefined || filter.maxScore !== undefined)) {
    all.push({ score: mongoose.trusted({ $gte: filter.minScore ?? -Infinity, $lte: filter.maxScore ?? Infinity }) })
  }
  if (order.key !== 'updated_at' && filter.updatedSince !== undefined) {
    all.push({ updated_at: mongoose.trusted({ $gte: toDate(filter.updatedSince) }) })
  }
  if (filter.externalId !== undefined) all.push({ 'fields.external_id': filter.externalId })
  if (filter.state !== undefined && now !== null) all.push(...stateConditions(filter.state, now))
  for (const { platform, state } of filter.sourceStates ?? []) {
    all.push(state === 'not_provided'
      ? { 'sources.platform': mongoose.trusted({ $ne: platform }) }
      : { sources: mongoose.trusted({ $elemMatch: { platform, state } }) })
  }
  return all.length === 0 ? {} : { $and: all }
}

function stateConditions (state: NonNullable<ListFilter['state']>, now: Date): Filter[] {
  const isRunning = { $gt: now }
  if (state === 'running') return [{ 'refresh.lease_until': mongoose.trusted(isRunning) }]
  const compare = state === 'pending' ? '$gt' : '$lte'
  return [
    { 'refresh.lease_until': mongoose.trusted({ $not: isRunning }) },
    { $expr: mongoose.trusted({ [compare]: ['$refresh.wanted', '$refresh.done'] }) }
  ]
}

function sortOf ({ key, isDescending }: ListOrder, isBackward: boolean): Record<string, 1 | -1> {
  const direction = isDescending === isBackward ? 1 : -1
  return key === 'id' ? { _id: direction } : { [KEYS[key].field]: direction, _id: direction }
}

function positionOf ({ key }: ListOrder, raw: Placed): ListPosition {
  return { value: key === 'id' ? '' : KEYS[key].toText(raw[KEYS[key].field]), id: raw._id }
}

function toDate (timestamp: string | undefined): Date | undefined {
  return timestamp === undefined ? undefined : new Date(timestamp)
}
