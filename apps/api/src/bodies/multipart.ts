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

async function splitParts (bytes: Buffer, contentType: string): Promise<FormBody> {
  const fields: Array<[string, string]> = []
  const faults: Fault[] = []
  try {
    const parser = new Busboy({
      headers: { 'content-type': contentType },
      limits: { fieldSize: bytes.length }
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
    throw new AppError('INS_REQUEST_MALFORMED', 'The body is not valid multipart/form-data.', { cause })
  }
  return new FormBody(fields, faults)
}

async function endOf (parser: Writable, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    parser.once('finish', resolve)
    parser.once('error', reject)
    parser.end(bytes)
  })
}
