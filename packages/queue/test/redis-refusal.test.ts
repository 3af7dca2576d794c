import { findRedis, startRedis } from '@insights/testkit'
import { t } from 'tap'
import { openQueues } from '../src/open.js'
import { createRecordingLog } from './recording-log.js'
import { until } from './until.js'

t.test('a worker that Redis refuses can be closed', { skip: findRedis().skipOwn }, async t => {
  const server = await startRedis()
  t.teardown(server.stop)
  const log = createRecordingLog()
  const url = server.url.replace('redis://', 'redis://insights:wrong@')
  const queues = await openQueues({ backend: { kind: 'redis', url }, log })
  t.teardown(async () => { await queues.close() })
  const processing = await queues.startProcessing({ refresh: async () => {}, plan: async () => {} })
  await until(() => log.has('error', 'connection to Redis fails'))
  await processing.close()
  t.pass('the process is not kept busy by a loop that never pauses')
})
