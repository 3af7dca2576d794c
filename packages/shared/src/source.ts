import { Type, type Static } from '@sinclair/typebox'
import { canonicalJson } from './canonical-json.js'
import { CountSchema, type InsightFields } from './insight.js'
import { PLATFORMS, platformOfWork, type Platform } from './platform.js'

/**
 * What is known of one count:
 * `ok` fetched; `pending` never fetched; `stale` the last try failed and the last good value, if any, is kept;
 * `hidden` the owner hides it; `not_found` missing three times, hours apart; `invalid_id` the platform can not have
 * such an id; `rate_limited` the platform's quota or pace holds it back; `not_configured` the service has no
 * credentials for the platform; `not_provided` the host named no such account or work.
 */
export const SOURCE_STATES = [
  'ok', 'pending', 'stale', 'hidden', 'not_found', 'invalid_id', 'rate_limited', 'not_configured', 'not_provided'
] as const
export type SourceState = typeof SOURCE_STATES[number]

const NullableTimestamp = Type.Union([Type.String({ format: 'date-time' }), Type.Null()])

/** Why the last try of a source gave no count: a code of `docs/errors.md`, one sentence, and when. */
export const SourceErrorSchema = Type.Object({
  code: Type.String(),
  detail: Type.String(),
  at: Type.String({ format: 'date-time' })
})
export type SourceError = Static<typeof SourceErrorSchema>

/**
 * One external count of an insight: the followers of an account or the plays of a work.
 * The worker owns these records; a client's write only drops those whose account or work is gone.
 *
 * - `source_id`: the page id, handle or `item_id` exactly as the host sent it.
 * - `count`: the last good value, 0 to 2^53 - 1; `null` = unknown, which is never the same as 0.
 * - `fetched_at`: when `count` was last confirmed; `null` = never.
 * - `next_at`: not fetched again before this instant; `null` = as soon as possible.
 * - `failures`, `misses`: calls that gave no answer, and answers of "no such id", in a row.
 * - `doubted_at`: since when the last answer is not believed; with `misses` above 0 the time of the last miss that was
 *   counted, otherwise of the first of a row of counts that are far too low. `null` = nothing is in doubt. Absent in
 *   records that an earlier version wrote.
 */
export const SourceRecordSchema = Type.Object({
  platform: Type.Union(PLATFORMS.map(platform => Type.Literal(platform))),
  source_id: Type.String(),
  state: Type.Union(SOURCE_STATES.map(state => Type.Literal(state))),
  count: Type.Union([CountSchema, Type.Null()]),
  fetched_at: NullableTimestamp,
  next_at: NullableTimestamp,
  failures: Type.Integer({ minimum: 0 }),
  misses: Type.Integer({ minimum: 0 }),
  doubted_at: Type.Optional(NullableTimestamp),
  error: Type.Union([SourceErrorSchema, Type.Null()])
})
export type SourceRecord = Omit<Static<typeof SourceRecordSchema>, 'platform' | 'state'> & {
  platform: Platform
  state: SourceState
}

/** What names a source within an insight. */
export interface SourceLink {
  platform: Platform
  /** As the host sent it. */
  source_id: string
}

/** A text that is the same for the same source and different for different ones. */
export function sourceKey (link: SourceLink): string {
  return `${link.platform}:${link.source_id}`
}

/** Every account and work that the fields link to, each once: works in their order, then X, Facebook, Instagram. */
export function linkedSources (fields: InsightFields): SourceLink[] {
  const links: SourceLink[] = fields.works.map(work => ({
    platform: platformOfWork(work.source_type),
    source_id: work.item_id
  }))
  if (isNamed(fields.twitter_handle)) links.push({ platform: 'x', source_id: fields.twitter_handle })
  if (isNamed(fields.facebook_page_id)) links.push({ platform: 'facebook', source_id: fields.facebook_page_id })
  if (isNamed(fields.instagram_handle)) links.push({ platform: 'instagram', source_id: fields.instagram_handle })
  return links
}

/** The record of a source that has never been asked for. */
export function pendingSource (link: SourceLink): SourceRecord {
  return {
    platform: link.platform,
    source_id: link.source_id,
    state: 'pending',
    count: null,
    fetched_at: null,
    next_at: null,
    failures: 0,
    misses: 0,
    doubted_at: null,
    error: null
  }
}

/**
 * The records that belong to these fields: one per linked source, in the order of `linkedSources`. Known ones are
 * kept, new ones are pending, and those of accounts and works that are gone are left out.
 */
export function alignSources (fields: InsightFields, known: readonly SourceRecord[]): SourceRecord[] {
  const byKey = new Map(known.map(record => [sourceKey(record), record]))
  return linkedSources(fields).map(link => byKey.get(sourceKey(link)) ?? pendingSource(link))
}

/** Whether both name the same accounts and works, in any order: then counts of one are counts of the other. */
export function hasSameIdentity (a: InsightFields, b: InsightFields): boolean {
  const keysOfA = new Set(linkedSources(a).map(sourceKey))
  const keysOfB = new Set(linkedSources(b).map(sourceKey))
  return keysOfA.size === keysOfB.size && [...keysOfA].every(key => keysOfB.has(key))
}

/** Whether both say the same: every value equal, works in the same order. */
export function hasSameFields (a: InsightFields, b: InsightFields): boolean {
  return canonicalJson(a) === canonicalJson(b)
}

function isNamed (id: string | null): id is string {
  return id !== null && id.trim() !== ''
}
