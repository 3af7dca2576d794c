import { randomUUID } from 'node:crypto'
import { alignSources, type InsightFields } from '@insights/shared'
import { externalIdTaken } from '../external-id.js'
import { idsAreTaken, MAX_TRIES, upsertInsight } from './creates.js'
import type { StoreDeps } from './deps.js'
import { isDuplicate } from './errors.js'
import { dropUnused, findBearers, takeExternalIds } from './external-ids.js'
import type { IdBlocks } from './id-blocks.js'
import type { StoredInsight } from './models.js'
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

/** `again` = somebody else was faster; `collision` = another insight has the id. */
type Outcome = StoredInsight | 'again' | 'collision'

async function insertTaken (deps: StoreDeps, id: number, fields: NamedFields, { stamp }: IdSource): Promise<Outcome> {
  const name = { _id: fields.external_id, insight_id: id }
  const [isTaken] = await takeExternalIds(deps.models, [name])
  if (isTaken !== true) return 'again'
  const inserted = await insertUnder(deps, id, fields, stamp)
  if (inserted !== null) return inserted
  return await dropUnused(deps.models, [name]) > 0 ? 'collision' : 'again'
}

/**
 * Makes the insight that another create has taken the external id for. If that one was made and erased meanwhile, its
 * external id is gone, and an insight must not come back under its id.
 */
export async function insertForAnother (
  deps: StoreDeps, id: number, fields: NamedFields, source: IdSource
): Promise<StoredInsight | 'again'> {
  if (await wasErased(deps, id)) return 'again'
  await source.adopt(id)
  const inserted = await insertUnder(deps, id, fields, source.stamp)
  if (inserted === null) return 'again'
  const { insights, externalIds } = deps.models
  if (await externalIds.exists({ _id: fields.external_id, insight_id: id }) !== null) return inserted
  await insights.deleteOne({ _id: id, 'stamps.created': source.stamp })
  return 'again'
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
