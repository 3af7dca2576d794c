import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { t, type Test } from 'tap'
import { openFaultProxy, type FaultProxy } from '../src/index.js'

interface Stage {
  proxy: FaultProxy
  client: Socket
  /** The server's side of the client's connection. */
  server: Socket
}

/** A server that answers what it gets, the proxy in front of it, and one connection through it. */
async function openStage (t: Test): Promise<Stage> {
  const listener = createServer({ allowHalfOpen: true }, socket => { socket.on('error', () => {}).pipe(socket) })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const proxy = await openFaultProxy((listener.address() as AddressInfo).port)
  const accepted = once(listener, 'connection') as Promise<[Socket]>
  const client = connect(proxy.port, '127.0.0.1').on('error', () => {})
  const [server] = await accepted
  t.teardown(async () => {
    client.destroy()
    await proxy.close()
    listener.close()
    await once(listener, 'close')
  })
  return { proxy, client, server }
}

/** `once` would take the reset itself for an error. */
async function closed (socket: Socket): Promise<void> {
  await new Promise<void>(resolve => { socket.once('close', () => { resolve() }) })
}

async function read (socket: Socket, length: number): Promise<string> {
  let text = ''
  while (text.length < length) text += String((await once(socket, 'data'))[0])
  return text
}

t.test('what is sent comes through, in both directions', async t => {
  const { proxy, client } = await openStage(t)
  client.write('hello')
  t.equal(await read(client, 5), 'hello')
  t.equal(proxy.connections(), 1)
})

t.test('a reset breaks both sides', async t => {
  const { proxy, client, server } = await openStage(t)
  const broken = Promise.all([closed(client), closed(server)])
  proxy.reset()
  await broken
  t.ok(client.destroyed && server.destroyed)
})

t.test('a black hole keeps what was sent, and brings it when it has ended', async t => {
  const { proxy, client, server } = await openStage(t)
  proxy.setLine({ kind: 'blackhole' })
  client.write('late')
  const witness = await openStage(t)
  witness.client.write('in time')
  await read(witness.client, 7)
  t.equal(server.bytesRead, 0, 'nothing has arrived, though others’ answers have')
  proxy.setLine({ kind: 'pass' })
  t.equal(await read(client, 4), 'late')
})

t.test('a side that closes during a black hole is not known to the other one before it ends', async t => {
  const { proxy, client, server } = await openStage(t)
  proxy.setLine({ kind: 'blackhole' })
  client.destroy()
  await once(client, 'close')
  t.notOk(server.readableEnded || server.destroyed)
  const closed = once(server, 'close')
  proxy.setLine({ kind: 'pass' })
  await closed
})

t.test('a dripping line brings the answer byte by byte', async t => {
  const { proxy, client } = await openStage(t)
  const pieces: number[] = []
  client.on('data', (piece: Buffer) => { pieces.push(piece.length) })
  proxy.setLine({ kind: 'drip', bytesPerSecond: 50 })
  client.write('abcdefgh')
  while (pieces.reduce((sum, length) => sum + length, 0) < 8) await once(client, 'data')
  t.ok(pieces.length > 1, `${pieces.length} pieces`)
})

t.test('a slow line brings everything in its order', async t => {
  const { proxy, client } = await openStage(t)
  proxy.setLine({ kind: 'delay', ms: 20 })
  client.write('one')
  client.write('two')
  t.equal(await read(client, 6), 'onetwo')
})
