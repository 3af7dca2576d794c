import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { alignSources, AppError, type InsightFields, type Log } from '@insights/shared'
import { isDuplicate } from './errors.js'
import { eraseOrphaned } from './history-erasing.js'
import type { IdBlocks } from './id-blocks.js'
import type { Models, StoredInsight } from './models.js'
import * as pipelines from './pipelines.js'

/** More collisions than the one that a restored database may give mean that the counter can not be trusted. */
export const MAX_TRIES = 3

/** Between two tries to take back what could not be confirmed. */
const RETRY_MS = 1_000

/** One try to store a new insight: `stamp` is in the document and nowhere else. */
export interface Try { id: number, stamp: string }

/**
 * Stores a new insight without an external id under a fresh id. It is an upsert, because only an update can use the
 * server's clock, whose filter no document fulfils: where the id is taken the unique `_id` refuses it. `tries` gets
 * every try before it is sent.
 */
export async function insertInsight (
  models: Models, ids: IdBlocks, fields: InsightFields, tries: Try[]
): Promise<StoredInsight> {
  const sources = alignSources(fields, [])
  for (let count = 0; count < MAX_TRIES; count++) {
    const created = { id: await ids.next(), stamp: randomUUID() }
    tries.push(created)
    try {
      return await upsertInsight(models, created.id, pipelines.createInsight(fields, sources, created.stamp))
    } catch (error) {
      if (!isDuplicate(error)) throw error
      const mine = await models.insights.findOne({ _id: created.id, 'stamps.created': created.stamp }).lean()
      if (mine !== null) return mine
      await ids.skipTaken(created.id)
    }
  }
  throw idsAreTaken()
}

export async function upsertInsight (models: Models, id: number, pipeline: pipelines.Pipeline): Promise<StoredInsight> {
  const stored = await models.insights.findOneAndUpdate({ _id: id, rev: 0 }, pipeline, {
    upsert: true, returnDocument: 'after', lean: true, updatePipeline: true, setDefaultsOnInsert: false
  })
  return stored as StoredInsight
}

export function idsAreTaken (): AppError {
  return new AppError('INS_INTERNAL', 'The ids that the counter gave are all taken: run the migration, which sets it right.')
}

/** Takes back insights whose creation was refused towards the client although it may have happened. */
export interface Undoing {
  /** `ended` settles when no more of `tries` can be sent. Returns at once. */
  undo: (tries: readonly Try[], ended: Promise<unknown>) => void
  /** Gives up what is still open, and says so. */
  close: () => void
}

/**
 * A create that failed without a clear answer (the reply lost, no majority in time, the time limit reached) may have
 * stored its insight. The client was told that it failed and will repeat it, which must not make a second one: so
 * such insights are deleted as soon as the server can be asked, recognised by their stamp. Only a process that dies
 * before leaves one behind.
 */
export function createUndoing (models: Models, log: Log): Undoing {
  const open: Try[] = []
  const closing = new AbortController()
  let isWorking = false

  const undoOpen = async (): Promise<void> => {
    if (isWorking) return
    isWorking = true
    while (open.length > 0 && !closing.signal.aborted) {
      const batch = [...open]
      try {
        await deleteTries(models, batch, log)
        open.splice(0, batch.length)
      } catch (err) {
        log.debug({ err }, 'insights that could not be confirmed can not be removed yet')
        await delay(RETRY_MS, undefined, { ref: false, signal: closing.signal }).catch(() => { /* closing ends the loop */ })
      }
    }
    isWorking = false
  }
  return {
    undo: (tries, ended) => {
      const begin = (): void => {
        open.push(...tries)
        undoOpen().catch((err: unknown) => { log.error({ err }, 'removing unconfirmed insights failed') })
      }
      ended.then(begin, begin)
    },
    close: () => {
      closing.abort()
      if (open.length > 0) {
        log.warn({ insight_ids: open.map(({ id }) => id) }, 'insights may exist whose creation was answered with an error')
      }
    }
  }
}

async function deleteTries (models: Models, tries: readonly Try[], log: Log): Promise<void> {
  const { deletedCount } = await models.insights.bulkWrite(
    tries.map(({ id, stamp }) => ({ deleteOne: { filter: { _id: id, 'stamps.created': stamp } } })), { ordered: false })
  if (deletedCount > 0) {
    await eraseOrphaned(models, tries.map(({ id }) => id))
    log.warn({ deletedCount }, 'insights whose creation could not be confirmed in time were removed again')
  }
}
