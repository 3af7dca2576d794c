import { jsonAnswer, listOf, unique, type Answer, type Call, type Damage, type StandIn, type World } from './exchange.js'
import { createRollingWindow } from './quota.js'
import { limitError, PLAYS_LIMIT, shortLimitError, SOUNDCLOUD_ERRORS, soundcloudError, type SoundcloudError } from './soundcloud-errors.js'
import { createSoundcloudTokens } from './soundcloud-tokens.js'

const URN = /^soundcloud:tracks:([1-9]\d{0,18})$/
const TRACK_PATH = /^\/tracks\/(?:soundcloud:tracks:)?([1-9]\d{0,18})$/
const TOKEN_PATH = '/oauth/token'
const MAX_LIMIT = 200
const DEFAULT_LIMIT = 50
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** The ids of the general list, which a `/tracks` call without `urns` gets: tracks that nobody asked for. */
const GENERAL_IDS = Array.from({ length: MAX_LIMIT }, (_, index) => String(1_900_000_001 + index))

/** SoundCloud's API and, at `/oauth/token`, its token host. One unit of cost per call of the API and per token granted. */
export function createSoundcloud (world: World): StandIn {
  const { clock, entities, settings } = world
  const tokens = createSoundcloudTokens(world)
  const lastDay = createRollingWindow(DAY_MS)
  const lastMinute = createRollingWindow(MINUTE_MS)
  const timesShownHidden = new Map<string, number>()

  function answer (call: Call, damage: Damage): Answer {
    if (call.path === TOKEN_PATH) return tokens.grant(call)
    const refusal = refusalOf(call)
    if (refusal !== null) return refusal
    const found = call.path === '/tracks' ? batch(call, damage) : single(call)
    const junk = { 'x-ratelimit-limit': '-1', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '0' }
    return { ...found, headers: { ...found.headers, ...settings.values.soundcloud.junkRateHeaders && junk }, cost: 1 }
  }

  function refusalOf (call: Call): Answer | null {
    const { callsPerDay, callsPerMinute, burstReply } = settings.values.soundcloud
    const now = clock.now()
    // The CDN stands before the API: it refuses without looking at the token.
    if (lastMinute.used(now) >= callsPerMinute) {
      return burstReply === 'json' ? shortLimitError() : SOUNDCLOUD_ERRORS.cdnForbidden()
    }
    lastMinute.add(now, 1)
    if (!tokens.accepts(call.headers.authorization)) return soundcloudError(401)
    if (lastDay.used(now) >= callsPerDay) {
      return limitError({ ...PLAYS_LIMIT, max_nr_of_requests: callsPerDay }, lastDay.freeAt(now, callsPerDay))
    }
    lastDay.add(now, 1)
    return null
  }

  function batch (call: Call, damage: Damage): Answer {
    const limit = Number(call.query.get('limit') ?? DEFAULT_LIMIT)
    const offset = Number(call.query.get('offset') ?? 0)
    if (call.method !== 'GET') return soundcloudError(404)
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT || !Number.isInteger(offset) || offset < 0) return soundcloudError(400)
    const urns = unique(listOf(call.query.get('urns')))
    if (urns.length > MAX_LIMIT) return soundcloudError(400)
    const isStrict = settings.values.soundcloud.malformedUrn === 'refused'
    if (isStrict && urns.some(urn => !URN.test(urn))) return soundcloudError(400)
    const pageSize = Math.min(limit, settings.values.soundcloud.maxPageSize)
    const ids = urns.length === 0 ? GENERAL_IDS : listedIds(call, urns, damage)
    return page(call, ids, offset, pageSize)
  }

  function listedIds (call: Call, urns: string[], damage: Damage): string[] {
    const allowed = listOf(call.query.get('access') ?? 'playable,preview')
    const ids = urns.filter(urn => !damage.leftOut.has(urn)).map(urn => URN.exec(urn)?.[1] ?? '')
    return ids.filter(id => id !== '' && exists(id) && entities.get('soundcloud', id).state !== 'unlisted' &&
      allowed.includes(accessOf(id)))
  }

  function page (call: Call, ids: string[], offset: number, size: number): Answer {
    const tracks = ids.slice(offset, offset + size).map(track)
    if (call.query.get('linked_partitioning') !== 'true') return jsonAnswer(200, tracks)
    const isLast = offset + size >= ids.length
    const query = new URLSearchParams(call.query)
    query.set('offset', String(offset + size))
    return jsonAnswer(200, { collection: tracks, next_href: isLast ? null : `${call.baseUrl}/tracks?${query}` })
  }

  function single (call: Call): Answer {
    const id = TRACK_PATH.exec(call.path)?.[1]
    if (call.method === 'GET' && call.path.startsWith('/tracks/') && id === undefined) return soundcloudError(400)
    const isFound = call.method === 'GET' && id !== undefined && exists(id)
    return isFound ? jsonAnswer(200, track(id)) : soundcloudError(404)
  }

  function exists (id: string): boolean {
    const { state } = entities.get('soundcloud', id)
    return state !== 'missing' && state !== 'private'
  }

  function accessOf (id: string): string {
    const { state } = entities.get('soundcloud', id)
    return state === 'blocked' || state === 'preview' ? state : 'playable'
  }

  function track (id: string): object {
    const isHidden = entities.get('soundcloud', id).state === 'hidden'
    const urn = `soundcloud:tracks:${id}`
    return {
      kind: 'track',
      urn,
      // Beyond 2^53 a JSON number would name another track.
      ...Number.isSafeInteger(Number(id)) && { id: Number(id) },
      title: `Sandbox track ${id}`,
      sharing: 'public',
      access: accessOf(id),
      reveal_stats: !isHidden,
      ...isHidden ? hiddenCount(id) : { playback_count: entities.countOf('soundcloud', id) },
      permalink_url: `https://soundcloud.com/sandbox/${id}`,
      uri: `https://api.soundcloud.com/tracks/${urn}`
    }
  }

  /** `alternating`: null at the first showing of a track, absent at the next, and so on. */
  function hiddenCount (id: string): object {
    const times = timesShownHidden.get(id) ?? 0
    timesShownHidden.set(id, times + 1)
    switch (settings.values.soundcloud.hiddenAs) {
      case 'zero': return { playback_count: 0 }
      case 'null': return { playback_count: null }
      case 'absent': return {}
      case 'alternating': return times % 2 === 0 ? { playback_count: null } : {}
    }
  }

  return {
    platform: 'soundcloud',
    idsOf: call => {
      const id = TRACK_PATH.exec(call.path)?.[1]
      return id === undefined ? listOf(call.query.get('urns')) : [id]
    },
    answer,
    errorNames: Object.keys(SOUNDCLOUD_ERRORS),
    error: name => SOUNDCLOUD_ERRORS[name as SoundcloudError](clock.now()),
    reset: () => {
      [tokens, lastDay, lastMinute, timesShownHidden].forEach(kept => kept.clear())
    }
  }
}
