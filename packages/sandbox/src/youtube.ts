import { SANDBOX_CREDENTIALS } from './credentials.js'
import { jsonAnswer, listOf, unique, type Answer, type Call, type Damage, type StandIn, type World } from './exchange.js'
import { createPeriodCounter, createRollingWindow } from './quota.js'
import { selectFields } from './youtube-fields.js'
import { YOUTUBE_ERRORS, youtubeError, type YoutubeError } from './youtube-errors.js'

const VIDEO_ID = /^[A-Za-z0-9_-]{11}$/
const PARTS = ['id', 'snippet', 'statistics', 'contentDetails']
const MINUTE_MS = 60_000

/** Units are counted per day of this zone, whose midnight moves against UTC with daylight saving. */
const quotaDay = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Los_Angeles', dateStyle: 'short' })

/** YouTube Data API v3: `/videos` and `/videos:batchGetStats`. One unit per call, invalid ones too, in two daily buckets. */
export function createYoutube ({ clock, entities, settings }: World): StandIn {
  const units = { general: createPeriodCounter(), stats: createPeriodCounter() }
  const burst = createRollingWindow(MINUTE_MS)

  function answer (call: Call, damage: Damage): Answer {
    const refusal = refusalOf(call)
    if (refusal !== null) return youtubeError(refusal)
    const isStats = call.path === '/videos:batchGetStats'
    const spent = charge(isStats ? 'stats' : 'general')
    if (spent !== null) return youtubeError(spent)
    const wrong = faultOf(call)
    if (wrong !== null) return { ...youtubeError(wrong), cost: 1 }
    const value = isStats ? statsOf(call, damage) : listedVideos(call, damage)
    return { ...partialAnswer(value, call.query.get('fields')), cost: 1 }
  }

  /** Why the call is not even charged. */
  function refusalOf (call: Call): YoutubeError | null {
    const key = call.headers['x-goog-api-key'] ?? call.query.get('key')
    if (key === null || key === '') return 'keyMissing'
    if (key !== SANDBOX_CREDENTIALS.youtube.apiKey) return 'keyInvalid'
    if (!settings.values.youtube.apiEnabled) return 'accessNotConfigured'
    if (call.method !== 'GET' || !isRoute(call.path)) return 'notFound'
    if (call.path === '/videos') return null
    const { batchGetStats } = settings.values.youtube
    if (batchGetStats === 'status_404') return 'notFound'
    return batchGetStats === 'status_501' ? 'notImplemented' : null
  }

  /** Takes one unit, or says which limit forbids it. */
  function charge (bucket: 'general' | 'stats'): YoutubeError | null {
    const { generalUnitsPerDay, statsUnitsPerDay, statsExhaustedStatus, callsPerMinute } = settings.values.youtube
    const now = clock.now()
    const day = quotaDay.format(now)
    if (bucket === 'general' && units.general.used(day) >= generalUnitsPerDay) return 'quotaExceeded'
    if (bucket === 'stats' && units.stats.used(day) >= statsUnitsPerDay) {
      return statsExhaustedStatus === 429 ? 'dailyLimit429' : 'quotaExceeded'
    }
    if (burst.used(now) >= callsPerMinute) return 'perMinute'
    burst.add(now, 1)
    units[bucket].add(day, 1)
    return null
  }

  function faultOf ({ query }: Call): YoutubeError | null {
    const parts = listOf(query.get('part'))
    if (parts.length === 0) return 'partMissing'
    if (parts.some(part => !PARTS.includes(part))) return 'partUnknown'
    const ids = listOf(query.get('id'))
    if (ids.length === 0) return 'idMissing'
    return ids.length > settings.values.youtube.maxIds ? 'invalidFilters' : null
  }

  function statsOf (call: Call, damage: Damage): object {
    const ids = unique(listOf(call.query.get('id')))
    const items = videos(call, ids, damage).map(video => ({ kind: 'youtube#videoStats', ...named(video) }))
    const answer = { kind: 'youtube#batchGetStatsResponse', etag: 'sandbox', items }
    if (!settings.values.youtube.summary || damage.leftOut.size > 0) return answer
    const failed = ids.filter(id => !isShown(id))
    const summary = {
      requestedVideoCount: String(ids.length),
      succeededVideoCount: String(items.length),
      failedVideoCount: String(failed.length),
      failedVideoIds: failed
    }
    return { ...answer, summary }
  }

  function listedVideos (call: Call, damage: Damage): object {
    const found = videos(call, unique(listOf(call.query.get('id'))), damage)
    const items = found.map(video => ({ kind: 'youtube#video', ...video }))
    const pageInfo = { totalResults: items.length, resultsPerPage: items.length }
    return { kind: 'youtube#videoListResponse', etag: 'sandbox', items, pageInfo }
  }

  function videos (call: Call, ids: string[], damage: Damage): Array<{ id: string }> {
    const parts = listOf(call.query.get('part'))
    return ids.filter(id => isShown(id) && !damage.leftOut.has(id)).map(id => video(id, parts))
  }

  function isShown (id: string): boolean {
    const { state } = entities.get('youtube', id)
    return VIDEO_ID.test(id) && state !== 'missing' && state !== 'private'
  }

  function video (id: string, parts: string[]): { id: string } {
    const { state } = entities.get('youtube', id)
    return {
      id,
      ...parts.includes('snippet') && { snippet: { title: `Sandbox video ${id}` } },
      ...parts.includes('contentDetails') && { contentDetails: { duration: 'PT3M33S' } },
      ...parts.includes('statistics') && state !== 'no_statistics' && { statistics: statistics(id) }
    }
  }

  function statistics (id: string): object {
    const views = entities.countOf('youtube', id)
    const others = { likeCount: String(Math.floor(views / 90)), commentCount: String(Math.floor(views / 700)) }
    return entities.get('youtube', id).state === 'hidden' ? others : { viewCount: String(views), ...others }
  }

  function named (video: { id: string }): object {
    if (settings.values.youtube.idField === 'id') return video
    const { id, ...others } = video
    return { videoId: id, ...others }
  }

  return {
    platform: 'youtube',
    idsOf: call => listOf(call.query.get('id')),
    answer,
    errorNames: Object.keys(YOUTUBE_ERRORS),
    error: name => youtubeError(name as YoutubeError),
    reset: () => [units.general, units.stats, burst].forEach(counter => counter.clear())
  }
}

function isRoute (path: string): boolean {
  return path === '/videos' || path === '/videos:batchGetStats'
}

function partialAnswer (value: object, fields: string | null): Answer {
  if (fields === null) return jsonAnswer(200, value)
  const selection = selectFields(value, fields)
  return selection === null ? youtubeError('invalidFields') : jsonAnswer(200, selection.selected)
}
