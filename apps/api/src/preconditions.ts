import { Type, type Static } from '@sinclair/typebox'
import { AppError, type Milliseconds } from '@insights/shared'
import type { InsightDocument } from '@insights/storage'
import { ENTITY_TAGS_PATTERN, entityTagOf, matchesStrongly, matchesWeakly } from './entity-tags.js'
import { readHttpDate } from './validation/instant.js'

/**
 * Times in headers have seconds only. While the last change is younger than this, the answer names the second before
 * it, so that a second change in the same second is not missed; the margin is for clocks that differ.
 */
const SETTLED_AFTER_MS: Milliseconds = 5_000

const EntityTagsSchema = Type.String({
  pattern: ENTITY_TAGS_PATTERN, title: '* or a list of entity tags in double quotes, as ETag gave them'
})
const HttpDateSchema = Type.String({
  pattern: '^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$',
  title: 'a time like Sun, 06 Nov 1994 08:49:37 GMT, as Last-Modified gave it'
})

/** What is wrong when a condition of a change does not hold, and what to do. */
export const CHANGED = 'The insight is not the one that the condition of this request names: read it again, then repeat the change.'

/** The headers that make a read conditional. */
export const ReadConditionSchema = Type.Object({
  'if-none-match': Type.Optional(EntityTagsSchema),
  'if-modified-since': Type.Optional(HttpDateSchema)
})
export type ReadCondition = Static<typeof ReadConditionSchema>

/** The headers that make a change conditional. */
export const WriteConditionSchema = Type.Object({
  'if-match': Type.Optional(EntityTagsSchema),
  'if-none-match': Type.Optional(EntityTagsSchema),
  'if-unmodified-since': Type.Optional(HttpDateSchema)
})
export type WriteCondition = Static<typeof WriteConditionSchema>

/** The headers that name a version of an insight: of the client's fields by `ETag`, of the whole by `Last-Modified`. */
export function versionHeaders (document: InsightDocument, now: Milliseconds): Record<string, string> {
  const changed = Date.parse(document.updated_at)
  const shown = now - changed < SETTLED_AFTER_MS ? changed - 1_000 : changed
  return { etag: entityTagOf(document), 'last-modified': new Date(shown).toUTCString() }
}

/**
 * Whether a read may be answered with 304. The tag alone asks about the client's fields; together with a time it is
 * 304 only if nothing else has changed since either, counts included; a time alone asks about everything.
 */
export function isNotModified (condition: ReadCondition, document: InsightDocument): boolean {
  const { 'if-none-match': tags, 'if-modified-since': since } = condition
  if (tags === undefined && since === undefined) return false
  const isSameTag = tags === undefined || matchesWeakly(tags, entityTagOf(document))
  return isSameTag && (since === undefined || !isModifiedSince(document, since))
}

/** Whether a change has to be checked against what is stored. */
export function isConditional (condition: WriteCondition): boolean {
  return condition['if-match'] !== undefined || condition['if-none-match'] !== undefined || condition['if-unmodified-since'] !== undefined
}

/** @throws `INS_INSIGHT_CHANGED` when the insight is not in the state that the client's change is meant for. */
export function assertCondition (condition: WriteCondition, document: InsightDocument): void {
  const { 'if-match': wanted, 'if-none-match': unwanted, 'if-unmodified-since': since } = condition
  const tag = entityTagOf(document)
  const isWanted = wanted === undefined
    ? since === undefined || !isModifiedSince(document, since)
    : matchesStrongly(wanted, tag)
  if (isWanted && (unwanted === undefined || !matchesWeakly(unwanted, tag))) return
  throw new AppError('INS_INSIGHT_CHANGED', CHANGED)
}

/** A time that no calendar has is later than none: what depends on it is then neither skipped nor changed. */
function isModifiedSince ({ updated_at: updatedAt }: InsightDocument, since: string): boolean {
  return !(Math.floor(Date.parse(updatedAt) / 1_000) <= readHttpDate(since) / 1_000)
}
