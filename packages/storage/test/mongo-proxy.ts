import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { MongoServer } from './mongo-lab.js'

export interface CuttingProxy extends Pick<MongoServer, 'url'> {
  /** Lets the next `times` commands of that name through and breaks the connection instead of giving the reply. */
  cutReplies: (command: string, times: number) => void
  /** How many replies were cut so far. */
  cuts: () => number
}

/** Stands between a client and the server, so that a write can happen without the client learning of it. */
export async function openCuttingProxy (t: Test, server: MongoServer): Promise<CuttingProxy> {
  const state = { command: '', times: 0, cuts: 0 }
  const sockets = new Set<Socket>()
  const listener = createServer(client => {
    const upstream = connect(server.port, server.host)
    let isDoomed = false
    client.on('data', (data: Buffer) => {
      if (state.times > 0 && data.includes(state.command)) {
        state.times--
        isDoomed = true
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
    cuts: () => state.cuts
  }
}
