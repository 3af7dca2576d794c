import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** What we take over from callers goes into logs and headers, so it may hold nothing that breaks either. */
const ACCEPTED = /^[\w.:-]{1,128}$/

/** The `x-request-id` of the caller if it is a plain one, otherwise a new UUID. */
export function requestIdOf (request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && ACCEPTED.test(given) ? given : randomUUID()
}
