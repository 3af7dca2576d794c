import { INSIGHT_COLUMNS } from './mapping.js'

/** Milliseconds as parameter `n`, as an interval. */
const intervalOf = (n: number): string => `($${n}::double precision * interval '1 millisecond')`

/** $1 fields, $2 sources. */
export const CREATE = `
insert into insights.insights (fields, sources, due_at, asked_at, created_at, updated_at)
select $1::json, $2::json, now, now, now, now from clock_timestamp() as now
returning ${INSIGHT_COLUMNS}`

/** $1 id. */
export const LOCK = `select ${INSIGHT_COLUMNS} from insights.insights where id = $1 for update`

/**
 * $1 id, $2 fields, $3 sources, $4 what to add to identity_rev, $5 score, $6 breakdown. A run in progress works on the
 * old accounts when $4 is 1: its lease ends at once, so that the next run need not wait for it.
 */
export const REPLACE_FIELDS = `
update insights.insights set
  fields = $2::json, sources = $3::json, rev = rev + 1, identity_rev = identity_rev + $4::bigint, wanted = wanted + 1,
  lease_until = case when $4::bigint = 1 then null else lease_until end, score = $5, breakdown = $6::json,
  due_at = clock_timestamp(), asked_at = clock_timestamp(), updated_at = clock_timestamp()
where id = $1
returning ${INSIGHT_COLUMNS}`

/** $1 id. The right sides all see the row as it was before. */
export const REQUEST_REFRESH = `
update insights.insights set
  wanted = case when wanted > done and not coalesce(lease_until > clock_timestamp(), false) then wanted else wanted + 1 end,
  forced = case when wanted > done and not coalesce(lease_until > clock_timestamp(), false) then wanted else wanted + 1 end,
  asked_at = clock_timestamp(), due_at = clock_timestamp()
where id = $1
returning ${INSIGHT_COLUMNS}`

/**
 * $1 limit, $2 lease. What came due by its schedule becomes wanted here. `clock_timestamp()` could not bound the search
 * in the index, because it differs from row to row: every insight that there is would be looked at.
 */
export const CLAIM_DUE = `
with due as (
  select id from insights.insights where due_at <= statement_timestamp() order by due_at, id limit $1
  for update skip locked
)
update insights.insights as i set
  due_at = clock_timestamp() + ${intervalOf(2)},
  asked_at = case when i.wanted > i.done then i.asked_at else clock_timestamp() end,
  wanted = case when i.wanted > i.done then i.wanted else i.wanted + 1 end
from due where i.id = due.id
returning i.id`

/** $1 the most that are counted. */
export const BACKLOG = `
select count(*)::int as due, (extract(epoch from statement_timestamp() - min(due_at)) * 1000)::double precision as age
from (
  select due_at from insights.insights where due_at <= statement_timestamp() order by due_at, id limit $1
) as due`

/** $1 ids, $2 lease. */
export const START_REFRESHES = `
update insights.insights set
  claim = claim + 1,
  lease_until = clock_timestamp() + ${intervalOf(2)},
  due_at = clock_timestamp() + ${intervalOf(2)}
where id = any($1::bigint[]) and wanted > done and not coalesce(lease_until > clock_timestamp(), false)
returning ${INSIGHT_COLUMNS}`

/** $1 [{id, claim}], $2 lease. */
export const EXTEND_LEASES = `
update insights.insights as i set
  lease_until = clock_timestamp() + ${intervalOf(2)},
  due_at = greatest(i.due_at, clock_timestamp() + ${intervalOf(2)})
from json_to_recordset($1::json) as run (id bigint, claim bigint)
where i.id = run.id and i.claim = run.claim and i.lease_until is not null`

/**
 * $1 rows of `fromResults`, $2 rows of `fromObservations`: those of results that are not saved are left out. A score of
 * fields that have changed since stays out too, because the change has stored the one that follows from it; but an
 * insight that has none yet gets it, or else one that changes all the time would never have any.
 */
export const SAVE_RESULTS = `
with saved as (
update insights.insights as i set
  sources = r.sources, updated_at = clock_timestamp(),
  score = case when i.rev = r.rev or i.breakdown is null then r.score else i.score end,
  breakdown = case when i.rev = r.rev or i.breakdown is null then r.breakdown else i.breakdown end,
  done = case when r.ends then greatest(i.done, r.done) else i.done end,
  done_at = case when r.ends then clock_timestamp() else i.done_at end,
  lease_until = case when r.ends then null else i.lease_until end,
  due_at = case
    when not r.ends then i.due_at
    when i.wanted > r.done then clock_timestamp()
    else clock_timestamp() + r.next_in_ms * interval '1 millisecond'
  end
from json_to_recordset($1::json) as r (
  id bigint, claim bigint, identity_rev bigint, rev bigint, sources json, score numeric, breakdown json,
  ends boolean, done bigint, next_in_ms double precision
)
where i.id = r.id and i.claim = r.claim and i.identity_rev = r.identity_rev
returning i.id
), observed as (
insert into insights.observations (insight_id, platform, source_id, at, count, state, next_at)
select o.* from json_to_recordset($2::json) as o (
  insight_id bigint, platform text, source_id text, at timestamptz, count bigint, state text, next_at timestamptz
) join saved on saved.id = o.insight_id
on conflict do nothing
)
select id from saved`
