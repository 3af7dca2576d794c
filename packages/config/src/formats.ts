import { isIP } from 'node:net'
import { isMistyped, TOKEN_PREFIX } from '@insights/shared'

/** A kind of text: what it takes, in words that fit after "must be", and the test for it. */
interface TextFormat {
  readonly accepts: string
  readonly test: (text: string) => boolean
}

/**
 * The kinds of text that variables hold. Credentials are sent in HTTP headers and forms, where a space or a line
 * break in the middle would fail much later and say much less.
 */
export const FORMATS = {
  host: { accepts: 'an IP address or a host name, without scheme, brackets and port', test: isHost },
  path: { accepts: 'a path', test: text => text.trim() !== '' },
  digits: { accepts: 'decimal digits only', test: text => /^[0-9]+$/.test(text) },
  credential: { accepts: 'visible ASCII characters without spaces', test: isVisibleAscii },
  // A token with our prefix and without our checksum is turned away at the door, so it could never be used.
  token: {
    accepts: `visible ASCII characters without spaces (one that starts with ${TOKEN_PREFIX} must be a whole token made by this service)`,
    test: text => isVisibleAscii(text) && !isMistyped(text)
  },
  origins: {
    accepts: 'origins as browsers send them, such as https://app.example or http://localhost:8080, separated by commas without spaces',
    test: text => text.split(',').every(isOrigin)
  },
  'http-url': {
    accepts: 'an https address (http only for localhost, 127.0.0.0/8 and [::1]) without user name, password, query and fragment',
    test: isHttpUrl
  },
  'mongo-url': {
    accepts: 'an address that starts with mongodb:// or mongodb+srv:// and names a host, with the special characters of a password percent-encoded',
    test: text => isServiceUrl(text, /^mongodb(\+srv)?:/)
  },
  'redis-url': {
    accepts: 'redis://[user:password@]host[:port][/database], redis+sentinel://[user:password@]host[:port],…/master name[/database] or ' +
      'redis+cluster://[user:password@]host[:port],…, with rediss in place of redis for TLS, and with special characters percent-encoded',
    test: isRedisUrl
  }
} as const satisfies Record<string, TextFormat>

export type FormatName = keyof typeof FORMATS

function isVisibleAscii (text: string): boolean {
  return /^[!-~]+$/.test(text)
}

/** A name whose last label is a number can only be a mistyped IPv4 address. */
function isHost (text: string): boolean {
  const isName = /^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.(?=.)|$))+$/i.test(text)
  return isIP(text) !== 0 || (isName && text.length <= 253 && !/(^|\.)[0-9]+$/.test(text))
}

/** An origin in the one form in which browsers send it: without a slash at the end, a default port, or capitals. */
function isOrigin (text: string): boolean {
  return /^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text
}

/** Credentials travel with every call, so plain http is taken only where it does not leave the machine. */
function isHttpUrl (text: string): boolean {
  if (!isVisibleAscii(text) || /[?#]/.test(text) || !/^https?:\/\//i.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  return url.username === '' && url.password === '' && (url.protocol === 'https:' || isLoopback(url.hostname))
}

/** Not the URL parser: it knows no list of hosts. A stray `@` means a password that would be cut in two. */
function isServiceUrl (text: string, scheme: RegExp): boolean {
  return isVisibleAscii(text) && scheme.test(text) && /^[a-z+]+:\/\/([^@/?#]*@)?[^@/?#]+([/?][^@#]*)?$/.test(text)
}

/** Without a query: none of its options would be read. */
function isRedisUrl (text: string): boolean {
  const { kind = 'server', login = '', hosts = '', path = '' } =
    /^rediss?(\+(?<kind>sentinel|cluster))?:\/\/((?<login>[^:@/?#]*:[^:@/?#]+)@)?(?<hosts>[^@/?#]+)(\/(?<path>[^?#]*))?$/.exec(text)?.groups ?? {}
  const list = hosts.split(',')
  return isVisibleAscii(text) && isPercentEncoded(login + path) && list.every(isHostWithPort) &&
    (kind === 'server' ? list.length === 1 && isDatabase(path) : kind === 'cluster' ? path === '' : isMasterPath(path))
}

function isHostWithPort (text: string): boolean {
  const { v6, name = '', port = '1' } = /^(\[(?<v6>[^\]]+)\]|(?<name>[^:[\]]+))(:(?<port>[0-9]{1,5}))?$/.exec(text)?.groups ?? {}
  return (v6 === undefined ? isHost(name) : isIP(v6) === 6) && Number(port) >= 1 && Number(port) <= 65_535
}

function isDatabase (text: string): boolean {
  return /^[0-9]*$/.test(text)
}

function isMasterPath (text: string): boolean {
  const [name, database = '', ...rest] = text.split('/')
  return name !== '' && isDatabase(database) && rest.length === 0
}

function isPercentEncoded (text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    // A percent sign that begins no code.
    return false
  }
}

/** `hostname` as the URL parser writes it: IPv4 in four decimal parts, IPv6 shortened and in brackets. */
function isLoopback (hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.[0-9]+){3}$/.test(hostname)
}
