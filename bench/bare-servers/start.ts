import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Answer } from './answers.js'

export interface BareServer {
  url: string
  close: () => Promise<void>
}

/** Starts a server that does nothing but answer, in a process of its own. It ends with this one at the latest. */
export async function startBareServer (kind: 'fastify' | 'node-http', answers: readonly Answer[]): Promise<BareServer> {
  const child = fork(fileURLToPath(new URL(`./${kind}.js`, import.meta.url)), [JSON.stringify(answers)])
  const ended = once(child, 'exit')
  const url = once(child, 'message').then(([message]) => String(message))
  const failed = ended.then(([code]): never => { throw new Error(`The bare server ${kind} ended with ${String(code)}`) })
  failed.catch(() => undefined) // it ends one day; that is not an error of the start any more
  return {
    url: await Promise.race([url, failed]),
    close: async () => {
      child.kill()
      await ended
    }
  }
}
