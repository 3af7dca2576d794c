/**
 * YouTube: view counts of videos.
 *
 * Endpoint   GET /videos:batchGetStats (since 3 June 2026), or GET /videos where that is not enabled (404, 501)
 * Version    YouTube Data API v3
 * Batch      50 ids per call: documented for /videos, used for batchGetStats too, whose limit is not documented
 * Quota      1 unit per call of either, whatever the number of ids, invalid calls too; 10,000 units per day each,
 *            until midnight in Los Angeles. An exhausted general bucket answers 403, a method's own one 429
 * Sources    Google for Developers: "Videos: batchGetStats", "Videos: list", "Quota calculator", "Revision history",
 *            read November 2026; error bodies as seen in client libraries
 */
import { Type } from '@sinclair/typebox'
import type { Clock, Milliseconds } from '@insights/shared'
import { checkCredential, joinUrl, parseBaseUrl } from './base-url.js'
import { endOfSpentDay } from './budget.js'
import { createClient, gateOf, type ClientSettings } from './client.js'
import type { Call } from './deadline.js'
import { CallError, authRefused, outcomeOf, quotaUsedUp, throttled } from './failure.js'
import { openHttp } from './http.js'
import { normaliseYoutubeId } from './ids.js'
import { fromRetryAfter } from './instants.js'
import { matchItems, missing, type Item } from './match.js'
import type { CountOutcome, PlatformClient } from './port.js'
import { headerOf, type Reply } from './receive.js'
import { createShape, peekJson, readCount, readJson, statusError } from './reply.js'

export interface YoutubeOptions {
  /** With the version, e.g. `https://www.googleapis.com/youtube/v3`. */
  baseUrl: string
  apiKey: string
}

const NAME = 'YouTube'

const MAX_BATCH_SIZE = 50

/** How long /videos stands in once batchGetStats was not there: an hour costs one extra unit and heals by itself. */
const FALLBACK_MS: Milliseconds = 3_600_000

const listShape = createShape(Type.Object({ items: Type.Array(Type.Unknown()) }))

/** `videoId` is what some early clients of batchGetStats read. */
const idShape = createShape(Type.Object({ id: Type.Optional(Type.String()), videoId: Type.Optional(Type.String()) }))

/** `statistics` and `viewCount` are absent where the count is hidden, and for some live and upcoming videos. */
const videoShape = createShape(Type.Object({
  statistics: Type.Optional(Type.Object({ viewCount: Type.Optional(Type.String({ pattern: '^[0-9]{1,20}$' })) }))
}))

const Details = Type.Optional(Type.Array(Type.Object({
  reason: Type.Optional(Type.String()),
  domain: Type.Optional(Type.String())
})))
const errorShape = createShape(Type.Object({
  error: Type.Object({ message: Type.Optional(Type.String()), errors: Details, details: Details })
}))

/** @throws AppError `INS_CONFIG_INVALID` for an address or key that can not be used. */
export function openYoutubeClient (options: YoutubeOptions, settings: ClientSettings): PlatformClient {
  const baseUrl = parseBaseUrl(NAME, options.baseUrl)
  checkCredential(NAME, options.apiKey)
  const http = openHttp(NAME, settings)
  const gate = gateOf('youtube', settings)
  let fallbackUntil = -Infinity

  return createClient({
    platform: 'youtube',
    maxBatchSize: MAX_BATCH_SIZE,
    normaliseId: normaliseYoutubeId,
    ask,
    gate,
    close: http.close
  }, settings.deadlineMs)

  async function ask (ids: readonly string[], call: Call): Promise<CountOutcome[]> {
    const stats = await askStats(ids, call)
    return readVideos(ids, typeof stats === 'string' ? await askVideos(ids, call, stats === 'sent') : stats)
  }

  /** When the other method has to stand in, since this one is not there or its day is spent: whether it was sent. */
  async function askStats (ids: readonly string[], call: Call): Promise<Reply | 'sent' | 'not_sent'> {
    if (settings.clock.now() < fallbackUntil) return 'not_sent'
    try {
      // No `fields`: which name the id has there is not settled, and a field that does not exist is refused.
      const reply = await request('stats', '/videos:batchGetStats', { id: ids.join(',') }, call, false)
      if (reply.status !== 404 && reply.status !== 501) return reply
      fallbackUntil = settings.clock.now() + FALLBACK_MS
      return 'sent'
    } catch (error) {
      if (!(error instanceof CallError) || error.failure.reason !== 'quota') throw error
      return error.failure.isHeldBack === true ? 'not_sent' : 'sent'
    }
  }

  async function askVideos (ids: readonly string[], call: Call, isFurther: boolean): Promise<Reply> {
    return await request('videos', '/videos', { id: ids.join(','), fields: 'items(id,statistics/viewCount)' }, call, isFurther)
  }

  /** Throws for every error but that the method is not there. */
  async function request (
    bucket: 'stats' | 'videos', path: string, query: Record<string, string>, call: Call, isFurther: boolean
  ): Promise<Reply> {
    const url = joinUrl(baseUrl, path, { part: 'statistics', ...query })
    const pass = await gate.reserve({ charge: { [bucket]: 1 }, isFurther }, call)
    const reply = await http.send({ method: 'GET', url, headers: { 'x-goog-api-key': options.apiKey } }, { deadline: call, pass })
    const isThere = bucket === 'videos' || (reply.status !== 404 && reply.status !== 501)
    if (reply.status === 200 || !isThere) return reply
    const error = youtubeError(reply, settings.clock)
    if (error.failure.reason === 'quota') await gate.parkBucket(bucket, error.failure, call)
    throw error
  }
}

function readVideos (ids: readonly string[], reply: Reply): CountOutcome[] {
  const { items } = listShape.read(NAME, readJson(NAME, reply))
  const videos = matchItems(ids, items, '/items', item => {
    const { id, videoId } = idShape.peek(item) ?? {}
    return id ?? videoId ?? null
  })
  return ids.map(id => {
    const video = videos.get(id)
    return video === undefined ? missing(NAME, videos.isSound) : outcomeOf(() => readVideo(video))
  })
}

function readVideo ({ value, where }: Item): CountOutcome {
  const { statistics } = videoShape.read(NAME, value, where)
  if (statistics?.viewCount === undefined) return { kind: 'hidden' }
  return readCount(NAME, Number(statistics.viewCount), `${where}/statistics/viewCount`)
}

const DAILY_REASONS = ['quotaExceeded', 'dailyLimitExceeded']
const PACE_REASONS = ['rateLimitExceeded', 'userRateLimitExceeded', 'RATE_LIMIT_EXCEEDED']
const KEY_REASONS = ['API_KEY_INVALID', 'keyInvalid']

/** A bad key is a 400 and a spent day may be a 403 or a 429, so the reasons in the body come before the status. */
function youtubeError (reply: Reply, clock: Clock): CallError {
  const now = clock.now()
  const error = errorShape.peek(peekJson(reply))?.error
  const details = [...error?.errors ?? [], ...error?.details ?? []]
  const has = (reasons: string[]): boolean => details.some(({ reason }) => reason !== undefined && reasons.includes(reason))
  const isPace = reply.status === 429 || (reply.status === 403 && has(PACE_REASONS))
  const isDaily = has(DAILY_REASONS) || details.some(({ domain }) => domain === 'youtube.quota') ||
    (isPace && /\bper day\b/i.test(error?.message ?? ''))
  if (reply.status < 500 && isDaily) return quotaUsedUp(`The quota of ${NAME} for this day is used up.`, endOfSpentDay('pacific', now))
  if (isPace) return throttled(`${NAME} asks for a slower pace.`, fromRetryAfter(headerOf(reply, 'retry-after'), now))
  if (reply.status < 500 && has(KEY_REASONS)) return authRefused(`${NAME} refuses the API key.`)
  return statusError(NAME, reply, now)
}
