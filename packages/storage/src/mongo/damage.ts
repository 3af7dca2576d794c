import { AppError, type Log } from '@insights/shared'
import mongoose from 'mongoose'
import type { InsightDocument } from '../port.js'
import { toDocument } from './mapping.js'
import type { Models } from './models.js'
import * as pipelines from './pipelines.js'
import { DamagedValue } from './stored-values.js'

/** A damaged document is looked at again after a day: by then somebody may have repaired it. */
const PUT_OFF_MS = 24 * 3_600_000

/** Bounds the memory of what was logged; beyond it the log repeats itself. */
const MAX_REMEMBERED = 10_000

type Filter = Record<string, unknown>

/**
 * What deals with documents that this adapter did not write, or that were changed behind its back: they are named in
 * the log once per process, kept out of the way of the others, and never changed but for the time of their next turn.
 */
export interface Damage {
  /** The insight of a document; `null` when it is damaged, which is logged. */
  read: (raw: unknown, now: number) => InsightDocument | null
  /** As `read`. @throws AppError `INS_INSIGHT_DAMAGED` that names the id and the value when it is damaged. */
  require: (raw: unknown, now: number) => InsightDocument
  /** Names an insight in the log, unless it was named before. */
  report: (id: unknown, reason: string) => void
  /** Logs the damaged documents that `filter` selects, by `_id` and more, and puts them off. */
  putOff: (filter: Filter) => Promise<void>
}

/**
 * What the planner and a run need of a document to work on it. Ids are checked apart, since a filter on a number has
 * no word for "whole".
 */
export function isSound (): Filter {
  const counters = ['rev', 'identity_rev', 'refresh.wanted', 'refresh.done', 'refresh.forced', 'refresh.claim']
  return {
    fields: isOfType('object'),
    sources: mongoose.trusted({ $type: 'array' }),
    refresh: isOfType('object'),
    ...Object.fromEntries(counters.map(name => [name, isOfType('number')]))
  }
}

/** A list with a value of the type in it counts for the server as of that type. Marked as ours for mongoose. */
function isOfType (type: string): object {
  return mongoose.trusted({ $type: type, $not: { $type: 'array' } })
}

export function createDamage (models: Models, log: Log): Damage {
  const logged = new Set<string>()
  const report = (id: unknown, reason: string): void => {
    const key = mongoose.mongo.BSON.EJSON.stringify({ id })
    if (logged.has(key)) return
    if (logged.size >= MAX_REMEMBERED) logged.clear()
    logged.add(key)
    log.error({ insight_id: id, reason }, 'an insight can not be worked on: repair or delete it')
  }
  const attempt = (raw: unknown, now: number): InsightDocument | DamagedValue => {
    try {
      return toDocument(raw, now)
    } catch (error) {
      if (!(error instanceof DamagedValue)) throw error
      report(idOf(raw), error.message)
      return error
    }
  }
  return {
    report,
    read: (raw, now) => {
      const document = attempt(raw, now)
      return document instanceof DamagedValue ? null : document
    },
    require: (raw, now) => {
      const document = attempt(raw, now)
      if (!(document instanceof DamagedValue)) return document
      const message = `Insight ${String(idOf(raw))} is stored in a form that can not be read: ${document.message}.`
      throw new AppError('INS_INSIGHT_DAMAGED', message, { cause: document })
    },
    putOff: async filter => {
      // Past mongoose: an id of a wrong type could not be cast, and is what may have to be put off.
      const collection = models.insights.collection
      const ids = (await collection.find(filter, { projection: { _id: 1 }, hint: { _id: 1 } }).toArray()).map(({ _id }) => _id)
      if (ids.length === 0) return
      for (const id of ids) report(id, 'it is not one that the planner or a run can work on')
      await collection.updateMany({ ...filter, _id: { $in: ids } }, pipelines.putOff(PUT_OFF_MS))
    }
  }
}

function idOf (raw: unknown): unknown {
  return (raw as { _id?: unknown } | null)?._id
}
