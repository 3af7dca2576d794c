import { once } from 'node:events'
import { createServer } from 'node:net'

const HOST = '127.0.0.1'

/**
 * Below the ports that systems hand out by themselves. One of those could go to an outgoing connection, or to another
 * test that asks at the same moment, before the server that it was meant for has bound it.
 */
const LOWEST = 20_000
const HIGHEST = 32_000

/** A port of the loopback that nobody listens on. */
export async function freePort (): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (await isFree(port)) return port
  }
}

async function isFree (port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, HOST)
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return true
  } catch {
    return false // taken
  }
}
