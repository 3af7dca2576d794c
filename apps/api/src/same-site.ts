import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a request can have been made by a page of another site. A browser sends the sign-in of its user along with
 * such a request too, so it must not change anything. Browsers say where a request comes from in `Sec-Fetch-Site`, or
 * on plain HTTP in `Origin`; programs send neither.
 */
export function isFromAnotherSite (headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const { origin, host } = headers
  return origin !== undefined && hostOf(origin) !== host
}

function hostOf (origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}
