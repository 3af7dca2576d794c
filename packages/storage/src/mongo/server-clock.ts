import type { Milliseconds } from '@insights/shared'
import type { Connection, mongo } from 'mongoose'
import { unavailable } from './errors.js'

/** What the primary says of itself. */
export async function hello (connection: Connection): Promise<mongo.BSON.Document> {
  if (connection.db === undefined) throw unavailable('The database can not be reached yet.')
  return await connection.db.command({ hello: 1 })
}

/** The clock of the primary, the one that `$$NOW` in a write shows. */
export async function serverNow (connection: Connection): Promise<Milliseconds> {
  const { localTime } = await hello(connection)
  return (localTime as Date).getTime()
}

/** Whether there is but one server without a replica set: what it acknowledges, no other one has. */
export async function isStandalone (connection: Connection): Promise<boolean> {
  const { setName, msg } = await hello(connection)
  return setName === undefined && msg !== 'isdbgrid'
}
