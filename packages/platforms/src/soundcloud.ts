/**
 * SoundCloud: playback counts of tracks.
 *
 * Endpoint   GET /tracks?urns=..., single GET /tracks/{urn}; the token of soundcloud-token.ts
 * Version    SoundCloud API, OpenAPI of July 2026 (`urns` replaces `ids`)
 * Batch      50 urns per call: the limit is not documented, one page holds up to 200
 * Quota      none published for metadata; bursts are turned away, so 2 to 5 calls per second at most
 * Sources    SoundCloud developers: "API Guide", "Rate limits", OpenAPI; soundcloud/api issues, read November 2026
 */
import { Type } from '@sinclair/typebox'
import { checkCredential, joinUrl, parseBaseUrl } from './base-url.js'
import { createClient, gateOf, type ClientSettings } from './client.js'
import type { Call } from './deadline.js'
import { CallError, badReply, failed, outcomeOf } from './failure.js'
import type { Pass } from './gate.js'
import { openHttp } from './http.js'
import { normaliseSoundcloudId } from './ids.js'
import { createLimiter } from './limiter.js'
import { matchItems, type Item } from './match.js'
import type { CountOutcome, PlatformClient } from './port.js'
import type { Reply } from './receive.js'
import { createShape, peekJson, readCount, readJson } from './reply.js'
import { soundcloudError } from './soundcloud-errors.js'
import { createTokenSource } from './soundcloud-token.js'
import type { TokenCache } from './token-cache.js'

export interface SoundcloudOptions {
  baseUrl: string
  /** The whole address, e.g. `https://secure.soundcloud.com/oauth/token`. */
  tokenUrl: string
  clientId: string
  clientSecret: string
}

const NAME = 'SoundCloud'

const MAX_BATCH_SIZE = 50

/** Of one batch; a list that goes on after as many pages as it has ids goes round in circles. */
const MAX_PAGES = 4

/** Single lookups of one call at a time; http.ts has a connection for each. */
const MAX_CONFIRMATIONS = 4

/** Without it tracks that can not be played here are left out, and look as if they did not exist. */
const ACCESS = 'playable,preview,blocked'

const List = Type.Array(Type.Unknown())

/** The bare list is the older form. */
const listShape = createShape(List)
const pageShape = createShape(Type.Object({
  collection: List,
  next_href: Type.Optional(Type.Union([Type.String(), Type.Null()]))
}))

const trackUrnShape = createShape(Type.Object({ urn: Type.String() }))

/** The number is on its way out; beyond 2^53 it is not exact any more. */
const trackNumberShape = createShape(Type.Object({ id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) }))
const trackShape = createShape(Type.Object({
  playback_count: Type.Optional(Type.Unknown()),
  reveal_stats: Type.Optional(Type.Union([Type.Boolean(), Type.Null()]))
}))

/**
 * `tokens` keeps the access token; it is borrowed.
 *
 * @throws AppError `INS_CONFIG_INVALID` for an address or credentials that can not be used.
 */
export function openSoundcloudClient (
  options: SoundcloudOptions, settings: ClientSettings, tokens: TokenCache
): PlatformClient {
  const tracksUrl = joinUrl(parseBaseUrl(NAME, options.baseUrl), '/tracks')
  const tokenUrl = parseBaseUrl(NAME, options.tokenUrl)
  checkCredential(NAME, options.clientId)
  checkCredential(NAME, options.clientSecret)
  const http = openHttp(NAME, settings)
  const gate = gateOf('soundcloud', settings)
  const { clientId, clientSecret } = options
  const source = createTokenSource({
    name: NAME, http, gate, url: tokenUrl, clientId, clientSecret, cache: tokens, clock: settings.clock, deadlineMs: settings.deadlineMs
  })

  return createClient({
    platform: 'soundcloud',
    maxBatchSize: MAX_BATCH_SIZE,
    normaliseId: normaliseSoundcloudId,
    ask,
    gate,
    close: http.close
  }, settings.deadlineMs)

  async function ask (urns: readonly string[], call: Call): Promise<CountOutcome[]> {
    const tracks = matchItems(urns, await listTracks(urns, call), '/collection', urnOf)
    const confirm = createConfirm(call)
    return Promise.all(urns.map(urn => {
      const track = tracks.get(urn)
      return track === undefined ? confirm(urn) : outcomeOf(() => readTrack(track))
    }))
  }

  async function listTracks (urns: readonly string[], call: Call): Promise<readonly unknown[]> {
    const query = { urns: urns.join(','), access: ACCESS, limit: '200', linked_partitioning: 'true' }
    let next: URL | null = joinUrl(tracksUrl, '', query)
    let tracks: readonly unknown[] = []
    for (let page = 0; page < MAX_PAGES && next !== null && tracks.length < urns.length; page++) {
      const reply = await get(next, call, page > 0)
      if (reply.status !== 200) throw soundcloudError(NAME, reply, settings.clock.now())
      const { items, nextHref } = readPage(reply)
      tracks = tracks.concat(items)
      next = nextPage(nextHref)
    }
    return tracks
  }

  /** The token goes along, so only to where the first page came from; what is left out then is asked for singly. */
  function nextPage (href: string | null): URL | null {
    const url = href !== null && URL.canParse(href) ? new URL(href) : null
    return url !== null && url.origin === tracksUrl.origin && url.pathname === tracksUrl.pathname ? url : null
  }

  /** Batches have left out tracks that exist, so a miss counts only when the track's own address misses too. */
  function createConfirm (call: Call): (urn: string) => Promise<CountOutcome> {
    const limited = createLimiter(MAX_CONFIRMATIONS)
    let stopped: CallError | null = null
    return urn => limited(async () => {
      try {
        if (stopped !== null) throw stopped
        return await askSingle(urn, call)
      } catch (error) {
        if (!(error instanceof CallError)) throw error
        // These concern every call: asking on would only make it worse.
        if (['throttled', 'quota', 'auth'].includes(error.failure.reason)) stopped = error
        return failed(error)
      }
    })
  }

  async function askSingle (urn: string, call: Call): Promise<CountOutcome> {
    const reply = await get(joinUrl(tracksUrl, `/${urn}`), call, true)
    // A page of something in between is not SoundCloud's word.
    if (reply.status === 404 && peekJson(reply) !== undefined) return { kind: 'not_found' }
    if (reply.status !== 200) throw soundcloudError(NAME, reply, settings.clock.now())
    const value = readJson(NAME, reply)
    if (urnOf(value) !== urn) throw badReply(NAME, 'is about another track')
    return readTrack({ value, where: '' })
  }

  /** A refused token is replaced once, and the call made once more. */
  async function get (url: URL, call: Call, isFurther: boolean): Promise<Reply> {
    const pass = await gate.reserve({ charge: { calls: 1 }, isFurther }, call)
    const token = await source.current(call)
    const reply = await getWith(token, url, call, pass)
    if (reply.status !== 401) return reply
    const renewed = await source.current(call, token)
    return getWith(renewed, url, call, await gate.reserve({ charge: { calls: 1 }, isFurther: true }, call))
  }

  async function getWith (token: string, url: URL, call: Call, pass: Pass): Promise<Reply> {
    const headers = { accept: 'application/json; charset=utf-8', authorization: `OAuth ${token}` }
    const reply = await http.send({ method: 'GET', url, headers }, { deadline: call, pass })
    if (reply.status !== 401) source.accepted()
    return reply
  }
}

function readPage (reply: Reply): { items: readonly unknown[], nextHref: string | null } {
  const body = readJson(NAME, reply)
  const bare = listShape.peek(body)
  if (bare !== null) return { items: bare, nextHref: null }
  const page = pageShape.read(NAME, body)
  return { items: page.collection, nextHref: page.next_href ?? null }
}

function urnOf (track: unknown): string | null {
  const name = trackUrnShape.peek(track)?.urn ?? trackNumberShape.peek(track)?.id
  return name === undefined ? null : normaliseSoundcloudId(String(name))
}

/** Hidden counts come as `null`, absent, or with `reveal_stats` off, then also with a number that means nothing. */
function readTrack ({ value, where }: Item): CountOutcome {
  const { playback_count: count, reveal_stats: reveals } = trackShape.read(NAME, value, where)
  if (count === undefined || count === null || reveals === false) return { kind: 'hidden' }
  return readCount(NAME, count, `${where}/playback_count`)
}
