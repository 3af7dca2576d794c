/** Every form of address against real servers: a refresh is added and run, and all is closed. */
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findRedis, freePort, startRedis, startSentinel, type RedisServer } from '@insights/testkit'
import { t, type Test } from 'tap'
import { openLimitStore } from '../../src/limit-store.js'
import { openQueues } from '../../src/open.js'
import type { JobQueues } from '../../src/port.js'
import { createRecordingLog, type RecordingLog } from '../recording-log.js'
import { openRedis } from '../redis-lab.js'
import { until } from '../until.js'

const skip = findRedis().skipOwn
const CARRIER = fileURLToPath(new URL('../fixtures/carry-refresh.js', import.meta.url))
const PASSWORD = 'p@ss:w/rd?#1%'

interface Service {
  queues: JobQueues
  log: RecordingLog
  seen: number[]
  plans: () => number
  close: () => Promise<void>
}

/** Queues at the address and a worker on them. */
async function openService (t: Test, url: string): Promise<Service> {
  const log = createRecordingLog()
  const queues = await openQueues({ backend: { kind: 'redis', url }, log, timing: { lockMs: 1_000, stalledCheckMs: 200 } })
  t.teardown(async () => { await queues.close() })
  const seen: number[] = []
  let plans = 0
  const processing = await queues.startProcessing({
    refresh: async job => { seen.push(...job.ids) }, plan: async () => { plans++ }
  })
  const close = async (): Promise<void> => {
    await processing.close()
    await queues.close()
  }
  t.teardown(close)
  return { queues, log, seen, plans: () => plans, close }
}

/** Adds jobs of each kind, sees them run, and closes everything. */
async function assertItCarries (t: Test, { queues, log, seen, plans, close }: Service): Promise<void> {
  await queues.schedulePlanner(100)
  await queues.enqueueRefresh(7)
  await queues.enqueueRefreshBatch([8, 9])
  await queues.ping()
  await until(() => seen.length >= 3 && plans() >= 2)
  await until(async () => (await queues.countRefreshJobs()).active === 0)
  await close()
  t.same(seen, [7, 8, 9])
  t.same(log.entries.filter(({ level }) => level === 'error'), [])
}

async function openServer (t: Test, settings: Record<string, string> = {}): Promise<RedisServer> {
  const server = await startRedis({ settings })
  t.teardown(server.stop)
  return server
}

/** A cluster of one node that has all slots. */
async function openCluster (t: Test, settings: Record<string, string> = {}): Promise<RedisServer> {
  const ours = { 'cluster-enabled': 'yes', 'cluster-port': String(await freePort()), 'cluster-announce-ip': '127.0.0.1' }
  const server = await openServer(t, { ...ours, ...settings })
  const admin = openRedis(t, server.url)
  await admin.cluster('ADDSLOTSRANGE', 0, 16_383)
  await until(async () => String(await admin.cluster('INFO')).includes('cluster_state:ok'))
  return server
}

/** A certificate for the loopback that has signed itself, and the settings of a server that shows it at `port`. */
async function openTls (t: Test, isCluster: boolean): Promise<{ ca: string, port: number, settings: Record<string, string> }> {
  const [directory, port] = [t.testdir(), await freePort()]
  const [key, ca] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key,
    '-out', ca, '-days', '2', '-subj', '/CN=insights', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'], { stdio: 'ignore' })
  const settings = {
    'tls-port': String(port), 'tls-cert-file': ca, 'tls-key-file': key, 'tls-ca-cert-file': ca, 'tls-auth-clients': 'no'
  }
  return { ca, port, settings: isCluster ? { ...settings, 'tls-cluster': 'yes' } : settings }
}

/** What the carrier says; Node reads the list of certificates once, when a process starts. */
async function carry (url: string, env: Record<string, string> = {}): Promise<unknown[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [CARRIER, url], { env })
  return stdout.trim().split('\n').map(line => JSON.parse(line))
}

t.test('user, password and database of one server are used', { skip }, async t => {
  const server = await openServer(t)
  const admin = openRedis(t, server.url)
  await admin.acl('SETUSER', 'insights', 'on', `>${PASSWORD}`, '~{insights}*', '&*', '+@all')
  await admin.acl('SETUSER', 'default', 'resetpass', '-@all', '+select', '+dbsize', '+acl')
  const url = server.url.replace('//', `//insights:${encodeURIComponent(PASSWORD)}@`)
  await assertItCarries(t, await openService(t, `${url}/3`))
  t.equal(await admin.dbsize(), 0)
  await admin.select(3)
  t.ok(await admin.dbsize() > 0)
})

t.test('TLS is spoken with a server whose certificate Node trusts', { skip }, async t => {
  const { ca, port, settings } = await openTls(t, false)
  await openServer(t, settings)
  for (const host of ['127.0.0.1', 'localhost']) {
    t.same(await carry(`rediss://${host}:${port}`, { NODE_EXTRA_CA_CERTS: ca }), [{ level: 'info', message: 'ran 7' }], host)
  }
  t.match(await carry(`rediss://127.0.0.1:${port}`), [
    { level: 'error', code: 'DEPTH_ZERO_SELF_SIGNED_CERT', message: /connection to Redis fails/ },
    { level: 'error', code: 'INS_QUEUE_UNAVAILABLE', message: 'not added' }
  ], 'any other is refused')
})

t.test('a cluster carries jobs and rate limits', { skip }, async t => {
  const server = await openCluster(t)
  const url = server.url.replace('redis:', 'redis+cluster:')
  await assertItCarries(t, await openService(t, url))
  const { redis, close } = await openLimitStore(url)
  t.teardown(close)
  redis.defineCommand('countUp', { lua: "return redis.call('INCR', KEYS[1])", numberOfKeys: 1 })
  const countUp = async (): Promise<unknown> => await (redis as unknown as { countUp: (key: string) => Promise<unknown> }).countUp('a')
  t.same([await countUp(), await countUp()], [1, 2], 'rate limits count there too')
})

t.test('a cluster is reached with TLS and a password', { skip }, async t => {
  const { ca, port, settings } = await openTls(t, true)
  const server = await openCluster(t, settings)
  await openRedis(t, server.url).config('SET', 'requirepass', PASSWORD)
  const url = `rediss+cluster://default:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`
  t.same(await carry(url, { NODE_EXTRA_CA_CERTS: ca }), [{ level: 'info', message: 'ran 7' }])
  t.match(await carry(url), [
    { level: 'error', message: /connection to Redis fails/ }, { level: 'error', code: 'INS_QUEUE_UNAVAILABLE', message: 'not added' }
  ], 'any other certificate is refused')
})

t.test('workers that close while they are still reaching a cluster say nothing of it', { skip }, async t => {
  const server = await openCluster(t)
  for (let turns = 0; turns < 40; turns++) {
    const service = await openService(t, server.url.replace('redis:', 'redis+cluster:'))
    for (let turn = 0; turn < turns; turn++) await new Promise(resolve => { setImmediate(resolve) })
    await service.close()
    t.same(service.log.entries.filter(({ level }) => level === 'error'), [], `closed after ${turns} turns of the event loop`)
  }
})

t.test('a cluster that dies fails calls at once, and all goes on when it is back', { skip }, async t => {
  const server = await openCluster(t)
  const service = await openService(t, server.url.replace('redis:', 'redis+cluster:'))
  await service.queues.enqueueRefresh(1)
  await until(() => service.seen.length === 1)
  await server.kill()
  await until(async () => await service.queues.ping().then(() => false, () => true))
  const startedAt = performance.now()
  await t.rejects(service.queues.enqueueRefresh(2), { code: 'INS_QUEUE_UNAVAILABLE' })
  t.ok(performance.now() - startedAt < 5_000, 'a call does not wait for the cluster')
  await server.restart()
  await until(async () => await service.queues.enqueueRefresh(3).then(() => true, () => false))
  await until(() => service.seen.includes(3))
  await server.kill()
  await until(async () => await service.queues.ping().then(() => false, () => true))
  await service.close()
  t.pass('closing ends while it is down')
})

t.test('a cluster that is not made yet is waited for, and closing does not wait', { skip }, async t => {
  const port = String(await freePort())
  const server = await openServer(t, { 'cluster-enabled': 'yes', 'cluster-port': port, 'cluster-announce-ip': '127.0.0.1' })
  const url = server.url.replace('redis:', 'redis+cluster:')
  const [early, patient] = [await openService(t, url), await openService(t, url)]
  await t.rejects(early.queues.enqueueRefresh(1), { code: 'INS_QUEUE_UNAVAILABLE' })
  await early.close()
  await openRedis(t, server.url).cluster('ADDSLOTSRANGE', 0, 16_383)
  await until(async () => await patient.queues.enqueueRefresh(1).then(() => true, () => false))
  await until(() => patient.seen.length === 1)
  await patient.close()
  t.same([early.seen, patient.seen], [[], [1]])
})

t.test('fault 12: a cluster whose nodes may evict jobs is refused', { skip }, async t => {
  const server = await openCluster(t, { 'maxmemory-policy': 'allkeys-lru' })
  const url = server.url.replace('redis:', 'redis+cluster:')
  await t.rejects(openQueues({ backend: { kind: 'redis', url }, log: createRecordingLog() }), { code: 'INS_CONFIG_INVALID', message: /noeviction/ })
})

t.test('the master that Sentinel names is used, and then the one that takes its place', { skip }, async t => {
  const [master, replica] = [await openServer(t), await openServer(t)]
  const admin = openRedis(t, replica.url)
  await admin.replicaof('127.0.0.1', Number(new URL(master.url).port))
  await until(async () => (await admin.info('replication')).includes('master_link_status:up'))
  const sentinel = await startSentinel(master.url, 'insights')
  t.teardown(sentinel.stop)
  // The Sentinel hears of the replica from the master, and can not replace the master before.
  const watch = openRedis(t, sentinel.url)
  await until(async () => (await watch.call('SENTINEL', 'REPLICAS', 'insights') as unknown[]).length === 1)
  const url = `${sentinel.url.replace('redis:', 'redis+sentinel:').replace('//', '//127.0.0.1:1,')}/insights/2`
  await assertItCarries(t, await openService(t, url))
  const service = await openService(t, url)
  await service.queues.enqueueRefresh(1)
  await until(() => service.seen.includes(1))
  await master.kill()
  await until(async () => await service.queues.enqueueRefresh(2).then(() => true, () => false), 30_000)
  await until(() => service.seen.includes(2))
  t.match(await admin.info('replication'), 'role:master')
  await sentinel.kill()
  await replica.kill()
  await until(async () => await service.queues.ping().then(() => false, () => true))
  await service.close()
  t.pass('closing ends when everything is down')
})
