import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '@insights/shared'

/** The media types in which a body is understood. */
export const ACCEPTED_MEDIA_TYPES = [
  'application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'
] as const

/** A merge patch (RFC 7396): only what PATCH is sent can be one. */
export const MERGE_PATCH_TYPE = 'application/merge-patch+json'

/** What `Accept-Patch` says where there is a PATCH (RFC 5789). */
export const ACCEPT_PATCH = [MERGE_PATCH_TYPE, ...ACCEPTED_MEDIA_TYPES].join(', ')

/** US-ASCII is a part of UTF-8. */
const ACCEPTED_CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii'])

/** @throws `INS_REQUEST_MEDIA_TYPE` when the body is compressed or in a charset other than UTF-8. */
export function checkEncoding (headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding.trim().toLowerCase() !== 'identity') {
    throw new AppError('INS_REQUEST_MEDIA_TYPE', 'Compressed bodies are not accepted; send the body without Content-Encoding.')
  }
  for (const [, charset] of (headers['content-type'] ?? '').matchAll(/;\s*charset\s*=\s*"?([^\s;"]*)/gi)) {
    if (!ACCEPTED_CHARSETS.has(charset?.toLowerCase() ?? '')) {
      throw new AppError('INS_REQUEST_MEDIA_TYPE', 'The body must be in UTF-8; leave the charset out or send charset=utf-8.')
    }
  }
}
