/**
 * One function per platform: the id as the platform is asked for it, or `null` when it can not have such an id.
 * Every result matches its pattern and is its own normal form. Patterns are linear and applied to bounded text.
 */

/** Pasted addresses are longer than ids, tracking parameters included; anything beyond this is no id. */
const MAX_LENGTH = 1024

/** The host names that profile and video addresses are accepted from. */
const YOUTUBE_HOSTS = new Set(['youtube.com', 'www.youtube.com', 'm.youtube.com', 'music.youtube.com',
  'youtube-nocookie.com', 'www.youtube-nocookie.com'])
const YOUTUBE_SHORT_HOSTS = new Set(['youtu.be', 'www.youtu.be'])
const X_HOSTS = new Set(['x.com', 'www.x.com', 'm.x.com', 'mobile.x.com',
  'twitter.com', 'www.twitter.com', 'm.twitter.com', 'mobile.twitter.com'])
const INSTAGRAM_HOSTS = new Set(['instagram.com', 'www.instagram.com', 'm.instagram.com'])

/** First path segments that are pages of the site; read as a handle they would give a stranger's count. */
const X_PAGES = new Set(['compose', 'explore', 'hashtag', 'home', 'i', 'intent', 'jobs', 'login', 'logout', 'messages',
  'notifications', 'privacy', 'search', 'settings', 'share', 'signup', 'tos'])
const INSTAGRAM_PAGES = new Set(['about', 'accounts', 'developer', 'direct', 'directory', 'explore', 'legal', 'p', 'reel',
  'reels', 'stories', 'tv', 'web'])

const YOUTUBE_ID = /^[A-Za-z0-9_-]{11}$/
const SOUNDCLOUD_ID = /^(?:soundcloud:tracks:)?([1-9]\d{0,18})$/
const X_HANDLE = /^[A-Za-z0-9_]{1,15}$/
const FACEBOOK_ID = /^[1-9]\d{4,19}$/
const INSTAGRAM_HANDLE = /^[A-Za-z0-9._]{1,30}$/

/** A video id, also out of the address of the video. Case matters. */
export function normaliseYoutubeId (id: string): string | null {
  const text = bounded(id)
  if (YOUTUBE_ID.test(text)) return text
  const video = videoInAddress(readAddress(text))
  return video !== undefined && video !== null && YOUTUBE_ID.test(video) ? video : null
}

function videoInAddress (url: URL | null): string | null | undefined {
  if (url === null) return null
  const [first, second] = segmentsOf(url)
  if (YOUTUBE_SHORT_HOSTS.has(url.hostname)) return first
  if (!YOUTUBE_HOSTS.has(url.hostname)) return null
  if (first === 'watch') return url.searchParams.get('v')
  return first === 'shorts' || first === 'live' || first === 'embed' ? second : null
}

/** A track as `soundcloud:tracks:N`, out of that or of the number. Addresses of tracks do not hold the number. */
export function normaliseSoundcloudId (id: string): string | null {
  const number = SOUNDCLOUD_ID.exec(bounded(id))?.[1]
  return number === undefined ? null : `soundcloud:tracks:${number}`
}

/** A handle in lower case, which X does not tell apart, also out of the address of the profile. */
export function normaliseXHandle (handle: string): string | null {
  return normaliseHandle(handle, X_HANDLE, X_HOSTS, X_PAGES)
}

/** The number of a page as text: it may be larger than a JavaScript number holds exactly. */
export function normaliseFacebookId (id: string): string | null {
  const text = bounded(id)
  return FACEBOOK_ID.test(text) ? text : null
}

/** A handle in lower case, also out of the address of the profile. */
export function normaliseInstagramHandle (handle: string): string | null {
  const name = normaliseHandle(handle, INSTAGRAM_HANDLE, INSTAGRAM_HOSTS, INSTAGRAM_PAGES)
  return name === null || name.startsWith('.') || name.endsWith('.') || name.includes('..') ? null : name
}

function normaliseHandle (
  handle: string, pattern: RegExp, hosts: ReadonlySet<string>, pages: ReadonlySet<string>
): string | null {
  const text = bounded(handle).replace(/^@+/, '')
  const name = pattern.test(text) ? text : handleInAddress(readAddress(text), hosts, pages)
  // The pattern comes before the lower-casing, which maps some letters outside ASCII into it.
  return name !== undefined && pattern.test(name) ? name.toLowerCase() : null
}

/** Only the address of a profile, with nothing after the handle, surely means the account. */
function handleInAddress (url: URL | null, hosts: ReadonlySet<string>, pages: ReadonlySet<string>): string | undefined {
  if (url === null || !hosts.has(url.hostname)) return undefined
  const [first, ...more] = segmentsOf(url)
  if (first === undefined || more.length > 0) return undefined
  const name = first.replace(/^@/, '')
  return pages.has(name.toLowerCase()) ? undefined : name
}

function bounded (text: string): string {
  return text.length > MAX_LENGTH ? '' : text.trim()
}

function readAddress (text: string): URL | null {
  const address = /^https?:\/\//i.test(text) ? text : `https://${text.replace(/^\/\//, '')}`
  return text !== '' && URL.canParse(address) ? new URL(address) : null
}

function segmentsOf (url: URL): string[] {
  return url.pathname.split('/').filter(segment => segment !== '')
}
