import type { Transaction } from '@electric-sql/pglite'
import type { Platform, SourceLink, SourceRecord, SourceState } from '@insights/shared'
import type { Compaction, HistoryStore, Observation, ObservationRange, SourceObservation } from '../history-port.js'
import { firstStepAt, HISTORY_LIMITS, periodsToRead, thinOut, type HistoryLimits, type Thinning } from '../history-rules.js'
import type { RefreshResult } from '../port.js'
import type { Database } from './database.js'
import { translateErrors } from './errors.js'

const COLUMNS = 'insight_id, platform, source_id, at, count, state'

/** The rows of `fromObservations` as a table. */
const ROWS = 'insight_id bigint, platform text, source_id text, at timestamptz, count bigint, state text, next_at timestamptz'

const SAME_OBSERVATION = 'o.insight_id = r.insight_id and o.platform = r.platform and o.source_id = r.source_id and o.at = r.at'

/** $1 id, $2 [{platform, source_id, limit_ms}], $3 from, $4 to, $5 limit. */
export const READ = `
select o.platform, o.source_id, o.at, o.count, o.state
from json_to_recordset($2::json) as r (platform text, source_id text, limit_ms double precision)
cross join lateral (
  select * from insights.observations as o
  where o.insight_id = $1 and o.platform = r.platform and o.source_id = r.source_id
    and o.at >= coalesce(greatest($3::timestamptz, statement_timestamp() - r.limit_ms * interval '1 millisecond'), '-infinity')
    and o.at < coalesce($4::timestamptz, 'infinity')
  order by o.at limit $5
) as o
order by o.platform, o.source_id, o.at limit $5`

/** $1 id. */
const ERASE = 'delete from insights.observations where insight_id = $1'

/** $1 id, $2 the sources that are linked now. */
const ERASE_UNLINKED = `
delete from insights.observations as o where insight_id = $1 and not exists (
  select from json_to_recordset($2::json) as s (platform text, source_id text)
  where s.platform = o.platform and s.source_id = o.source_id
)`

/** $1 platforms. */
const ERASE_PLATFORMS = 'delete from insights.observations where platform = any($1::text[])'

/** $1 limit. `clock_timestamp()` could not bound the search in the index, because it differs from row to row. */
export const FIND_DUE = `
select ${COLUMNS}, exists (
  select from insights.insights as i, json_to_recordset(i.sources) as s (platform text, source_id text)
  where i.id = o.insight_id and s.platform = o.platform and s.source_id = o.source_id
) as is_linked
from insights.observations as o where next_at <= statement_timestamp() order by next_at limit $1`

/** $1 [{insight_id, platform, source_id, from, to}], times in milliseconds. */
const READ_PERIODS = `
select o.insight_id, o.platform, o.source_id, o.at, o.count, o.state
from json_to_recordset($1::json) as r (
  insight_id bigint, platform text, source_id text, "from" double precision, "to" double precision
) cross join lateral (
  select * from insights.observations as o
  where o.insight_id = r.insight_id and o.platform = r.platform and o.source_id = r.source_id
    and o.at >= to_timestamp(r."from" / 1000) and o.at < to_timestamp(r."to" / 1000)
) as o`

/** $1 rows. */
const REMOVE = `delete from insights.observations as o using json_to_recordset($1::json) as r (${ROWS}) where ${SAME_OBSERVATION}`

/** $1 rows with their new `next_at`. */
const PUT_OFF = `
update insights.observations as o set next_at = r.next_at
from json_to_recordset($1::json) as r (${ROWS}) where ${SAME_OBSERVATION}`

/** What is removed leaves its place to new observations only then: nothing vacuums the embedded database by itself. */
const VACUUM = 'vacuum insights.observations'

/** Vacuuming costs some milliseconds and 0.2 s per million observations or so: it is worth it for so many, or this share of all. */
const WORTH_VACUUMING = { rows: 10_000, share: 0.02 }

interface ObservationRow {
  insight_id: number
  platform: Platform
  source_id: string
  at: Date
  count: number | null
  state: SourceState
}

/** `HistoryStore` on the embedded database. It borrows `db`, which must be migrated; closing it is the caller's. */
export function createPgliteHistoryStore (db: Database, limits: HistoryLimits = HISTORY_LIMITS): HistoryStore {
  // Once after each start: what a former process has removed is not known.
  let removed = Infinity
  return {
    read: async (insightId, sources, range) => await translateErrors(async () => await read(db, limits, insightId, sources, range)),
    compact: async ({ limit }) => await translateErrors(async () => {
      const compaction = await db.transaction(async tx => await compact(tx, limits, limit))
      removed += compaction.removed
      if (compaction.removed > 0 && await isWorthVacuuming(db, removed)) {
        await db.exec(VACUUM)
        removed = 0
      }
      return compaction
    })
  }
}

async function isWorthVacuuming (db: Database, removed: number): Promise<boolean> {
  if (removed < WORTH_VACUUMING.rows) return false
  const { rows: [table] } = await db.query<{ rows: number }>("select reltuples as rows from pg_class where oid = 'insights.observations'::regclass")
  return removed >= (table?.rows ?? 0) * WORTH_VACUUMING.share
}

/** Removes all observations of an insight, in the transaction that removes the insight. */
export async function eraseHistory (tx: Transaction, id: number): Promise<void> {
  await tx.query(ERASE, [id])
}

/** Removes the observations of sources that are not among `sources`, in the transaction that changes them. */
export async function eraseUnlinked (tx: Transaction, id: number, sources: readonly SourceRecord[]): Promise<void> {
  await tx.query(ERASE_UNLINKED, [id, JSON.stringify(sources)])
}

/** Removes what the sandbox has made up for these platforms, in the transaction that drops its counts. */
export async function erasePlatforms (tx: Transaction, platforms: readonly Platform[]): Promise<void> {
  if (platforms.length > 0) await tx.query(ERASE_PLATFORMS, [platforms])
}

/** The observations of results as rows to insert, as one JSON parameter. */
export function fromObservations (results: readonly RefreshResult[]): string {
  return JSON.stringify(results.flatMap(({ id, observations = [] }) =>
    observations.map(observation => ({ insight_id: id, ...observation, next_at: firstStepAt(observation) }))))
}

async function read (
  db: Database, limits: HistoryLimits, insightId: number, sources: readonly SourceLink[], { from, to, limit }: ObservationRange
): Promise<SourceObservation[]> {
  const wanted = sources.map(({ platform, source_id: sourceId }) => (
    { platform, source_id: sourceId, limit_ms: limits[platform] ?? null }))
  const { rows } = await db.query<Omit<ObservationRow, 'insight_id'>>(READ, [insightId, JSON.stringify(wanted), from, to, limit])
  return rows.map(toSourceObservation)
}

async function compact (tx: Transaction, limits: HistoryLimits, limit: number): Promise<Compaction> {
  const { rows } = await tx.query<ObservationRow & { is_linked: boolean }>(FIND_DUE, [limit])
  if (rows.length === 0) return { examined: 0, removed: 0 }
  const strays = rows.filter(row => !row.is_linked).map(toObservation)
  const due = rows.filter(row => row.is_linked).map(toObservation)
  const clock = await tx.query<{ now: Date }>('select statement_timestamp() as now')
  const now = clock.rows[0]?.now.getTime() ?? 0
  const periods = periodsToRead(due, now, limits).map(({ span, ...source }) => ({ ...source, ...span }))
  const members = await tx.query<ObservationRow>(READ_PERIODS, [JSON.stringify(periods)])
  const { remove, keep } = thinOut(due, members.rows.map(toObservation), now, limits)
  await tx.query(REMOVE, [JSON.stringify([...strays, ...remove])])
  await tx.query(PUT_OFF, [fromKept(keep)])
  return { examined: rows.length, removed: strays.length + remove.length }
}

function fromKept (keep: Thinning['keep']): string {
  return JSON.stringify(keep.map(({ observation, nextStepAt }) => ({ ...observation, next_at: nextStepAt })))
}

function toObservation (row: ObservationRow): Observation {
  return { insight_id: row.insight_id, ...toSourceObservation(row) }
}

function toSourceObservation ({ platform, source_id: sourceId, at, count, state }: Omit<ObservationRow, 'insight_id'>): SourceObservation {
  return { platform, source_id: sourceId, at: at.toISOString(), count, state }
}
