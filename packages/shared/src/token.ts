import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Milliseconds, Timestamp } from './clock.js'

/** What a token may do. `admin`: everything, tokens and the queue dashboard included; `metrics`: scraping only. */
export const SCOPES = ['read', 'write', 'admin', 'metrics'] as const
export type Scope = typeof SCOPES[number]

/** Tokens of our making start with this, so that secret scanners and people recognise them. */
export const TOKEN_PREFIX = 'ins_'

/** 256 bits in base64url. */
const RANDOM_LENGTH = 43

/** 64 bits of the hash: two of a thousand tokens share them once in 10^13 times. */
const ID_LENGTH = 16

/**
 * Makes a new token: the prefix, 256 random bits and a checksum (CRC-32), as `ins_<43 characters>_<8 hex digits>`.
 * It is shown once and never stored; only `hashToken` of it is.
 */
export function createToken (): string {
  return withChecksum(randomBytes(32).toString('base64url'))
}

/**
 * SHA-256 of a token in hexadecimal, the form in which it is stored and looked up. A fast hash is right here: the
 * input is random and long, and a slow one would let every request be used to exhaust the processor.
 */
export function hashToken (token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex')
}

/**
 * The name of a token in lists, logs and commands: the first 16 hexadecimal digits of its hash. It opens nothing, and
 * nothing about the token follows from it.
 */
export function tokenIdOf (hash: string): string {
  return hash.slice(0, ID_LENGTH)
}

/** Whether a text has the form of a token's id. */
export function isTokenId (text: string): boolean {
  return text.length === ID_LENGTH && /^[0-9a-f]+$/.test(text)
}

/** Whether a token is accepted at `now`: not revoked, and before its expiry if it has one. */
export function isActiveToken (
  token: { expires_at: Timestamp | null, revoked_at: Timestamp | null }, now: Milliseconds
): boolean {
  return token.revoked_at === null && (token.expires_at === null || now < Date.parse(token.expires_at))
}

/** Whether a token that claims to be of our making is mistyped: known without asking the store. */
export function isMistyped (token: string): boolean {
  if (!token.startsWith(TOKEN_PREFIX)) return false
  const random = token.slice(TOKEN_PREFIX.length, TOKEN_PREFIX.length + RANDOM_LENGTH)
  return random.length < RANDOM_LENGTH || token !== withChecksum(random)
}

function withChecksum (random: string): string {
  return `${TOKEN_PREFIX}${random}_${crc32(random).toString(16).padStart(8, '0')}`
}
