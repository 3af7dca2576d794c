import { findRedis, startRedis, type RedisServer, type RedisServerOptions } from '@insights/testkit'
import type { Redis } from 'ioredis'
import { t, type Test } from 'tap'
import { openQueues } from '../src/open.js'
import type { JobQueues } from '../src/port.js'
import { findFaults } from '../src/redis-settings.js'
import { createRecordingLog, type RecordingLog } from './recording-log.js'
import { openRedis } from './redis-lab.js'
import { until } from './until.js'

const skip = findRedis().skipOwn
const REMEDY = 'CONFIG SET maxmemory-policy noeviction'

interface Stage {
  server: RedisServer
  admin: Redis
  log: RecordingLog
  open: (url?: string) => Promise<JobQueues>
}

async function openStage (t: Test, options: RedisServerOptions = {}): Promise<Stage> {
  const server = await startRedis(options)
  t.teardown(server.stop)
  const log = createRecordingLog()
  return {
    server,
    admin: openRedis(t, server.url),
    log,
    open: async (url = server.url) => {
      const queues = await openQueues({ backend: { kind: 'redis', url }, log })
      t.teardown(async () => { await queues.close() })
      return queues
    }
  }
}

const evictionErrors = (log: RecordingLog): number => log.entries
  .filter(({ level, message }) => level === 'error' && message.includes(REMEDY)).length

t.test('fault 12: a Redis that may evict jobs is refused at the start, with the remedy', { skip }, async t => {
  const { admin, log, open } = await openStage(t)
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
  const error: Error = await open().then(() => new Error('It was opened'), error => error)
  t.match(error, { code: 'INS_CONFIG_INVALID', message: /^REDIS_URL .*allkeys-lru.*CONFIG SET maxmemory-policy noeviction/ })
  t.same(log.entries, [])
  await until(async () => Number(/connected_clients:(\d+)/.exec(await admin.info('clients'))?.[1]) === 1)
  t.pass('no connection is left open')
  await admin.config('SET', 'maxmemory-policy', 'noeviction')
  await t.resolves(open(), 'the remedy helps')
})

t.test('fault 12: a Redis that may evict jobs when it comes, or comes back, is reported each time', { skip }, async t => {
  const { server, log, open } = await openStage(t, { settings: { 'maxmemory-policy': 'volatile-ttl' } })
  await server.kill()
  const queues = await open()
  t.equal(evictionErrors(log), 0)
  for (const times of [1, 2]) {
    await server.restart()
    await until(() => evictionErrors(log) === times)
    await queues.enqueueRefresh(times)
    await server.kill()
    await until(async () => await queues.ping().then(() => false, () => true))
  }
  t.equal(evictionErrors(log), 2)
})

t.test('a Redis that keeps its jobs in memory alone is warned about', { skip }, async t => {
  const { admin, log, open } = await openStage(t)
  await admin.config('SET', 'appendonly', 'no')
  await open()
  t.match(log.entries, [{ level: 'warn', details: { appendonly: 'no', save: '' }, message: /appendonly/ }])
  t.equal(log.entries.length, 1)
})

t.test('a Redis that saves its jobs in one way or the other is not warned about', { skip }, async t => {
  const { admin, log, open } = await openStage(t)
  await open()
  await admin.config('SET', 'save', '60 1')
  await admin.config('SET', 'appendonly', 'no')
  await open()
  t.same(log.entries, [])
})

t.test('a user who may not ask for the settings is warned once, and can do everything', { skip }, async t => {
  const { server, admin, log, open } = await openStage(t)
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
  await admin.acl('SETUSER', 'insights', 'on', '>word', '~{insights}*', '&*', '+@all', '-info', '-config')
  const queues = await open(server.url.replace('//', '//insights:word@'))
  const seen: number[] = []
  const processing = await queues.startProcessing({ refresh: async job => { seen.push(...job.ids) }, plan: async () => {} })
  await queues.enqueueRefresh(7)
  await until(() => seen.length === 1)
  await processing.close()
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await until(async () => await queues.enqueueRefresh(8).then(() => true, () => false))
  const warnings = log.entries.filter(({ level }) => level === 'warn')
  t.match(warnings, [{ message: /may not run INFO/ }])
  t.equal(warnings.length, 1)
})

t.test('a version before 6.2 is a fault, and what is not told is none', async t => {
  const faultsOf = (version: string): string[] => findFaults(`# Server\r\nredis_version:${version}\r\nos:x\r\n`)
  for (const version of ['5.0.7', '6.0.16', '2.8.0']) t.match(faultsOf(version), [new RegExp(`${version}: use 6.2 or later`)])
  for (const version of ['6.2.0', '7.0.15', '8.2', '10.0.1', '255.255.255']) t.same(faultsOf(version), [], version)
  t.same(findFaults(''), [])
  t.equal(findFaults('redis_version:5.0.0\r\nmaxmemory_policy:allkeys-lfu\r\n').length, 2, 'all faults at once')
})
