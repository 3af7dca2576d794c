import { once } from 'node:events'
import { connect } from 'node:net'
import { t } from 'tap'
import { findRedis, startRedis, type RedisServer } from '../src/redis-server.js'

const { skipOwn: skip } = findRedis()

/** What the server answers to one command; `null`: it can not be reached. */
async function ask (server: RedisServer, command: string): Promise<string | null> {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  try {
    await once(socket, 'connect')
    socket.write(`${command}\r\n`)
    const [reply] = await once(socket, 'data')
    return String(reply)
  } catch {
    return null
  } finally {
    socket.destroy()
  }
}

t.test('without a binary and an address tests are to be skipped, and in CI they are not', async t => {
  t.match(findRedis({ PATH: '' }), { sharedUrl: null, skip: /REDIS_URL/, skipOwn: /PATH/ })
  t.same(findRedis({ PATH: '', CI: 'true' }), { sharedUrl: null, skip: false, skipOwn: false })
})

t.test('a named server is used, but not for tests that need one of their own', async t => {
  const found = findRedis({ PATH: '/nowhere', REDIS_URL: 'redis://elsewhere:6379' })
  t.match(found, { sharedUrl: 'redis://elsewhere:6379', skip: false, skipOwn: /PATH/ })
})

t.test('a killed server is away until it is restarted, with its data', { skip }, async t => {
  const server = await startRedis()
  t.teardown(async () => { await server.stop() })
  t.equal(await ask(server, 'SET key value'), '+OK\r\n')
  await server.kill()
  t.equal(await ask(server, 'PING'), null)
  await server.restart()
  t.equal(await ask(server, 'GET key'), '$5\r\nvalue\r\n')
})

t.test('a paused server answers when it is resumed', { skip }, async t => {
  const server = await startRedis()
  t.teardown(async () => { await server.stop() })
  await server.pause()
  let hasAnswered = false
  const reply = ask(server, 'PING').then(reply => { hasAnswered = true; return reply })
  const other = await startRedis()
  t.equal(await ask(other, 'PING'), '+PONG\r\n', 'another server had time to start and answer')
  await other.stop()
  t.equal(hasAnswered, false)
  server.resume()
  t.equal(await reply, '+PONG\r\n')
})

t.test('a stopped server can be stopped again', { skip }, async t => {
  const server = await startRedis()
  await server.stop()
  await server.stop()
  t.equal(await ask(server, 'PING'), null)
})
