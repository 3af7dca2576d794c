/**
 * Facebook: follower counts of pages, by numeric id.
 *
 * Endpoint   GET /{page-id}?fields=id,followers_count, as parts of a Graph batch (graph.ts)
 * Access     app or system-user token with Page Public Metadata Access or Page Public Content Access
 * Quota      each part is a call of the app's rolling hour (200 x daily users, or 4,800 x engaged users per day)
 * Sources    Meta for Developers: "Page" reference, "Features Reference", "Rate Limits", read November 2026
 */
import { Type } from '@sinclair/typebox'
import type { ClientSettings } from './client.js'
import { badReply } from './failure.js'
import { isUnknownObject, type GraphError } from './graph-errors.js'
import { openGraphClient, type GraphDialect, type GraphOptions } from './graph.js'
import { normaliseFacebookId } from './ids.js'
import type { CountOutcome, PlatformClient } from './port.js'
import { createShape, readCount } from './reply.js'

export type FacebookOptions = GraphOptions

const NAME = 'Facebook'

/** Code of an alias that does not exist. */
const UNKNOWN_ALIAS = 803

/** The page of Facebook for developers, which Meta's own documentation asks for in its examples. */
const WITNESS = '19292868552'

const pageShape = createShape(Type.Object({ id: Type.String(), followers_count: Type.Optional(Type.Unknown()) }))

const dialect: GraphDialect = {
  platform: 'facebook',
  name: NAME,
  normaliseId: normaliseFacebookId,
  relativeUrl: id => `${id}?fields=id,followers_count`,
  readPart,
  readError,
  hasBusinessLimit: true,
  witness: WITNESS
}

/** @throws AppError `INS_CONFIG_INVALID` for an address or token that can not be used. */
export function openFacebookClient (options: FacebookOptions, settings: ClientSettings): PlatformClient {
  return openGraphClient(dialect, options, settings)
}

/** `fan_count` is not a stand-in for a hidden `followers_count`: on classic pages it counts likes. */
function readPart (id: string, body: unknown): CountOutcome {
  const page = pageShape.read(NAME, body)
  if (page.id !== id) throw badReply(NAME, 'has the part of another page')
  return page.followers_count === undefined ? { kind: 'hidden' } : readCount(NAME, page.followers_count, '/followers_count')
}

function readError (error: GraphError): CountOutcome | null {
  return isUnknownObject(error) || error.code === UNKNOWN_ALIAS ? { kind: 'not_found' } : null
}
