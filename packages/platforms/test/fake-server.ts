/** A raw HTTP server on a free port that answers as a test says, and remembers what it was asked. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Test } from 'tap'

export interface FakeRequest {
  method: string
  /** As it stood on the request line. */
  target: string
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  /** The form of a POST, empty otherwise. */
  form: URLSearchParams
}

export type Respond = (request: FakeRequest, response: ServerResponse) => unknown

export interface FakeServer {
  url: string
  requests: FakeRequest[]
  /** Connections that are open now. */
  sockets: Set<Socket>
  /** Refuses connections from now on. */
  stop: () => Promise<void>
}

export async function startServer (t: Test, respond: Respond): Promise<FakeServer> {
  const requests: FakeRequest[] = []
  const sockets = new Set<Socket>()
  const server = createServer((incoming, response) => {
    response.on('error', () => {})
    readRequest(incoming).then(request => {
      requests.push(request)
      return respond(request, response)
    }).catch(error => response.destroy(error as Error))
  })
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  t.teardown(stop)
  return { url, requests, sockets, stop }
}

async function readRequest (incoming: IncomingMessage): Promise<FakeRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const target = incoming.url ?? ''
  const url = new URL(target, 'http://localhost')
  return {
    method: incoming.method ?? '',
    target,
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    form: new URLSearchParams(Buffer.concat(chunks).toString())
  }
}

/** Answers with a value or with text that is JSON already. A content type that was set before stays. */
export function sendJson (
  response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}
): void {
  if (!response.hasHeader('content-type')) response.setHeader('content-type', 'application/json; charset=utf-8')
  response.writeHead(status, headers)
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Polls until `isTrue`, then goes on; throws after a time far beyond what a working client needs. */
export async function until (isTrue: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 30_000
  while (!isTrue()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
