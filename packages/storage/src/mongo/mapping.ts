import {
  PLATFORMS, SCOPES, SOURCE_STATES, SOURCE_TYPES, tokenIdOf,
  type Breakdown, type InsightFields, type Milliseconds, type SourceError, type SourceRecord, type Timestamp, type Work
} from '@insights/shared'
import type { InsightDocument, RefreshState } from '../port.js'
import type { Receipt } from '../removal-port.js'
import type { TokenRecord } from '../token-port.js'
import {
  readCount, readFlag, readList, readNumber, readOneOf, readOptional, readRecord, readText, readTime
} from './stored-values.js'

/**
 * The insight that a document of the collection stands for, with `is_running` as of `now` on the server's clock.
 *
 * @throws DamagedValue when the document has not the shape that this adapter writes.
 */
export function toDocument (raw: unknown, now: Milliseconds): InsightDocument {
  const stored = readRecord(raw, 'document')
  return {
    id: readCount(stored._id, '_id'),
    fields: toFields(readRecord(stored.fields, 'fields')),
    sources: readList(stored.sources, 'sources', toSource),
    score: readNumber(stored.score, 'score'),
    breakdown: readOptional(stored.breakdown, 'breakdown', toBreakdown),
    rev: readCount(stored.rev, 'rev'),
    identity_rev: readCount(stored.identity_rev, 'identity_rev'),
    refresh: toRefresh(readRecord(stored.refresh, 'refresh'), now),
    created_at: readTime(stored.created_at, 'created_at'),
    updated_at: readTime(stored.updated_at, 'updated_at')
  }
}

function toFields (stored: Record<string, unknown>): InsightFields {
  return {
    external_id: readOptional(stored.external_id, 'fields.external_id', readText),
    has_about: readFlag(stored.has_about, 'fields.has_about'),
    number_of_roles: readCount(stored.number_of_roles, 'fields.number_of_roles'),
    number_of_acts: readCount(stored.number_of_acts, 'fields.number_of_acts'),
    profile_views: readCount(stored.profile_views, 'fields.profile_views'),
    profile_searches: readCount(stored.profile_searches, 'fields.profile_searches'),
    connects: readCount(stored.connects, 'fields.connects'),
    facebook_page_id: readOptional(stored.facebook_page_id, 'fields.facebook_page_id', readText),
    twitter_handle: readOptional(stored.twitter_handle, 'fields.twitter_handle', readText),
    instagram_handle: readOptional(stored.instagram_handle, 'fields.instagram_handle', readText),
    works: readList(stored.works, 'fields.works', toWork)
  }
}

function toWork (value: unknown, path: string): Work {
  const stored = readRecord(value, path)
  return {
    item_id: readText(stored.item_id, `${path}.item_id`),
    source_type: readOneOf(stored.source_type, `${path}.source_type`, SOURCE_TYPES),
    is_individual_work: readFlag(stored.is_individual_work, `${path}.is_individual_work`),
    in_app_plays: readCount(stored.in_app_plays, `${path}.in_app_plays`)
  }
}

function toSource (value: unknown, path: string): SourceRecord {
  const stored = readRecord(value, path)
  return {
    platform: readOneOf(stored.platform, `${path}.platform`, PLATFORMS),
    source_id: readText(stored.source_id, `${path}.source_id`),
    state: readOneOf(stored.state, `${path}.state`, SOURCE_STATES),
    count: readOptional(stored.count, `${path}.count`, readCount),
    fetched_at: readOptional(stored.fetched_at, `${path}.fetched_at`, readTime),
    next_at: readOptional(stored.next_at, `${path}.next_at`, readTime),
    failures: readCount(stored.failures, `${path}.failures`),
    misses: readCount(stored.misses, `${path}.misses`),
    doubted_at: readOptional(stored.doubted_at, `${path}.doubted_at`, readTime),
    error: readOptional(stored.error, `${path}.error`, toSourceError)
  }
}

function toSourceError (value: unknown, path: string): SourceError {
  const stored = readRecord(value, path)
  return {
    code: readText(stored.code, `${path}.code`),
    detail: readText(stored.detail, `${path}.detail`),
    at: readTime(stored.at, `${path}.at`)
  }
}

/** Answered verbatim, whatever model made it: only what every breakdown has is checked. */
function toBreakdown (value: unknown, path: string): Breakdown {
  const stored = readRecord(value, path)
  readText(stored.model, `${path}.model`)
  readNumber(stored.score, `${path}.score`)
  readList(stored.lines, `${path}.lines`, readRecord)
  return stored as unknown as Breakdown
}

function toRefresh (stored: Record<string, unknown>, now: Milliseconds): RefreshState {
  const wanted = readCount(stored.wanted, 'refresh.wanted')
  const done = readCount(stored.done, 'refresh.done')
  const leaseUntil = readOptional(stored.lease_until, 'refresh.lease_until', readTime)
  return {
    wanted,
    done,
    forced: readCount(stored.forced, 'refresh.forced'),
    due_at: readOptional(stored.due_at, 'refresh.due_at', readTime),
    claim: readCount(stored.claim, 'refresh.claim'),
    lease_until: leaseUntil,
    asked_at: readTime(stored.asked_at, 'refresh.asked_at'),
    done_at: readOptional(stored.done_at, 'refresh.done_at', readTime),
    is_pending: wanted > done,
    is_running: leaseUntil !== null && Date.parse(leaseUntil) > now
  }
}

/** A source record as it is stored: times as dates. */
export function fromSource (source: SourceRecord): object {
  return {
    ...source,
    fetched_at: fromTime(source.fetched_at),
    next_at: fromTime(source.next_at),
    doubted_at: fromTime(source.doubted_at ?? null),
    error: source.error === null ? null : { ...source.error, at: fromTime(source.error.at) }
  }
}

/** @throws DamagedValue as `toDocument`. */
export function toTokenRecord (raw: unknown): TokenRecord {
  const stored = readRecord(raw, 'document')
  const hash = readText(stored._id, '_id')
  return {
    id: tokenIdOf(hash),
    hash,
    name: readText(stored.name, 'name'),
    scopes: readList(stored.scopes, 'scopes', (scope, path) => readOneOf(scope, path, SCOPES)),
    created_at: readTime(stored.created_at, 'created_at'),
    expires_at: readOptional(stored.expires_at, 'expires_at', readTime),
    last_used_at: readOptional(stored.last_used_at, 'last_used_at', readTime),
    revoked_at: readOptional(stored.revoked_at, 'revoked_at', readTime)
  }
}

/** @throws DamagedValue as `toDocument`. */
export function toReceipt (raw: unknown): Receipt {
  const stored = readRecord(raw, 'document')
  const removed = readRecord(stored.removed, 'removed')
  return {
    id: readCount(stored._id, '_id'),
    deleted_at: readTime(stored.deleted_at, 'deleted_at'),
    removed: {
      insights: readCount(removed.insights, 'removed.insights'),
      works: readCount(removed.works, 'removed.works'),
      accounts: readCount(removed.accounts, 'removed.accounts')
    },
    hash: readText(stored.hash, 'hash')
  }
}

export function fromTime (timestamp: Timestamp | null): Date | null {
  return timestamp === null ? null : new Date(timestamp)
}
