import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * What the server does with one request: it answers, cuts the connection before or in the middle of its answer, or says
 * nothing for as long as the client waits.
 */
export type Act = { status: number, headers?: Record<string, string>, body?: unknown } | 'cut' | 'cut in the body' | 'silence'

export interface Received {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

export interface ScriptedServer {
  url: string
  received: Received[]
  /** What it does with the next requests, in order; the last one goes on. */
  play: (...acts: Act[]) => void
}

/** A real HTTP server that fails by the shot. It ends with the test. */
export async function startScriptedServer (t: { teardown: (end: () => void) => void }): Promise<ScriptedServer> {
  const received: Received[] = []
  let script: Act[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const { method = '', url = '', headers } = request
    received.push({ method, url, headers, body })
    perform((script.length > 1 ? script.shift() : script[0]) ?? { status: 200 }, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    play: (...acts) => {
      received.length = 0
      script = acts
    }
  }
}

function perform (act: Act, response: ServerResponse): void {
  if (act === 'silence') return
  if (act === 'cut') response.destroy()
  else if (act === 'cut in the body') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
    response.write('{"id":', () => { response.destroy() })
  } else {
    const { status, headers = {}, body = null } = act
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json', ...headers })
    response.end(body === null ? '' : JSON.stringify(body))
  }
}
