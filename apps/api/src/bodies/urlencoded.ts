import { AppError } from '@insights/shared'
import { decodeUtf8 } from './decode.js'
import { FormBody } from './form-body.js'

/** Reads an `application/x-www-form-urlencoded` body. @throws `INS_REQUEST_MALFORMED` for broken percent-encoding. */
export function readUrlencoded (bytes: Uint8Array): FormBody {
  const text = decodeUtf8(bytes)
  checkPercentEncoding(text)
  // URLSearchParams drops a leading question mark, which in a body is part of the first name.
  return new FormBody([...new URLSearchParams(`&${text}`)])
}

/** URLSearchParams accepts anything and replaces what it can not read; this does not. */
function checkPercentEncoding (text: string): void {
  try {
    decodeURIComponent(text)
  } catch (cause) {
    throw new AppError('INS_REQUEST_MALFORMED', 'The form is not valid percent-encoded UTF-8.', { cause })
  }
}
