import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'

export interface PlainRequest {
  method?: string
  path: string
  headers?: Record<string, string>
  body?: string
}

export interface PlainAnswer {
  status: number
  /** Status line, headers and body as one text. */
  text: string
  body: string
}

/** Sends a request exactly as it is given, header values of any kind included. */
export async function send (url: string, { method = 'GET', path, headers = {}, body }: PlainRequest): Promise<PlainAnswer> {
  const { hostname, port } = new URL(url)
  const sent = request({ hostname, port, method, path, headers, agent: false, insecureHTTPParser: true })
  sent.end(body)
  const [response] = await once(sent, 'response')
  let received = ''
  for await (const chunk of response) received += String(chunk)
  return { status: response.statusCode, text: [response.statusMessage, ...response.rawHeaders, received].join('\n'), body: received }
}

/** Writes bytes that need be no HTTP, and gives what comes back until the connection is closed. */
export async function sendBytes (url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.end(bytes)
  let received = ''
  for await (const chunk of socket) received += String(chunk)
  return received
}
