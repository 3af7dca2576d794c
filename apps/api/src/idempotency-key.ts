import { createHash } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { canonicalJson } from '@insights/shared'
import { invalidRequest } from './invalid-request.js'

const NAME = 'idempotency-key'

/** A text in double quotes, in which a backslash stands before quotes and backslashes, or the same without quotes. */
const KEY_PATTERN = '^(?:"(?:[ !#-\\[\\]-~]|\\\\["\\\\]){1,255}"|[!#-~][ -~]{0,254})$'

/** The header of a call that is made once, however often it is sent. */
export const IdempotencySchema = Type.Object({
  [NAME]: Type.Optional(Type.String({
    pattern: KEY_PATTERN, title: '1 to 255 printable ASCII characters, in double quotes or without them'
  }))
})

/**
 * The key of a request that its schema has checked, without quotes; `null` = it has none.
 *
 * @throws `INS_REQUEST_INVALID` when there are several.
 */
export function readKey ({ headers, raw }: Pick<FastifyRequest, 'headers' | 'raw'>): string | null {
  const sent = headers[NAME]
  if (typeof sent !== 'string') return null
  const count = raw.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === NAME).length
  if (count > 1) throw invalidRequest([{ pointer: `/${NAME}`, code: 'duplicate', detail: 'must be sent once' }])
  return sent.startsWith('"') ? sent.slice(1, -1).replace(/\\(.)/g, '$1') : sent
}

/**
 * For a call that knows its insights by another name.
 *
 * @throws `INS_REQUEST_INVALID` when a key is sent.
 */
export function refuseKey ({ headers }: Pick<FastifyRequest, 'headers'>): void {
  if (headers[NAME] === undefined) return
  throw invalidRequest([{
    pointer: `/${NAME}`, code: 'value', detail: 'must not be sent here: give each line an external_id, and the lines can be sent again'
  }])
}

/** Names a key of this token for this call: equal keys of other tokens, or for other calls, are other keys. */
export function nameKey (key: string, call: string, { token }: Pick<FastifyRequest, 'token'>): string {
  return sha256(canonicalJson([token?.hash ?? null, call, key]))
}

/** The same for all requests that say the same, in whatever order and form. */
export function hashPayload (payload: unknown): string {
  return sha256(canonicalJson(payload))
}

function sha256 (text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
