import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { MongoServer } from './mongo-lab.js'

export interface CuttingProxy extends Pick<MongoServer, 'url'> {
  /** Lets the next `times` commands of that name through and breaks the connection instead of giving the reply. */
  cutReplies: (command: string, times: number) => void
  /** Keeps the next piece that has this text in it from the server, and what follows it on its connection. */
  hold: (text: string) => HeldPiece
  /** How many replies were cut so far. */
  cuts: () => number
}

export interface HeldPiece {
  /** Resolves when there is one. */
  come: Promise<void>
  letGo: () => void
}

/** Stands between a client and the server, so that a write can happen without the client learning of it. */
export async function openCuttingProxy (t: Test, server: MongoServer): Promise<CuttingProxy> {
  const state = { command: '', times: 0, cuts: 0 }
  let holding: { text: string, begin: (letGo: () => void) => void } | null = null
  const sockets = new Set<Socket>()
  const listener = createServer(client => {
    const upstream = connect(server.port, server.host)
    let isDoomed = false
    client.on('data', (data: Buffer) => {
      if (state.times > 0 && data.includes(state.command)) {
        state.times--
        isDoomed = true
      }
      if (holding !== null && data.includes(holding.text)) {
        client.pause()
        holding.begin(() => {
          upstream.write(data)
          client.resume()
        })
        holding = null
        return
      }
      upstream.write(data)
    })
    upstream.on('data', (data: Buffer) => {
      if (!isDoomed) {
        client.write(data)
        return
      }
      state.cuts++
      client.destroy()
      upstream.destroy()
    })
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  })
  listener.listen(0, server.host)
  await once(listener, 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    listener.close()
    await once(listener, 'close')
  })
  const { port } = listener.address() as { port: number }
  return {
    url: database => server.url(database).replace(`:${server.port}/`, `:${port}/`),
    cutReplies: (command, times) => { Object.assign(state, { command, times }) },
    hold: text => {
      let letGo = (): void => { throw new Error('Nothing is held') }
      const come = new Promise<void>(resolve => {
        holding = {
          text,
          begin: release => {
            letGo = release
            resolve()
          }
        }
      })
      return { come, letGo: () => { letGo() } }
    },
    cuts: () => state.cuts
  }
}
