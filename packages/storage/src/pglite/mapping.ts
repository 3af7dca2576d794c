import { tokenIdOf, type Breakdown, type InsightFields, type Scope, type SourceRecord, type Timestamp } from '@insights/shared'
import type { InsightDocument, RefreshResult } from '../port.js'
import type { TokenRecord } from '../token-port.js'

/** The columns of `insights.insights` as PGlite gives them, with `is_running` computed by the query. */
export interface InsightRow {
  id: number
  /** Rows of the first schemas have no `external_id`. */
  fields: Omit<InsightFields, 'external_id'> & Partial<InsightFields>
  sources: SourceRecord[]
  score: string
  breakdown: Breakdown | null
  rev: number
  identity_rev: number
  wanted: number
  done: number
  forced: number
  due_at: Date | null
  claim: number
  lease_until: Date | null
  asked_at: Date
  done_at: Date | null
  created_at: Date
  updated_at: Date
  is_running: boolean
}

/** What a query must select or return for `toDocument`. */
export const INSIGHT_COLUMNS = `id, fields, sources, score, breakdown, rev, identity_rev, wanted, done, forced, due_at,
  claim, lease_until, asked_at, done_at, created_at, updated_at,
  coalesce(lease_until > clock_timestamp(), false) as is_running`

export function toDocument (row: InsightRow): InsightDocument {
  return {
    id: row.id,
    fields: { external_id: null, ...row.fields },
    sources: row.sources,
    score: Number(row.score),
    breakdown: row.breakdown,
    rev: row.rev,
    identity_rev: row.identity_rev,
    refresh: {
      wanted: row.wanted,
      done: row.done,
      forced: row.forced,
      due_at: toText(row.due_at),
      claim: row.claim,
      lease_until: toText(row.lease_until),
      asked_at: row.asked_at.toISOString(),
      done_at: toText(row.done_at),
      is_pending: row.wanted > row.done,
      is_running: row.is_running
    },
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}

/** The rows that `saveResults` sends as one JSON parameter. */
export function fromResults (results: readonly RefreshResult[]): string {
  return JSON.stringify(results.map(result => ({
    id: result.id,
    claim: result.claim,
    identity_rev: result.identity_rev,
    rev: result.rev,
    sources: result.sources,
    score: result.breakdown.score,
    breakdown: result.breakdown,
    ends: result.end !== null,
    done: result.end?.done ?? null,
    next_in_ms: result.end?.nextInMs ?? null
  })))
}

export interface TokenRow {
  hash: string
  name: string
  scopes: Scope[]
  created_at: Date
  expires_at: Date | null
  last_used_at: Date | null
  revoked_at: Date | null
}

export function toTokenRecord (row: TokenRow): TokenRecord {
  return {
    id: tokenIdOf(row.hash),
    hash: row.hash,
    name: row.name,
    scopes: row.scopes,
    created_at: row.created_at.toISOString(),
    expires_at: toText(row.expires_at),
    last_used_at: toText(row.last_used_at),
    revoked_at: toText(row.revoked_at)
  }
}

function toText (date: Date | null): Timestamp | null {
  return date === null ? null : date.toISOString()
}
