import type { Breakdown, InsightFields, Milliseconds, SourceRecord, Timestamp } from '@insights/shared'
import { KEY_LEASE_MS, KEY_LIFE_MS, type KeptAnswer } from '../idempotency-port.js'
import type { RefreshResult } from '../port.js'
import { fromSource, fromTime } from './mapping.js'

/**
 * The writes, as update pipelines: the server computes them from the document as it is at that moment, so that each is
 * one atomic step. The right sides of one stage all see the document as it was before. `$$NOW` is the server's clock;
 * the clock of this machine decides nothing.
 */
export type Pipeline = Array<{ $set: Record<string, unknown> }>

const NOW = '$$NOW'

/** Data of callers never become part of a pipeline unquoted: a handle `$score` would be read as the field. */
const literal = (value: unknown): object => ({ $literal: value })

const later = (ms: Milliseconds): object => ({ $dateAdd: { startDate: NOW, unit: 'millisecond', amount: literal(Math.round(ms)) } })

const plusOne = (field: string): object => ({ $add: [field, 1] })

/** No order of types is by chance here: `null` and a missing lease are less than any date. */
const IS_RUNNING = { $gt: ['$refresh.lease_until', NOW] }
const IS_OPEN = { $gt: ['$refresh.wanted', '$refresh.done'] }

/** For a document that is not there yet. */
export function createInsight (fields: InsightFields, sources: readonly SourceRecord[], stamp: string): Pipeline {
  return [{
    $set: {
      fields: literal(fields),
      sources: literal(sources.map(fromSource)),
      score: 0,
      breakdown: null,
      rev: 1,
      identity_rev: 1,
      refresh: {
        wanted: 1, done: 0, forced: 0, due_at: NOW, claim: 0, lease_until: null, asked_at: NOW, done_at: null
      },
      stamps: { created: literal(stamp) },
      created_at: NOW,
      updated_at: NOW
    }
  }]
}

export interface Replacement {
  fields: InsightFields
  sources: readonly SourceRecord[]
  /** `null` = no score has been computed yet. */
  breakdown: Breakdown | null
  /** Whether the accounts and works are the same ones as before. */
  isSameIdentity: boolean
}

/**
 * With other accounts or works a run in progress works on the old ones: its lease ends at once, so that the next run
 * need not wait for it.
 */
export function replaceFields ({ fields, sources, breakdown, isSameIdentity }: Replacement): Pipeline {
  return [{
    $set: {
      fields: literal(fields),
      sources: literal(sources.map(fromSource)),
      rev: plusOne('$rev'),
      'refresh.wanted': plusOne('$refresh.wanted'),
      'refresh.due_at': NOW,
      'refresh.asked_at': NOW,
      updated_at: NOW,
      ...(breakdown === null ? {} : { score: literal(breakdown.score), breakdown: literal(breakdown) }),
      ...(isSameIdentity ? {} : { identity_rev: plusOne('$identity_rev'), 'refresh.lease_until': null })
    }
  }]
}

export function requestRefresh (): Pipeline {
  const isWaiting = { $and: [IS_OPEN, { $not: [IS_RUNNING] }] }
  const wanted = { $cond: [isWaiting, '$refresh.wanted', plusOne('$refresh.wanted')] }
  return [{ $set: { 'refresh.wanted': wanted, 'refresh.forced': wanted, 'refresh.asked_at': NOW, 'refresh.due_at': NOW } }]
}

/** What came due by its schedule becomes wanted here. */
export function claimDue (leaseMs: Milliseconds, stamp: string): Pipeline {
  return [{
    $set: {
      'refresh.due_at': later(leaseMs),
      'refresh.asked_at': { $cond: [IS_OPEN, '$refresh.asked_at', NOW] },
      'refresh.wanted': { $cond: [IS_OPEN, '$refresh.wanted', plusOne('$refresh.wanted')] },
      'stamps.planned': literal(stamp)
    }
  }]
}

/** Whether a run may begin: something is wanted and no live run holds the insight. */
export const isStartable = (): object => ({ $and: [IS_OPEN, { $not: [IS_RUNNING] }] })

export function startRefresh (leaseMs: Milliseconds, stamp: string): Pipeline {
  return [{
    $set: {
      'refresh.claim': plusOne('$refresh.claim'),
      'refresh.lease_until': later(leaseMs),
      'refresh.due_at': later(leaseMs),
      'stamps.started': literal(stamp)
    }
  }]
}

export function extendLease (leaseMs: Milliseconds): Pipeline {
  return [{
    $set: {
      'refresh.lease_until': later(leaseMs),
      'refresh.due_at': { $max: ['$refresh.due_at', later(leaseMs)] }
    }
  }]
}

/**
 * A score of fields that have changed since is left out, because the change has stored the one that follows from it; but
 * an insight that has none yet gets it, or else one that changes all the time would never have any.
 */
export function saveResult (result: RefreshResult, stamp: string): Pipeline {
  const ifCurrent = (value: unknown, field: string): object => ({
    $cond: [{ $or: [{ $eq: ['$rev', result.rev] }, { $eq: ['$breakdown', null] }] }, literal(value), field]
  })
  return [{
    $set: {
      sources: literal(result.sources.map(fromSource)),
      score: ifCurrent(result.breakdown.score, '$score'),
      breakdown: ifCurrent(result.breakdown, '$breakdown'),
      updated_at: NOW,
      'stamps.saved': literal(stamp),
      ...(result.end === null ? {} : endOfRun(result.end))
    }
  }]
}

function endOfRun ({ done, nextInMs }: NonNullable<RefreshResult['end']>): Record<string, unknown> {
  return {
    'refresh.done': { $max: ['$refresh.done', done] },
    'refresh.done_at': NOW,
    'refresh.lease_until': null,
    'refresh.due_at': { $cond: [{ $gt: ['$refresh.wanted', done] }, NOW, nextInMs === null ? null : later(nextInMs)] }
  }
}

/** Puts off by `ms` what can not be worked on; a run that holds it ends. */
export function putOff (ms: Milliseconds): Pipeline {
  return [{ $set: { 'refresh.due_at': later(ms), 'refresh.lease_until': null } }]
}

/** `seq` is at least `floor` afterwards. */
export function liftCounter (floor: number): Pipeline {
  return [{ $set: { seq: { $max: ['$seq', literal(floor)] } } }]
}

export function addToken (
  token: { name: string, scopes: readonly string[], expires_at: Timestamp | null }
): Pipeline {
  return [{
    $set: {
      name: literal(token.name),
      scopes: literal(token.scopes),
      expires_at: literal(fromTime(token.expires_at)),
      created_at: { $ifNull: ['$created_at', NOW] }
    }
  }]
}

/** The first revocation counts. */
export function revokeToken (): Pipeline {
  return [{ $set: { revoked_at: { $ifNull: ['$revoked_at', NOW] } } }]
}

/** The earlier expiry counts; `$min` takes no notice of a null. */
export function expireToken (at: Timestamp): Pipeline {
  return [{ $set: { expires_at: { $min: ['$expires_at', literal(fromTime(at))] } } }]
}

/** Never earlier than what is noted already. */
export function markTokenUsed (): Pipeline {
  return [{ $set: { last_used_at: { $max: ['$last_used_at', NOW] } } }]
}

/** For a key: a new one, or one that has expired, or one whose holder has let it go or kept silent for too long. */
export function beginKey (
  use: { payload: string, insightId: number | null, tokenId: string | null, holder: string }
): Pipeline {
  const isNew = { $lte: [{ $ifNull: ['$expires_at', new Date(0)] }, NOW] }
  const isFree = {
    $and: [
      { $eq: ['$payload', literal(use.payload)] }, { $eq: ['$answer', null] }, { $eq: ['$token_id', null] },
      { $eq: ['$is_erased', false] }, { $lte: ['$lease_until', NOW] }
    ]
  }
  const ifNew = (value: unknown, field: string): object => ({ $cond: [isNew, value, field] })
  const ifTaken = (value: unknown, field: string): object => ({ $cond: [{ $or: [isNew, isFree] }, value, field] })
  return [{
    $set: {
      payload: ifNew(literal(use.payload), '$payload'),
      insight_id: ifNew(literal(use.insightId), '$insight_id'),
      token_id: ifNew(literal(use.tokenId), '$token_id'),
      answer: ifNew(null, '$answer'),
      is_erased: ifNew(false, '$is_erased'),
      expires_at: ifNew(later(KEY_LIFE_MS), '$expires_at'),
      tries: { $cond: [isNew, 1, { $cond: [isFree, plusOne('$tries'), '$tries'] }] },
      holder: ifTaken(literal(use.holder), '$holder'),
      lease_until: ifTaken(later(KEY_LEASE_MS), '$lease_until')
    }
  }]
}

/** The key can be had again at once. */
export function endLease (): Pipeline {
  return [{ $set: { lease_until: NOW } }]
}

export function completeKey (answer: KeptAnswer): Pipeline {
  return [{ $set: { answer: literal(answer), lease_until: NOW } }]
}
