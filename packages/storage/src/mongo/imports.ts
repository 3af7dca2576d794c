import { randomUUID } from 'node:crypto'
import { alignSources, AppError, hasSameFields, hasSameIdentity, isAppError, type InsightFields } from '@insights/shared'
import type { AnyBulkWriteOperation, mongo } from 'mongoose'
import { externalIdTaken } from '../external-id.js'
import type { ImportOutcome } from '../import-port.js'
import { rescore } from '../rescore.js'
import { splitAtRepeats } from '../split-at-repeats.js'
import { refusedWrites } from './bulk.js'
import type { Try } from './creates.js'
import type { StoreDeps } from './deps.js'
import { isDefect, isDuplicate, unavailable } from './errors.js'
import { dropUnused, findBearers, takeExternalIds, type Name } from './external-ids.js'
import type { IdBlocks } from './id-blocks.js'
import type { StoredInsight } from './models.js'
import { freshIds, insertForAnother, takeBackRaised, type NamedFields } from './named-creates.js'
import * as pipelines from './pipelines.js'
import { unlinking, type SourceChange } from './unlinking.js'

type Write = AnyBulkWriteOperation<StoredInsight>

/** What others changed or made in between is looked at again; so often only a storm of writes does that. */
const MAX_ROUNDS = 20

/** One insight of a call, with its outcome as soon as that is certain. */
interface Item {
  fields: InsightFields
  outcome: ImportOutcome | null
  /** Whether its external id was taken, by no insight that could be replaced, when it was last looked at. */
  isTaken: boolean
}

/** How one item is to be written. */
interface Plan {
  item: Item
  write: Write
  /** `null` = it replaces one that is there. */
  created: Try | null
  /** Of one that is replaced. */
  change: SourceChange | null
  id: number
}

/**
 * Each part by one question and one bulk. What a bulk does not settle, because somebody else was faster, goes into the
 * next round: an insight that was replaced after all then turns out to be what was wanted. `unnamed` gets every try to
 * create an insight without an external id before it is sent.
 */
export async function importMany (
  deps: StoreDeps, ids: IdBlocks, insights: readonly InsightFields[], unnamed: Try[]
): Promise<ImportOutcome[]> {
  const outcomes: ImportOutcome[] = []
  for (const part of splitAtRepeats(insights)) {
    const items = part.map((fields): Item => ({ fields, outcome: null, isTaken: false }))
    for (let round = 0; round < MAX_ROUNDS && items.some(isOpen); round++) {
      await settle(deps, ids, items.filter(isOpen), unnamed)
    }
    outcomes.push(...items.map(({ outcome, isTaken }) => outcome ?? { error: isTaken ? externalIdTaken() : outrun() }))
  }
  return outcomes
}

const isOpen = ({ outcome }: Item): boolean => outcome === null

const outrun = (): AppError => unavailable('The insight is being changed by too many at once.')

async function settle (deps: StoreDeps, ids: IdBlocks, items: readonly Item[], unnamed: Try[]): Promise<void> {
  const bearers = await findBearers(deps.models, items.flatMap(({ fields }) => fields.external_id ?? []))
  const plans: Plan[] = []
  for (const item of items) {
    const name = item.fields.external_id
    const bearer = name === null ? undefined : bearers.get(name)
    item.isTaken = bearer !== undefined && bearer.kind !== 'insight'
    if (bearer?.kind === 'nobody') await createForAnother(deps, ids, item, bearer.id)
    if (bearer !== undefined && bearer.kind !== 'insight') continue
    const plan = bearer === undefined ? await planCreate(ids, item, unnamed) : planReplace(deps, item, bearer.raw)
    if (plan !== null) plans.push(plan)
  }
  const isNamed = ({ created, item }: Plan): boolean => created !== null && item.fields.external_id !== null
  await createNamed(deps, ids, plans.filter(isNamed))
  await write(deps, ids, plans.filter(plan => !isNamed(plan)))
}

async function planCreate (ids: IdBlocks, item: Item, unnamed: Try[]): Promise<Plan> {
  const { fields } = item
  const created = { id: await ids.next(), stamp: randomUUID() }
  if (fields.external_id === null) unnamed.push(created)
  const update = pipelines.createInsight(fields, alignSources(fields, []), created.stamp)
  return { item, created, change: null, id: created.id, write: { updateOne: { filter: { _id: created.id, rev: 0 }, update, upsert: true } } }
}

/** `null` = its outcome is certain without a write. */
function planReplace ({ damage }: StoreDeps, item: Item, raw: StoredInsight): Plan | null {
  const { fields } = item
  const id = raw._id
  try {
    const current = damage.require(raw, 0)
    if (hasSameFields(current.fields, fields)) {
      item.outcome = { id, isNew: false }
      return null
    }
    const sources = alignSources(fields, current.sources)
    const change = { fields, sources, breakdown: rescore(current, fields, sources), isSameIdentity: hasSameIdentity(current.fields, fields) }
    const filter = { _id: id, rev: current.rev, 'stamps.saved': raw.stamps?.saved ?? null }
    return { item, created: null, change: { id, before: current.sources, after: sources }, id, write: { updateOne: { filter, update: pipelines.replaceFields(change) } } }
  } catch (error) {
    if (!isAppError(error)) throw error
    item.outcome = { error }
    return null
  }
}

/** Those whose external id was free; the others are known in the next round. */
async function createNamed (deps: StoreDeps, ids: IdBlocks, plans: readonly Plan[]): Promise<void> {
  if (plans.length === 0) return
  const areTaken = await takeExternalIds(deps.models, plans.map(nameOf))
  const taken = plans.filter((_plan, index) => areTaken[index])
  await write(deps, ids, taken)
  const stored = taken.filter(({ item }) => item.outcome !== null && 'id' in item.outcome)
  const raised = await takeBackRaised(deps, stored.flatMap(plan => plan.created === null ? [] : { name: nameOf(plan), stamp: plan.created.stamp }))
  for (const { id, item } of stored) if (raised.has(id)) item.outcome = null
}

const nameOf = ({ id, item }: Plan): Name => ({ _id: item.fields.external_id as string, insight_id: id })

/** A create that somebody has begun, and perhaps not lived to end. */
async function createForAnother (deps: StoreDeps, ids: IdBlocks, item: Item, id: number): Promise<void> {
  const inserted = await insertForAnother(deps, id, item.fields as NamedFields, freshIds(ids))
  if (inserted !== 'again') item.outcome = { id, isNew: true }
}

async function write (deps: StoreDeps, ids: IdBlocks, plans: readonly Plan[]): Promise<void> {
  if (plans.length === 0) return
  const changes = plans.flatMap(({ change }) => change ?? [])
  const { matchedCount, refused } = await unlinking(deps, changes, async () =>
    await bulkWrite(deps.models.insights, plans.map(plan => plan.write)))
  const replacements = plans.filter(({ created }, index) => created === null && !refused.has(index)).length
  for (const [index, plan] of plans.entries()) {
    const { item, created, id } = plan
    const error = refused.get(index)
    if (error !== undefined) await settleRefused(deps, ids, plan, error)
    else if (created !== null) item.outcome = { id, isNew: true }
    else if (matchedCount === replacements) item.outcome = { id, isNew: false }
  }
}

async function bulkWrite (
  insights: StoreDeps['models']['insights'], writes: Write[]
): Promise<{ matchedCount: number, refused: Map<number, mongo.WriteError> }> {
  try {
    const { matchedCount } = await insights.bulkWrite(writes, { ordered: false, throwOnValidationError: true })
    return { matchedCount, refused: new Map() }
  } catch (error) {
    const refused = refusedWrites(error, one => isDuplicate(one) || isDefect(one.code))
    if (refused === null) throw error
    return { matchedCount: (error as mongo.MongoBulkWriteError).matchedCount, refused: new Map(refused.map(one => [one.index, one])) }
  }
}

/** What is a duplicate goes into the next round, with another id or as a replacement. */
async function settleRefused (deps: StoreDeps, ids: IdBlocks, plan: Plan, error: mongo.WriteError): Promise<void> {
  const { item, created } = plan
  if (!isDuplicate(error)) item.outcome = { error: new AppError('INS_INTERNAL', 'The database refuses to store the insight.', { cause: error }) }
  if (created === null) return
  const isFree = item.fields.external_id === null || await dropUnused(deps.models, [nameOf(plan)]) > 0
  if (isFree && isDuplicate(error)) await ids.skipTaken(created.id)
}
