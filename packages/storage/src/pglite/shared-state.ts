import { randomUUID } from 'node:crypto'
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

/** $1 list, $2 names, $3 time. */
const PEEK = `
select asked.name, note.value, note.held_until, note.name is null as is_first, time.now
from unnest($2::text[]) with ordinality as asked (name, place)
cross join (select ${timeOr(3)} as now) as time
left join insights.platform_notes as note on note.list = $1 and note.name = asked.name and note.expires_at > time.now
order by asked.place`

/** $1 list, $2 names, $3 time, $4 lease, $5 expiry, $6 holder. A name that is free becomes the holder's. */
const CLAIM = `
insert into insights.platform_notes as note (list, name, holder, held_until, expires_at)
select $1, asked.name, $6, time.now + $4::bigint, $5::bigint
from (select distinct unnest($2::text[]) as name) as asked cross join (select ${timeOr(3)} as now) as time
on conflict (list, name) do update set
  holder = case when note.value is null and note.held_until <= excluded.held_until - $4::bigint then excluded.holder else note.holder end,
  held_until = case when note.value is null and note.held_until <= excluded.held_until - $4::bigint then excluded.held_until else note.held_until end
returning note.name, note.value, note.held_until, note.holder, (note.xmax = 0) as is_first, ${timeOr(3)} as now`

/** $1 list, $2 [{name, value}]. */
const KEEP = `
update insights.platform_notes as note set value = r.value, held_until = 0, holder = null
from json_to_recordset($2::json) as r (name text, value text) where note.list = $1 and note.name = r.name`

/** $1 time. */
const FORGET = `delete from insights.platform_notes where expires_at <= ${timeOr(1)}`

interface NoteRow { name: string, value: string | null, held_until: number | null, holder?: string | null, is_first: boolean, now: number }

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
    claim: async (list, names, { leaseMs, expiresAt }) => {
      if (leaseMs === null) return toNotes(names, await query<NoteRow>(PEEK, [list, names, time()]), null)
      await query(FORGET, [time()])
      const holder = randomUUID()
      return toNotes(names, await query<NoteRow>(CLAIM, [list, names, time(), leaseMs, Math.floor(expiresAt), holder]), holder)
    },
    keep: async (list, results) => {
      if (results.length > 0) await query(KEEP, [list, JSON.stringify(results.map(([name, value]) => ({ name, value })))])
    }
  }
}

function toNotes (names: readonly string[], rows: readonly NoteRow[], holder: string | null): { now: Milliseconds, notes: Note[] } {
  const byName = new Map(rows.map(row => [row.name, row]))
  return { now: rows[0]?.now ?? 0, notes: names.map(name => toNote(byName.get(name), holder)) }
}

function toNote (row: NoteRow | undefined, holder: string | null): Note {
  if (row === undefined || row.is_first) return { kind: 'first' }
  if (row.value !== null) return { kind: 'kept', value: row.value }
  const heldUntil = row.held_until ?? 0
  const isFree = holder === null ? heldUntil <= row.now : row.holder === holder
  return isFree ? { kind: 'again' } : { kind: 'held', until: heldUntil }
}
