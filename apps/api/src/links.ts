import type { FastifyRequest } from 'fastify'

/** A value of a query parameter; a list is the parameter given several times. */
type ParameterValue = string | number | ReadonlyArray<string | number>

/**
 * The absolute address of a path with a query, for links in answers.
 *
 * @param publicUrl what links begin with; `null` = as the request was addressed.
 */
export function toLink (
  request: Pick<FastifyRequest, 'protocol' | 'host' | 'socket'>, publicUrl: string | null, path: string,
  query: Readonly<Record<string, ParameterValue>>
): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) parameters.append(name, String(one))
  }
  return `${publicUrl ?? addressOf(request)}${path}${parameters.size === 0 ? '' : `?${parameters.toString()}`}`
}

/** The address of a path for `Location`: a path again where nobody has said what addresses begin with. */
export function toLocation (publicUrl: string | null, path: string): string {
  return `${publicUrl ?? ''}${path}`
}

/** A name and a port, and nothing with which a client could break a link. */
const HOST = /^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i

/** As the client has addressed the service, or else where the request came in. */
function addressOf ({ protocol, host, socket }: Pick<FastifyRequest, 'protocol' | 'host' | 'socket'>): string {
  const { localAddress = '127.0.0.1', localPort = 80 } = socket
  const own = `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`
  return `${protocol}://${HOST.test(host) ? host : own}`
}
