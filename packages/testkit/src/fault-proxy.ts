/** A TCP proxy that stands between a client and its server and does to their connections what networks do. */
import { EventEmitter, once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * What the line does from now on, to connections that are there as to new ones:
 * `pass` nothing; `delay` holds every piece back by `ms`, in both directions; `drip` brings the server's bytes one by
 * one, `bytesPerSecond` of them; `blackhole` brings nothing over, not even that a side has closed, and keeps what was
 * sent until it ends, as the TCP of both sides would.
 */
export type Line =
  | { kind: 'pass' | 'blackhole' }
  | { kind: 'delay', ms: number }
  | { kind: 'drip', bytesPerSecond: number }

export interface FaultProxy {
  port: number
  setLine: (line: Line) => void
  /** Breaks every connection with a reset (RST). New ones are made as the line allows. */
  reset: () => void
  /** How many connections were taken so far. */
  connections: () => number
  close: () => Promise<void>
}

interface Pair { client: Socket, server: Socket }

/** Opens a proxy on a free port of the loopback in front of `port`. */
export async function openFaultProxy (port: number): Promise<FaultProxy> {
  const pairs = new Set<Pair>()
  let line: Line = { kind: 'pass' }
  const changes = new EventEmitter().setMaxListeners(0)
  let taken = 0

  /** Resolves as soon as the line brings anything over again. */
  const whenOpen = async (): Promise<void> => {
    while (line.kind === 'blackhole') await once(changes, 'line')
  }

  /** One direction of one connection. Waiting here keeps bytes back in the buffers of the two sides' TCP. */
  const carry = async (from: Socket, to: Socket, isReply: boolean): Promise<void> => {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      await whenOpen()
      if (line.kind === 'delay') await delay(line.ms, undefined, { ref: false })
      await write(to, chunk, isReply, () => line)
    }
  }

  const join = async ({ client, server }: Pair): Promise<void> => {
    const ends = [carry(client, server, false), carry(server, client, true)]
    await Promise.race(ends.map(async end => { await end.catch(() => { /* a broken connection is an end like any other */ }) }))
    await whenOpen()
    client.destroy()
    server.destroy()
  }

  const listener = createServer(client => {
    taken++
    const pair = { client, server: connect(port, '127.0.0.1') }
    for (const socket of [pair.client, pair.server]) socket.setNoDelay().on('error', () => { /* `join` sees the end */ })
    pairs.add(pair)
    join(pair).finally(() => { pairs.delete(pair) }).catch(() => { /* it never rejects: every end is one like any other */ })
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')

  const setLine = (next: Line): void => {
    line = next
    changes.emit('line')
  }
  const reset = (): void => {
    for (const { client, server } of pairs) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }
  return {
    port: (listener.address() as AddressInfo).port,
    setLine,
    reset,
    connections: () => taken,
    close: async () => {
      setLine({ kind: 'pass' })
      reset()
      if (!listener.listening) return
      listener.close()
      await once(listener, 'close')
    }
  }
}

async function write (to: Duplex, chunk: Buffer, isReply: boolean, lineNow: () => Line): Promise<void> {
  for (let sent = 0; sent < chunk.length && !to.destroyed;) {
    const line = lineNow()
    const isDripping = isReply && line.kind === 'drip'
    const piece = isDripping ? chunk.subarray(sent, sent + 1) : chunk.subarray(sent)
    if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')])
    if (isDripping) await delay(1_000 / line.bytesPerSecond, undefined, { ref: false })
    sent += piece.length
  }
}
