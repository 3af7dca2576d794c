/** How the Graph API is asked and answers, for the tests of Facebook and Instagram. */
import type { ServerResponse } from 'node:http'
import { sendJson, type FakeRequest } from './fake-server.js'

export interface Part {
  code: number
  /** JSON text. */
  body: string
}

/** The GETs of a batch request. */
export function relativeUrls (request: FakeRequest): string[] {
  const batch = JSON.parse(request.form.get('batch') ?? '[]') as Array<{ method: string, relative_url: string }>
  return batch.map(part => part.relative_url)
}

export function sendParts (response: ServerResponse, parts: ReadonlyArray<Part | null>): void {
  sendJson(response, JSON.stringify(parts))
}

export function errorPart (error: Record<string, unknown>, code = 400): Part {
  return { code, body: JSON.stringify({ error: { message: 'text', type: 'OAuthException', fbtrace_id: 'A1', ...error } }) }
}

/** What failure each error of the common table is. */
export const GRAPH_ERRORS: ReadonlyArray<[what: string, error: Record<string, unknown>, reason: string]> = [
  ['an unknown error', { code: 1 }, 'transient'],
  ['a service that is away', { code: 2 }, 'transient'],
  ['an error marked as transient', { code: 99, is_transient: true }, 'transient'],
  ['the application limit', { code: 4, is_transient: true }, 'throttled'],
  ['the user limit', { code: 17 }, 'throttled'],
  ['the page limit', { code: 32 }, 'throttled'],
  ['the temporary application limit', { code: 341 }, 'throttled'],
  ['a custom limit', { code: 613, error_subcode: 1996 }, 'throttled'],
  ['the limit of Pages', { code: 80001 }, 'throttled'],
  ['the limit of Instagram', { code: 80002 }, 'throttled'],
  ['an expired token', { code: 190, error_subcode: 463 }, 'auth'],
  ['an invalid session', { code: 102 }, 'auth'],
  ['a missing capability', { code: 3 }, 'auth'],
  ['a missing feature', { code: 10 }, 'auth'],
  ['a missing permission', { code: 200 }, 'auth'],
  ['another missing permission', { code: 299 }, 'auth'],
  ['a block for policy reasons', { code: 368 }, 'auth'],
  ['a vaguely missing feature', { code: 100, message: '(#100) Object does not exist, cannot be loaded due to missing permission or reviewable feature, or' }, 'auth'],
  ['a missing proof', { code: 100, message: 'API calls from the server require an appsecret_proof argument' }, 'auth'],
  ['a field that does not exist', { code: 100, message: '(#100) Tried accessing nonexisting field (x)' }, 'request'],
  ['a code nobody knows', { code: 4242 }, 'request']
]
