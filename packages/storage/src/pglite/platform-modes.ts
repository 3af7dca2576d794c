import type { PGlite, Transaction } from '@electric-sql/pglite'
import { pendingSource, type Platform, type SourceRecord } from '@insights/shared'
import { rescore } from '../rescore.js'
import { translateErrors } from './errors.js'
import { erasePlatforms } from './history.js'
import type { InsightRow } from './mapping.js'

/** `sandbox`: counts are made up; `live`: real; `not_configured`: they were real once, and nobody is asked now. */
export type RememberedMode = 'sandbox' | 'live' | 'not_configured'

/** Some hundred insights at a time keep the memory small, however many there are. */
const BATCH = 500

type Row = Pick<InsightRow, 'id' | 'fields' | 'sources' | 'breakdown'>

/** $1 platforms, $2 the last id seen, $3 limit. */
const LINKED = `
select id, fields, sources, breakdown from insights.insights
where id > $2 and exists (
  select from json_array_elements(sources) as source where source ->> 'platform' = any ($1::text[])
)
order by id limit $3`

/** $1 [{id, sources, score, breakdown}]. A run that an earlier process left behind works on what is no longer so. */
const START_OVER = `
update insights.insights as i set
  sources = r.sources, score = coalesce(r.score, i.score), breakdown = coalesce(r.breakdown, i.breakdown),
  wanted = i.wanted + 1, claim = i.claim + 1, lease_until = null,
  due_at = clock_timestamp(), asked_at = clock_timestamp(), updated_at = clock_timestamp()
from json_to_recordset($1::json) as r (id bigint, sources json, score numeric, breakdown json)
where i.id = r.id`

/** $1 platform, $2 mode. */
const REMEMBER = `
insert into insights.platform_modes (platform, mode) values ($1, $2)
on conflict (platform) do update set mode = excluded.mode`

/**
 * Settles at a start how each platform is used in this database, given for which there are credentials, and remembers
 * it. For use before anything works on the insights.
 *
 * - A platform that gets credentials after the sandbox has answered for it: what the sandbox made up is dropped, with
 *   its history and its share of the scores, and the sources are due at once.
 * - One that has been live never goes back to the sandbox, which would write made-up counts over real ones: without
 *   credentials it is not configured. When they are back, the sources that wait for them are due at once.
 *
 * All of it is one transaction: a crash leaves the state from before, and the next start does it again.
 *
 * @throws AppError `INS_STORE_UNAVAILABLE`, `INS_STORE_FULL`
 */
export async function settlePlatformModes (
  db: PGlite, hasCredentials: Readonly<Record<Platform, boolean>>
): Promise<Record<Platform, RememberedMode>> {
  return await translateErrors(async () => await db.transaction(async tx => {
    const { rows } = await tx.query<{ platform: Platform, mode: RememberedMode }>('select platform, mode from insights.platform_modes')
    const before = new Map(rows.map(({ platform, mode }) => [platform, mode]))
    const platforms = Object.keys(hasCredentials) as Platform[]
    const modeNow = (platform: Platform): RememberedMode => hasCredentials[platform] ? 'live' : withoutCredentials(before.get(platform))
    const goesLive = (platform: Platform): boolean => hasCredentials[platform] && before.get(platform) !== 'live'
    const isBack = (platform: Platform): boolean => before.get(platform) === 'not_configured'

    const fromSandbox = platforms.filter(platform => goesLive(platform) && !isBack(platform))
    await changeSources(tx, fromSandbox, pendingSource)
    await erasePlatforms(tx, fromSandbox)
    await changeSources(tx, platforms.filter(platform => goesLive(platform) && isBack(platform)), wake)
    for (const platform of platforms) await tx.query(REMEMBER, [platform, modeNow(platform)])
    return Object.fromEntries(platforms.map(platform => [platform, modeNow(platform)])) as Record<Platform, RememberedMode>
  }))
}

function withoutCredentials (before: RememberedMode | undefined): RememberedMode {
  return before === undefined || before === 'sandbox' ? 'sandbox' : 'not_configured'
}

function wake (source: SourceRecord): SourceRecord {
  return source.state === 'not_configured' ? { ...source, next_at: null } : source
}

/** Changes every source on these platforms, and makes the insights that they belong to due. */
async function changeSources (
  tx: Transaction, platforms: readonly Platform[], change: (source: SourceRecord) => SourceRecord
): Promise<void> {
  if (platforms.length === 0) return
  const changeOne = (source: SourceRecord): SourceRecord => platforms.includes(source.platform) ? change(source) : source
  for (let last: number | undefined = 0; last !== undefined;) {
    const { rows }: { rows: Row[] } = await tx.query<Row>(LINKED, [platforms, last, BATCH])
    if (rows.length > 0) await tx.query(START_OVER, [JSON.stringify(rows.map(row => toChanged(row, row.sources.map(changeOne))))])
    last = rows.at(-1)?.id
  }
}

function toChanged (row: Row, sources: SourceRecord[]): object {
  const breakdown = rescore(row, { external_id: null, ...row.fields }, sources)
  return { id: row.id, sources, score: breakdown?.score ?? null, breakdown }
}
