import type { Milliseconds, SourceRecord } from '@insights/shared'
import type { RefreshPolicy } from './refresh-policy.js'

/**
 * When the count of a source has to be removed if it is not confirmed before, in milliseconds since the Unix epoch;
 * `null` = there is none, or it may stay. It depends on the platform, and on whether the owner hides the count.
 */
export function expiresAt (record: SourceRecord, policy: RefreshPolicy): Milliseconds | null {
  if (record.count === null || record.fetched_at === null) return null
  const keptFor = Math.min(policy.keptForMs[record.platform] ?? Infinity, record.state === 'hidden' ? policy.hiddenKeptForMs : Infinity)
  return Number.isFinite(keptFor) ? Date.parse(record.fetched_at) + keptFor : null
}

/** When something is to be done about a source: its next call, or the end of its count if that comes first. */
export function dueAt (record: SourceRecord, policy: RefreshPolicy): Milliseconds {
  const next = record.next_at === null ? 0 : Date.parse(record.next_at)
  return Math.min(next, expiresAt(record, policy) ?? Infinity)
}
