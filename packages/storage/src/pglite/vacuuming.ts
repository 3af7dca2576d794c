import type { Database } from './database.js'
import { translateErrors } from './errors.js'

/**
 * Every update leaves the former row behind, and nothing vacuums the embedded database by itself: 300 insights that are
 * refreshed 300 times take 200 MB then, 30 MB of indexes among them. So it is done here, where it is worth it, by the
 * planner's job. Of 100,000 insights with 10,000 rows left behind it takes 0.4 s, in which nothing else happens, with
 * 300,000 left behind 4 s. The share is there because all indexes of a table are read each time.
 */
const WORTH_VACUUMING = { rows: 10_000, share: 0.1 }

/** Of all schemas but those of the database itself: those of the queue too. */
const TABLES = `
select format('%I.%I', n.nspname, c.relname) as name,
  pg_stat_get_dead_tuples(c.oid) as dead, pg_stat_get_live_tuples(c.oid) as live
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'`

/** $1 rows, $2 share. One at a time, that which has most: whatever waits gets its turn before the next one. */
const WORST = `
select name from (${TABLES}) as t where dead >= greatest($1::bigint, live * $2::double precision) order by dead desc limit 1`

/** Vacuums the table that needs it most, if one does. */
export async function vacuumWorst (db: Database): Promise<void> {
  await translateErrors(async () => {
    const { rows: [table] } = await db.query<{ name: string }>(WORST, [WORTH_VACUUMING.rows, WORTH_VACUUMING.share])
    if (table !== undefined) await db.exec(`vacuum ${table.name}`)
  })
}

/**
 * Vacuums all tables, those of the queue too: at the start, because what a process that was killed has left behind is
 * not known. Where there is nothing to do it takes some milliseconds.
 *
 * @throws AppError `INS_STORE_UNAVAILABLE`, `INS_STORE_FULL`
 */
export async function vacuumPglite (db: Database): Promise<void> {
  await translateErrors(async () => {
    const { rows } = await db.query<{ name: string }>(TABLES)
    for (const { name } of rows) await db.exec(`vacuum ${name}`)
  })
}
