import {
  AppError, clampInstant, createToken, hashToken, isActiveToken, toTimestamp, type Milliseconds, type Scope, type Timestamp
} from '@insights/shared'
import type { TokenRecord, TokenStore } from './token-port.js'

/** The name of the token that the operator chose in BOOTSTRAP_TOKEN. No other token may bear it. */
export const BOOTSTRAP_TOKEN_NAME = 'bootstrap'

/** How long a token works on beside the one that replaces it, in seconds: a day unless told otherwise, 30 at most. */
export const DEFAULT_OVERLAP_SECONDS = 86_400
export const MAX_OVERLAP_SECONDS = 30 * 86_400

/** The longest time that a new token can be given, in days. */
export const MAX_TOKEN_DAYS = 3_650

/** What may be shown of a token: everything but its hash. */
export type TokenDescription = Omit<TokenRecord, 'hash'> & {
  /** Whether it is accepted: neither expired nor revoked. */
  is_active: boolean
}

/** A token that was just made. */
export interface IssuedToken {
  /** The token itself. Nobody can show it again: the store has only its hash. */
  token: string
  record: TokenRecord
}

export interface Rotation {
  now: Milliseconds
  /** How long the token that is replaced still works; 0 = no longer. */
  overlapMs: Milliseconds
  /** When the new token expires, `null` = never; without it, it lives as long as the other one was made to live, to the end of the year 9999 at most. */
  expiresAt?: Timestamp | null
  /** The new token itself, of `createToken`; without it one is made. */
  secret?: string
}

/** A token as people and programs may see it, as of `now`. The keys stand in the order in which answers show them. */
export function describeToken (record: TokenRecord, now: Milliseconds): TokenDescription {
  return {
    id: record.id,
    name: record.name,
    scopes: record.scopes,
    created_at: record.created_at,
    expires_at: record.expires_at,
    last_used_at: record.last_used_at,
    revoked_at: record.revoked_at,
    is_active: isActiveToken(record, now)
  }
}

/** Makes a token, from a secret of `createToken`, and stores its hash. */
export async function issueToken (
  tokens: TokenStore, token: { name: string, scopes: readonly Scope[], expires_at: Timestamp | null }, secret = createToken()
): Promise<IssuedToken> {
  return { token: secret, record: await tokens.add({ ...token, hash: hashToken(secret) }) }
}

/**
 * Makes a token of the same name and scopes, and lets the one with this id expire after the overlap, in which both
 * work. A crash in between leaves both as they are, so that the call can be repeated.
 *
 * @throws AppError `INS_TOKEN_UNKNOWN`; `INS_TOKEN_INACTIVE` when it has expired or is revoked, also if that happens
 *   meanwhile: a token that was taken away brings forth no other.
 */
export async function rotateToken (
  tokens: TokenStore, id: string, { now, overlapMs, expiresAt, secret }: Rotation
): Promise<IssuedToken & { replaced: TokenRecord }> {
  const current = (await tokens.list()).find(record => record.id === id)
  if (current === undefined) throw unknownToken()
  if (!isActiveToken(current, now)) throw inactiveToken()
  const issued = await issueToken(tokens, {
    name: current.name === BOOTSTRAP_TOKEN_NAME ? `rotated ${current.name}` : current.name,
    scopes: current.scopes,
    expires_at: expiresAt === undefined ? sameLifetime(current, now) : expiresAt
  }, secret)
  const replaced = await tokens.expire(id, toTimestamp(now + overlapMs))
  if (replaced === null || replaced.revoked_at !== null) {
    await tokens.revoke(issued.record.id)
    throw inactiveToken()
  }
  return { ...issued, replaced }
}

/** The error for an id that no token has. It does not repeat the id: people paste tokens there. */
export function unknownToken (): AppError {
  return new AppError('INS_TOKEN_UNKNOWN', 'There is no token with this id; the list of tokens has the ids.')
}

function inactiveToken (): AppError {
  return new AppError('INS_TOKEN_INACTIVE', 'This token has expired or is revoked: create a new one.')
}

function sameLifetime ({ created_at: createdAt, expires_at: expiresAt }: TokenRecord, now: Milliseconds): Timestamp | null {
  return expiresAt === null ? null : toTimestamp(clampInstant(now + Date.parse(expiresAt) - Date.parse(createdAt)))
}
