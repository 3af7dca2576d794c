import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { findRedis, startRedis } from '@insights/testkit'
import { t } from 'tap'
import { openQueues } from '../src/open.js'
import { createRecordingLog } from './recording-log.js'
import { openRedis } from './redis-lab.js'
import { until } from './until.js'

const skip = findRedis().skipOwn
const PASSWORD = 'p@ss:w/rd?#1'
const TLS_HANDSHAKE = 0x16

t.test('user and password of the address are used', { skip }, async t => {
  const server = await startRedis()
  t.teardown(async () => { await server.stop() })
  const admin = openRedis(t, server.url)
  await admin.acl('SETUSER', 'insights', 'on', `>${PASSWORD}`, '~{insights}*', '&*', '+@all')
  await admin.acl('SETUSER', 'default', 'off')
  const url = server.url.replace('redis://', `redis://insights:${encodeURIComponent(PASSWORD)}@`)
  const queues = await openQueues({ backend: { kind: 'redis', url }, log: createRecordingLog() })
  t.teardown(async () => { await queues.close() })
  await queues.enqueueRefresh(7)
  t.equal((await queues.countRefreshJobs()).waiting, 1)
})

t.test('a wrong password is reported without being shown', { skip }, async t => {
  const server = await startRedis()
  t.teardown(async () => { await server.stop() })
  await openRedis(t, server.url).acl('SETUSER', 'default', '>right', '-@all')
  const log = createRecordingLog()
  const url = server.url.replace('redis://', 'redis://insights:hunter2@')
  const queues = await openQueues({ backend: { kind: 'redis', url }, log })
  t.teardown(async () => { await queues.close() })
  const error: Error = await queues.enqueueRefresh(7).then(() => new Error('It was added'), error => error)
  t.match(error, { code: 'INS_QUEUE_UNAVAILABLE' })
  await until(() => log.has('error', 'connection to Redis fails'))
  const shown = [error, error.cause, ...log.entries.map(entry => entry.details.err)].map(showAll).join('\n')
  t.match(shown, /WRONGPASS/)
  t.notMatch(shown, /hunter2/)
})

t.test('all keys lie under the prefix, by default in one slot of a cluster', { skip }, async t => {
  const server = await startRedis()
  t.teardown(async () => { await server.stop() })
  const queues = await openQueues({ backend: { kind: 'redis', url: server.url }, log: createRecordingLog() })
  t.teardown(async () => { await queues.close() })
  await queues.enqueueRefresh(7)
  await queues.schedulePlanner(1_000)
  const keys = await openRedis(t, server.url).keys('*')
  t.ok(keys.length > 5)
  t.same(keys.filter(key => !key.startsWith('{insights}:')), [])
})

t.test('rediss: speaks TLS', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const firstByte = new Promise<number | undefined>(resolve => {
    server.once('connection', (socket: Socket) => {
      socket.on('error', () => {})
      socket.once('data', bytes => { resolve(bytes[0]); socket.destroy(); server.close() })
    })
  })
  const queues = await openQueues({
    backend: { kind: 'redis', url: `rediss://127.0.0.1:${port}` }, log: createRecordingLog()
  })
  t.teardown(async () => { await queues.close() })
  t.equal(await firstByte, TLS_HANDSHAKE)
})

/** Everything that a logger could print of an error. */
function showAll (error: unknown): string {
  return inspect(error, { depth: null, showHidden: true })
}
