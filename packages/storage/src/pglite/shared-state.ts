import type { PGlite } from '@electric-sql/pglite'
import type { Clock, Milliseconds, Note, SharedState } from '@insights/shared'
import { translateErrors } from './errors.js'

/** The time of the database in milliseconds, or parameter `n` in its place. */
const timeOr = (n: number): string => `coalesce($${n}::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint)`

/** $1 key, $2 time. One row, also when there is no state. */
const READ = `
select coalesce(s.version, 0) as version, s.value, ${timeOr(2)} as now
from (select 1) as one left join insights.platform_states as s on s.key = $1`

/** $1 key, $2 time, $3 version made, $4 value, $5 not after. The first state there is. */
const INSERT = `
insert into insights.platform_states (key, version, value)
select $1, $3::bigint, $4 where ${timeOr(2)} <= $5::bigint
on conflict (key) do nothing returning 1`

/** As above, and $6 the version that it was made from. */
const UPDATE = `
update insights.platform_states set version = $3::bigint, value = $4
where key = $1 and version = $6::bigint and ${timeOr(2)} <= $5::bigint returning 1`

/**
 * The note of each name that was asked for. `limit` keeps the subquery whole: joined freely, all notes of the list would
 * be read, of which the planner expects few, because nothing here gathers statistics.
 */
const NOTE_OF_EACH = `
left join lateral (
  select * from insights.platform_notes where list = $1 and name = asked.name limit 1
) as note`

/** $1 list, $2 names, $3 time, $4 age from which on a result counts for nothing, or null. */
export const PEEK = `
select asked.name, time.now, note.held_until, time.now - note.kept_at as age,
  case when $4::bigint is null or time.now - note.kept_at <= $4::bigint then note.value end as value,
  note.name is null as is_first, note.name is null or note.held_until <= time.now as is_free
from unnest($2::text[]) as asked (name) cross join (select ${timeOr(3)} as now) as time
${NOTE_OF_EACH} on note.expires_at > time.now`

/** As above, $5 lease, $6 expiry. What is told of the names that were not free is how they were found. */
export const CLAIM = `
with time as (select ${timeOr(3)} as now), taken as (
  insert into insights.platform_notes as note (list, name, held_until, expires_at)
  select $1, asked.name, time.now + $5::bigint, $6::bigint from (select distinct unnest($2::text[]) as name) as asked cross join time
  on conflict (list, name) do update set held_until = excluded.held_until, expires_at = excluded.expires_at, value = null, kept_at = null
  where note.held_until <= excluded.held_until - $5::bigint
    and (note.value is null or excluded.held_until - $5::bigint - note.kept_at > $4::bigint)
  returning note.name, note.xmax = 0 as is_first
)
select asked.name, time.now, note.held_until, time.now - note.kept_at as age, note.value, taken.is_first, taken.name is not null as is_free
from unnest($2::text[]) as asked (name) cross join time left join taken using (name)
${NOTE_OF_EACH} on taken.name is null`

/** $1 list, $2 [{name, value}], $3 time. */
export const KEEP = `
update insights.platform_notes as note set
  value = coalesce(r.value, note.value), kept_at = case when r.value is null then note.kept_at else ${timeOr(3)} end, held_until = 0
from json_to_recordset($2::json) as r (name text, value text)
cross join lateral (select ctid from insights.platform_notes where list = $1 and name = r.name limit 1) as found
where note.ctid = found.ctid`

/**
 * $1 time. Takes more than one claim adds, and no more than it has time for. `clock_timestamp()` could not bound the
 * search in the index, because it differs from row to row.
 */
export const FORGET = `
delete from insights.platform_notes where ctid = any (array (
  select ctid from insights.platform_notes
  where expires_at <= coalesce($1::bigint, floor(extract(epoch from statement_timestamp()) * 1000)::bigint)
  order by expires_at limit 500
))`

interface NoteRow {
  name: string
  now: number
  held_until: number | null
  value: string | null
  age: number | null
  is_first: boolean | null
  is_free: boolean
}

/** `SharedState` on the embedded database, which must be migrated and is borrowed. `clock`: in place of its time, for tests. */
export function createPgliteSharedState (db: PGlite, clock?: Clock): SharedState {
  const time = (): Milliseconds | null => clock?.now() ?? null
  const query = async <R>(sql: string, parameters: unknown[]): Promise<R[]> =>
    await translateErrors(async () => (await db.query<R>(sql, parameters)).rows)

  return {
    read: async key => {
      const [row] = await query<{ version: number, value: string | null, now: number }>(READ, [key, time()])
      if (row === undefined) throw new Error('The statement returned no row')
      return row
    },
    swap: async (key, { from, to, value, notAfter }) => {
      const parameters = [key, time(), to, value, Math.floor(notAfter)]
      const rows = from === 0 ? await query(INSERT, parameters) : await query(UPDATE, [...parameters, from])
      return rows.length === 1
    },
    claim: async (list, names, { leaseMs, expiresAt, maxAgeMs }) => {
      const parameters = [list, names, time(), maxAgeMs === undefined ? null : Math.floor(maxAgeMs)]
      if (leaseMs === null) return toNotes(names, await query<NoteRow>(PEEK, parameters))
      await query(FORGET, [time()])
      return toNotes(names, await query<NoteRow>(CLAIM, [...parameters, leaseMs, Math.floor(expiresAt)]))
    },
    keep: async (list, results) => {
      if (results.length > 0) await query(KEEP, [list, JSON.stringify(results.map(([name, value]) => ({ name, value }))), time()])
    }
  }
}

function toNotes (names: readonly string[], rows: readonly NoteRow[]): { now: Milliseconds, notes: Note[] } {
  const byName = new Map(rows.map(row => [row.name, row]))
  return { now: rows[0]?.now ?? 0, notes: names.map(name => toNote(byName.get(name))) }
}

function toNote (row: NoteRow | undefined): Note {
  if (row === undefined || row.is_first === true) return { kind: 'first' }
  if (row.value !== null) return { kind: 'kept', value: row.value, ageMs: row.age ?? 0 }
  return row.is_free ? { kind: 'again' } : { kind: 'held', until: row.held_until ?? 0 }
}
