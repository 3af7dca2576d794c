import { randomUUID } from 'node:crypto'
import { alignSources, type InsightFields } from '@insights/shared'
import mongoose from 'mongoose'
import { externalIdTaken } from '../external-id.js'
import { idsAreTaken, MAX_TRIES, upsertInsight } from './creates.js'
import type { StoreDeps } from './deps.js'
import { isDuplicate } from './errors.js'
import { dropUnused, findBearers, takeExternalIds, type Name } from './external-ids.js'
import type { IdBlocks } from './id-blocks.js'
import type { Models, StoredInsight } from './models.js'
import * as pipelines from './pipelines.js'

/** What others have just begun or are about to end is looked at again, so often. */
const MAX_LOOKS = 20

/** A new insight that has an external id. */
export interface NamedFields extends InsightFields { external_id: string }

/** Under which id a new insight is stored. */
export interface IdSource {
  /** Tells an insight that was stored for this create from others. */
  stamp: string
  /** An id that is free as far as is known; `taken` is one that was not. */
  next: (taken?: number) => Promise<number>
  /** The insight is going to be stored under this id, which another create began with. */
  adopt: (id: number) => Promise<void>
}

export function freshIds (ids: IdBlocks): IdSource {
  return {
    stamp: randomUUID(),
    next: async taken => {
      if (taken !== undefined) await ids.skipTaken(taken)
      return await ids.next()
    },
    adopt: async () => {}
  }
}

/**
 * Stores a new insight that has an external id, or finds the one that was stored for this create.
 *
 * @throws `INS_EXTERNAL_ID_TAKEN`
 */
export async function insertNamed (deps: StoreDeps, source: IdSource, fields: NamedFields): Promise<StoredInsight> {
  let id: number | undefined
  let collisions = 0
  for (let count = 0; count < MAX_LOOKS && collisions < MAX_TRIES; count++) {
    const bearer = (await findBearers(deps.models, [fields.external_id])).get(fields.external_id)
    if (bearer?.kind === 'insight') return ofThisCreate(bearer.raw, source)
    if (bearer?.kind === 'another') continue
    const tried = bearer?.id ?? id ?? await source.next()
    const outcome = bearer === undefined ? await insertTaken(deps, tried, fields, source) : await insertForAnother(deps, tried, fields, source)
    if (typeof outcome === 'object') return outcome
    if (outcome === 'collision') collisions++
    // An id that was tried in vain belongs to another insight, or did so.
    id = outcome === 'collision' || bearer !== undefined ? await source.next(tried) : tried
  }
  throw collisions < MAX_TRIES ? externalIdTaken() : idsAreTaken()
}

function ofThisCreate (raw: StoredInsight, { stamp }: IdSource): StoredInsight {
  if (raw.stamps?.created === stamp) return raw
  throw externalIdTaken()
}

/** `again` = somebody else was faster; `collision` = another insight has the id, or had it. */
type Outcome = StoredInsight | 'again' | 'collision'

async function insertTaken (deps: StoreDeps, id: number, fields: NamedFields, { stamp }: IdSource): Promise<Outcome> {
  const name = { _id: fields.external_id, insight_id: id }
  const [isTaken] = await takeExternalIds(deps.models, [name])
  if (isTaken !== true) return 'again'
  const inserted = await insertUnder(deps, id, fields, stamp)
  if (inserted !== null && !await isRaised(deps, { name, stamp })) return inserted
  const isDropped = await dropUnused(deps.models, [name]) > 0
  return isDropped || inserted !== null ? 'collision' : 'again'
}

/** Makes the insight that another create has taken the external id for, unless that one was made and erased meanwhile. */
export async function insertForAnother (
  deps: StoreDeps, id: number, fields: NamedFields, source: IdSource
): Promise<StoredInsight | 'again'> {
  if (await wasErased(deps, id)) return 'again'
  await source.adopt(id)
  const inserted = await insertUnder(deps, id, fields, source.stamp)
  if (inserted === null) return 'again'
  const name = { _id: fields.external_id, insight_id: id }
  return await isRaised(deps, { name, stamp: source.stamp }) ? 'again' : inserted
}

/** What was just stored under an external id that had been taken before. */
export interface StoredNamed { name: Name, stamp: string }

async function isRaised (deps: StoreDeps, stored: StoredNamed): Promise<boolean> {
  return (await takeBackRaised(deps, [stored])).size > 0
}

/**
 * Between the taking of an external id and the storing of its insight any time may pass, in which another create may
 * have made that insight and a client removed it. What is stored after that has come back under the id of an insight
 * that was erased, and is deleted again.
 *
 * @returns the ids of those.
 */
export async function takeBackRaised ({ models }: StoreDeps, stored: readonly StoredNamed[]): Promise<Set<number>> {
  const raised = new Set<number>()
  for (const { name: { insight_id: id }, stamp } of await findRaised(models, stored)) {
    // One that a client has changed or removed by now was there for everybody to see, and stays so.
    const { deletedCount } = await models.insights.deleteOne({ _id: id, rev: 1, 'stamps.created': stamp })
    if (deletedCount > 0) raised.add(id)
  }
  return raised
}

/** Those whose id was erased, or for which the external id is not taken any more. */
async function findRaised ({ removals, receipts, externalIds }: Models, stored: readonly StoredNamed[]): Promise<StoredNamed[]> {
  if (stored.length === 0) return []
  const ids = mongoose.trusted({ $in: stored.map(({ name }) => name.insight_id) })
  const names = mongoose.trusted({ $in: stored.map(({ name }) => name._id) })
  const [kept, noted] = await Promise.all([externalIds.find({ _id: names }).lean(), removals.find({ insight_id: ids }, { insight_id: 1 }).lean()])
  // After the notes: the one of a removal goes only when its receipt has come.
  const erased = await receipts.find({ _id: ids }, { _id: 1 }).lean()
  const isErased = new Set([...noted.map(({ insight_id: id }) => id), ...erased.map(({ _id }) => _id)])
  const isKept = new Map(kept.map(({ _id, insight_id: id }) => [_id, id]))
  return stored.filter(({ name }) => isErased.has(name.insight_id) || isKept.get(name._id) !== name.insight_id)
}

async function wasErased ({ models: { removals, receipts } }: StoreDeps, id: number): Promise<boolean> {
  return await removals.exists({ insight_id: id }) !== null || await receipts.exists({ _id: id }) !== null
}

/** `null` = there is one under that id. */
async function insertUnder ({ models }: StoreDeps, id: number, fields: NamedFields, stamp: string): Promise<StoredInsight | null> {
  try {
    return await upsertInsight(models, id, pipelines.createInsight(fields, alignSources(fields, []), stamp))
  } catch (error) {
    if (!isDuplicate(error)) throw error
    return await models.insights.findOne({ _id: id, 'stamps.created': stamp }).lean()
  }
}
