/**
 * Instagram: follower counts of business and creator accounts, by handle.
 *
 * Endpoint   GET /{our account id}?fields=business_discovery.username(HANDLE){id,username,followers_count}, as parts
 *            of a Graph batch (graph.ts)
 * Access     Facebook Login token with instagram_basic, instagram_manage_insights and pages_read_engagement, and the
 *            id of our own professional account
 * Quota      each part is a call of the app's platform limit (200 x users per rolling hour), shared with Facebook
 *            when both use one app
 * Sources    Meta for Developers: "Business Discovery", "IG User/business_discovery", "Rate Limits", read
 *            November 2026; the error of a missing account as seen in live answers
 */
import { AppError } from '@insights/shared'
import { Type } from '@sinclair/typebox'
import type { ClientSettings } from './client.js'
import { authRefused, badReply, failed } from './failure.js'
import { isUnknownObject, type GraphError } from './graph-errors.js'
import { openGraphClient, type GraphDialect, type GraphOptions } from './graph.js'
import { normaliseInstagramHandle } from './ids.js'
import type { CountOutcome, PlatformClient } from './port.js'
import { createShape, readCount } from './reply.js'

export interface InstagramOptions extends GraphOptions {
  /** The numeric id of our own professional account, through which others are looked up. */
  accountId: string
}

const NAME = 'Instagram'

/** A personal, an age-gated and a missing account all answer so. The type beside it says OAuth, which it is not. */
const UNKNOWN_USER = { code: 110, subcode: 2207013 }

const discoveryShape = createShape(Type.Object({
  business_discovery: Type.Object({ username: Type.String(), followers_count: Type.Unknown() })
}))

/** @throws AppError `INS_CONFIG_INVALID` for an address, token or account id that can not be used. */
export function openInstagramClient (options: InstagramOptions, settings: ClientSettings): PlatformClient {
  if (!/^\d{1,20}$/.test(options.accountId)) {
    throw new AppError('INS_CONFIG_INVALID', `The account id of ${NAME} must be 1 to 20 digits.`)
  }
  return openGraphClient(dialectOf(options.accountId), options, settings)
}

/** The handle becomes part of the query language, so only a checked one may get here. */
function dialectOf (accountId: string): GraphDialect {
  return {
    platform: 'instagram',
    name: NAME,
    normaliseId: normaliseInstagramHandle,
    relativeUrl: handle => `${accountId}?fields=business_discovery.username(${handle})%7Bid,username,followers_count%7D`,
    readPart,
    readError,
    // Business Discovery counts against the limit of the app alone.
    hasBusinessLimit: false,
    // No account is promised to stay under its handle, so only one that has answered can be asked.
    witness: null
  }
}

/** The id outside is our own; only the inner account is the answer. */
function readPart (handle: string, body: unknown): CountOutcome {
  const { business_discovery: account } = discoveryShape.read(NAME, body)
  if (account.username.toLowerCase() !== handle) throw badReply(NAME, 'has the part of another account')
  return readCount(NAME, account.followers_count, '/business_discovery/followers_count')
}

/** An unknown object is our own account, the one that the address names. */
function readError (error: GraphError): CountOutcome | null {
  if (error.code === UNKNOWN_USER.code && error.error_subcode === UNKNOWN_USER.subcode) return { kind: 'not_found' }
  return isUnknownObject(error)
    ? failed(authRefused(`${NAME} does not let the token use the configured account.`))
    : null
}
