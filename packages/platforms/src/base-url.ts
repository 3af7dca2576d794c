import { AppError } from '@insights/shared'

/** Where the live platforms are. `soundcloudToken` is a whole address, the others are joined with a path. */
export const DEFAULT_BASE_URLS = {
  youtube: 'https://www.googleapis.com/youtube/v3',
  soundcloud: 'https://api.soundcloud.com',
  soundcloudToken: 'https://secure.soundcloud.com/oauth/token',
  x: 'https://api.x.com',
  facebook: 'https://graph.facebook.com/v26.0',
  instagram: 'https://graph.facebook.com/v26.0'
} as const

/** @throws AppError `INS_CONFIG_INVALID`; the message does not repeat the address, which may hold a password. */
export function parseBaseUrl (name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !isPlainHttp(url)) {
    throw new AppError('INS_CONFIG_INVALID',
      `The address of ${name} must be https (http only on this machine), without user name, query or fragment.`)
  }
  return url
}

/** Credentials travel with every call, so plain http is taken only where it does not leave the machine. */
function isPlainHttp (url: URL): boolean {
  return (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) &&
    url.username === '' && url.password === '' && url.search === '' && url.hash === ''
}

/** `hostname` as the URL parser writes it: IPv4 in four decimal parts, IPv6 shortened and in brackets. */
function isLoopback (hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}

/** `path` below `base`, whose own path is kept. Query values are encoded. */
export function joinUrl (base: URL, path: string, query: Record<string, string> = {}): URL {
  const url = new URL(base)
  url.pathname = base.pathname.replace(/\/$/, '') + path
  url.search = new URLSearchParams(query).toString()
  return url
}

/** @throws AppError `INS_CONFIG_INVALID` when the credential can not be sent as a header. Does not repeat it. */
export function checkCredential (name: string, value: string): void {
  if (!/^[\x21-\x7e]{1,4096}$/.test(value)) {
    throw new AppError('INS_CONFIG_INVALID',
      `The credentials of ${name} must be 1 to 4096 visible ASCII characters without spaces.`)
  }
}
