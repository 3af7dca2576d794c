import { runService, startService, createApiClient, type Ending } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'
import { findMongo, useMongo } from '@insights/testkit/mongo-server'
import { t } from 'tap'

const CLI = 'apps/token-cli/dist/main.js'
const SERVICE = ['apps/standalone/dist/main.js']
const CREATE = ['create', '--name', 'host', '--scopes', 'read,write']

const call = async (env: Record<string, string>, ...args: string[]): Promise<Ending> => await runService({ node: [CLI, ...args], env })

t.test('on the embedded database: tokens made while the service is stopped work when it runs', async t => {
  const dir = await makeDataDirectory(t)
  const created = await call({ DATA_DIR: dir }, ...CREATE)
  t.match([created.code, created.signal], [0, null], created.stderr)
  const token = created.stdout.trim()
  const service = await startService({ node: SERVICE, env: { DATA_DIR: dir } })
  t.teardown(async () => { await service.end('SIGKILL') })
  t.notMatch(service.stdout(), /ins_/, 'there is a token already, so none is made')
  t.equal((await createApiClient(service.url, token).post('/api/user_insights/', {})).status, 201)

  const refused = await call({ DATA_DIR: dir }, 'list')
  t.match([refused.code, refused.stdout], [1, ''])
  t.match(refused.stderr, /^insights: The data directory is in use by process \d+ .*\n.*\/api\/tokens/, 'while it runs the API is pointed to')
  t.equal((await createApiClient(service.url, token).get('/api/user_insights/1')).status, 200, 'and nothing is harmed')

  await service.end('SIGTERM')
  const [listed] = JSON.parse((await call({ DATA_DIR: dir }, 'list', '--json')).stdout).results
  t.match(listed, { name: 'host', last_used_at: String, is_active: true })
  t.equal((await call({ DATA_DIR: dir }, 'revoke', listed.id)).code, 0)
})

t.test('bad configuration is one message and exit code 1', async t => {
  const { code, stdout, stderr } = await call({ PORT: 'x', LOG_LEVEL: 'loud', DATA_DIR: t.testdir() }, 'list')
  t.match([code, stdout], [1, ''])
  t.match(stderr, /^insights: The configuration is not valid[^]*PORT[^]*LOG_LEVEL/)
})

const { skip } = findMongo()
t.test('on MongoDB: the commands work beside the service', { skip }, async t => {
  const server = await useMongo()
  t.teardown(server.stop)
  const env = { STORAGE: 'mongo', QUEUE: 'redis', MONGO_URL: server.url(`tokens_${process.pid}`), REDIS_URL: 'redis://127.0.0.1:1' }
  const created = JSON.parse((await call(env, ...CREATE, '--json')).stdout)
  const rotated = JSON.parse((await call(env, 'rotate', created.id, '--overlap-seconds', '0', '--json')).stdout)
  t.equal((await call(env, 'revoke', rotated.id)).code, 0)
  const { results } = JSON.parse((await call(env, 'list', '--json')).stdout)
  t.match(results, [{ id: created.id, is_active: false, revoked_at: null }, { id: rotated.id, is_active: false, revoked_at: String }])
})

t.test('a store that is away is a failure within seconds, without its address', async t => {
  const env = { STORAGE: 'mongo', QUEUE: 'redis', MONGO_URL: 'mongodb://someone:the-password@127.0.0.1:1/x', REDIS_URL: 'redis://127.0.0.1:1' }
  const { code, stdout, stderr } = await call(env, 'list')
  t.match([code, stdout], [1, ''])
  t.match(stderr, /^insights: /)
  t.notMatch(stderr, 'the-password')
})
