import { AppError } from '@insights/shared'

const STRICT = new TextDecoder('utf-8', { fatal: true })

/**
 * Bytes as UTF-8 text; a byte order mark is left out.
 *
 * @throws `INS_REQUEST_MALFORMED` for bytes that are no UTF-8: replacing them would store what nobody sent.
 */
export function decodeUtf8 (bytes: Uint8Array): string {
  try {
    return STRICT.decode(bytes)
  } catch (cause) {
    throw new AppError('INS_REQUEST_MALFORMED', 'The body is not valid UTF-8.', { cause })
  }
}
