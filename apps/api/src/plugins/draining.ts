import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import plugin from 'fastify-plugin'

/**
 * Lets the app close as soon as the requests in progress are answered. Node by itself waits for connections on which
 * no request was ever sent, without end, and keeps the others open for reuse: a browser that connects in advance, or
 * a balancer that only knocks, would hold the shutdown up.
 */
export const draining = plugin(async (app: FastifyInstance) => {
  const openRequests = new Map<Socket, number>()
  let isDraining = false

  const add = (socket: Socket, change: number): void => {
    const count = (openRequests.get(socket) ?? 0) + change
    openRequests.set(socket, count)
    if (isDraining && count === 0) socket.destroySoon()
  }
  app.server.on('connection', (socket: Socket) => {
    add(socket, 0)
    socket.once('close', () => { openRequests.delete(socket) })
  })
  app.server.on('request', ({ socket }, response) => {
    add(socket, 1)
    response.once('close', () => { if (openRequests.has(socket)) add(socket, -1) })
  })
  app.addHook('preClose', async () => {
    isDraining = true
    for (const [socket, count] of openRequests) if (count === 0) socket.destroy()
  })
}, { name: 'draining' })
