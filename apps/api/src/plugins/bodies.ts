import type { FastifyInstance, FastifyRequest } from 'fastify'
import plugin from 'fastify-plugin'
import { AppError } from '@insights/shared'
import { decodeUtf8 } from '../bodies/decode.js'
import { ACCEPTED_MEDIA_TYPES, checkEncoding, MERGE_PATCH_TYPE } from '../bodies/media-type.js'
import { readMultipart } from '../bodies/multipart.js'
import { MalformedJson, parseJson } from '../bodies/parse-json.js'
import { readUrlencoded } from '../bodies/urlencoded.js'
import { invalidRequest } from '../invalid-request.js'

/**
 * Reads bodies as JSON or as forms, and nothing else. All three kinds are collected within the one body limit and are
 * strict UTF-8; what they mean is for the schema of the route to say.
 */
export const bodies = plugin(async (app: FastifyInstance) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, bytes: Buffer) => {
    checkEncoding(request.headers)
    return readJson(bytes)
  })
  app.addContentTypeParser(MERGE_PATCH_TYPE, { parseAs: 'buffer' }, async (request: FastifyRequest, bytes: Buffer) => {
    if (request.method !== 'PATCH') {
      throw new AppError('INS_REQUEST_MEDIA_TYPE', `A merge patch is for PATCH; send the body as ${ACCEPTED_MEDIA_TYPES.join(', ')}.`)
    }
    checkEncoding(request.headers)
    return readJson(bytes)
  })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, async (request: FastifyRequest, bytes: Buffer) => {
    checkEncoding(request.headers)
    return readUrlencoded(bytes)
  })
  app.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, async (request: FastifyRequest, bytes: Buffer) => {
    checkEncoding(request.headers)
    return await readMultipart(bytes, request.headers['content-type'] ?? '')
  })
}, { name: 'bodies' })

/** An empty body is no body: some clients always send a content type. */
function readJson (bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined
  try {
    const { value, faults } = parseJson(decodeUtf8(bytes))
    if (faults.length > 0) throw invalidRequest(faults)
    return value
  } catch (error) {
    if (!(error instanceof MalformedJson)) throw error
    throw new AppError('INS_REQUEST_MALFORMED', `The body is not JSON: ${error.message}.`)
  }
}
