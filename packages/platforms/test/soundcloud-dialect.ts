/** How SoundCloud is asked and answers, token host included. */
import type { ServerResponse } from 'node:http'
import { openSoundcloudClient } from '../src/soundcloud.js'
import { createTokenCache } from '../src/token-cache.js'
import { PATH_PREFIX, type PlatformDialect } from './contract/dialect.js'
import { sendJson, type FakeRequest } from './fake-server.js'

export const CLIENT_ID = 'client-id'
export const CLIENT_SECRET = 'secret-soundcloud-client'

export const urn = (n: number): string => `soundcloud:tracks:${1000 + n}`

export const NOT_FOUND = { code: 404, message: '', status: '404 - Not Found', errors: [], error: null }
export const UNAUTHORIZED = { code: 401, message: '', status: '401 - Unauthorized', errors: [], error: null }

export function isSingle (request: FakeRequest): boolean {
  return !request.query.has('urns')
}

export function asked (request: FakeRequest): string[] {
  return isSingle(request) ? [request.path.split('/').at(-1) ?? ''] : (request.query.get('urns') ?? '').split(',')
}

export function track (urn: string, count: string): string {
  return `{"kind":"track","urn":"${urn}","access":"playable","reveal_stats":true,"playback_count":${count}}`
}

export function sendToken (response: ServerResponse, fields: Record<string, unknown> = {}): void {
  sendJson(response, { access_token: 'T', expires_in: 3599, scope: '', refresh_token: 'R', token_type: 'bearer', ...fields })
}

export const dialect: PlatformDialect = {
  platform: 'soundcloud',
  id: urn,
  variants: id => [id.replace('soundcloud:tracks:', ''), ` ${id} `],
  invalid: ['', '0', '012', '-5', '1e3', 'l4WNrvVjiTw', 'https://soundcloud.com/artist/track', 'soundcloud:users:5', '1'.repeat(20)],
  secrets: [CLIENT_SECRET, Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64')],
  open: (baseUrl, settings) => openSoundcloudClient({
    baseUrl,
    tokenUrl: `${new URL(baseUrl).origin}/oauth/token`,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET
  }, settings, createTokenCache()),
  asked,
  writeCount: count => String(count),
  badCounts: ['-1', '1.5', '1e400', '9007199254740993', '"42"', 'true', '[]', '{}'],
  answer: (request, response, { found }) => {
    const tracks = found.map(([id, count]) => track(id, count))
    if (!isSingle(request)) sendJson(response, `{"collection":[${tracks.join()}],"next_href":null}`)
    else if (tracks[0] === undefined) sendJson(response, NOT_FOUND, 404)
    else sendJson(response, tracks[0])
  },
  serveOther: (request, response) => {
    if (request.path !== '/oauth/token') return false
    sendToken(response)
    return true
  }
}

/** The lookups' paths below the prefix, without what was asked for. */
export function paths (requests: readonly FakeRequest[]): string[] {
  return requests.map(request => request.path.replace(PATH_PREFIX, ''))
}
