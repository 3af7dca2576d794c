import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Tap = import('tap').Test

/** A server in front of a platform that keeps the answers of some calls back, as a slow network would. */
export interface Gate {
  url: string
  /** The answer to the next call is fetched, then kept until `release`. Resolves when it is there. */
  hold: () => Promise<void>
  /** Lets what is kept go. */
  release: () => void
}

export async function openGate (t: Tap, target: string): Promise<Gate> {
  let held: { arrived: () => void, released: Promise<void> } | null = null
  let release = (): void => {}
  const server = createServer((request, response) => {
    const hold = held
    held = null
    const forward = async (): Promise<void> => {
      const { authorization = '' } = request.headers
      const answer = await fetch(target + (request.url ?? ''), { headers: { authorization } })
      const text = await answer.text()
      hold?.arrived()
      await hold?.released
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(text)
    }
    forward().catch((error: Error) => { response.destroy(error) })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    release()
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: async () => {
      await new Promise<void>(resolve => {
        held = { arrived: resolve, released: new Promise(resolve => { release = resolve }) }
      })
    },
    release: () => { release() }
  }
}
