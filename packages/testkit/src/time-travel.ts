/** Lets time pass for what is stored, without waiting: every time that decides anything is moved into the past. */
import type { PGlite } from '@electric-sql/pglite'
import { MongoClient } from 'mongodb'

export interface TimeTravel {
  /** As if so many milliseconds had passed. Nothing else may write meanwhile. */
  advance: (ms: number) => Promise<void>
  close: () => Promise<void>
}

type Times = Record<string, unknown>

/** For insights in the embedded database, which is borrowed. */
export function travelInPglite (db: PGlite): TimeTravel {
  return {
    advance: async ms => {
      const { rows } = await db.query<{ id: number, sources: Times[] }>('select id, sources from insights.insights')
      for (const { id, sources } of rows) {
        const moved = sources.map(source => moveTimes(source, value => typeof value === 'string' ? new Date(Date.parse(value) - ms).toISOString() : value))
        await db.query(`update insights.insights set sources = $2::json, due_at = due_at - $3 * interval '1 millisecond',
          lease_until = lease_until - $3 * interval '1 millisecond' where id = $1`, [id, JSON.stringify(moved), ms])
      }
    },
    close: async () => {}
  }
}

/** For insights in MongoDB. */
export async function travelInMongo (url: string): Promise<TimeTravel> {
  const client = await MongoClient.connect(url)
  const insights = client.db().collection<Times & { _id: number, sources: Times[], refresh: Times }>('insights')
  const move = (value: unknown, ms: number): unknown => value instanceof Date ? new Date(value.getTime() - ms) : value
  return {
    advance: async ms => {
      for (const { _id, sources, refresh } of await insights.find().toArray()) {
        await insights.updateOne({ _id }, {
          $set: {
            sources: sources.map(source => moveTimes(source, value => move(value, ms))),
            'refresh.due_at': move(refresh['due_at'], ms),
            'refresh.lease_until': move(refresh['lease_until'], ms)
          }
        })
      }
    },
    close: async () => { await client.close() }
  }
}

function moveTimes (source: Times, move: (value: unknown) => unknown): Times {
  const { fetched_at: fetchedAt, next_at: nextAt, doubted_at: doubtedAt, error } = source
  const at = (error as Times | null)?.['at']
  return {
    ...source,
    fetched_at: move(fetchedAt),
    next_at: move(nextAt),
    doubted_at: move(doubtedAt ?? null),
    error: error === null ? null : { ...error as Times, at: move(at) }
  }
}
