import type { Writable } from 'node:stream'
import { Busboy } from '@fastify/busboy'
import { AppError, type Fault } from '@insights/shared'
import { childPointer } from '../validation/json-pointer.js'
import { decodeUtf8 } from './decode.js'
import { FormBody } from './form-body.js'

/**
 * Reads a `multipart/form-data` body that is already within the body limit. A file in it is a fault of its field.
 *
 * @throws `INS_REQUEST_MALFORMED` when the parts can not be told apart or are no UTF-8.
 */
export async function readMultipart (bytes: Buffer, contentType: string): Promise<FormBody> {
  const form = await splitParts(bytes, contentType)
  // Without files every part is text, so the whole has to be UTF-8. The parser would replace what is not.
  if (form.faults.length === 0) decodeUtf8(bytes)
  return form
}

/**
 * Far more than there are fields. Each part costs the parser some microseconds however short it is: a megabyte of
 * nothing but borders would keep everybody else waiting for a third of a second.
 */
const MAX_PARTS = 1_000

/** So much is parsed before it is looked whether there are too many parts already. */
const PIECE_BYTES = 16 * 1024

async function splitParts (bytes: Buffer, contentType: string): Promise<FormBody> {
  const fields: Array<[string, string]> = []
  const faults: Fault[] = []
  try {
    const parser = new Busboy({
      headers: { 'content-type': contentType },
      limits: { fieldSize: bytes.length, parts: MAX_PARTS }
    })
    parser.on('field', (name: string | undefined, text) => {
      if (name === undefined) faults.push({ pointer: '', code: 'required', detail: 'has a part without a name' })
      else fields.push([name, text])
    })
    parser.on('file', (name: string | undefined, file) => {
      faults.push({ pointer: childPointer('', name ?? ''), code: 'type', detail: 'must be a text field, not a file' })
      file.resume()
    })
    await endOf(parser, bytes)
  } catch (cause) {
    if (cause instanceof TooManyParts) throw new AppError('INS_REQUEST_MALFORMED', `The form has more than ${MAX_PARTS} parts.`)
    throw new AppError('INS_REQUEST_MALFORMED', 'The body is not valid multipart/form-data.', { cause })
  }
  return new FormBody(fields, faults)
}

class TooManyParts extends Error {}

async function endOf (parser: Writable, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    parser.once('finish', resolve)
    parser.once('error', reject)
    parser.once('partsLimit', () => {
      reject(new TooManyParts())
      parser.destroy()
    })
    for (let from = 0; from < bytes.length && !parser.destroyed; from += PIECE_BYTES) parser.write(bytes.subarray(from, from + PIECE_BYTES))
    if (!parser.destroyed) parser.end()
  })
}
