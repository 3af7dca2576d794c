import { t } from 'tap'
import { findMongo, startMongo, useMongo } from '../src/mongo-server.js'

const NOTHING = { PATH: '', INSIGHTS_TOOLS_DIR: '/nowhere' }

t.test('a machine without MongoDB skips the tests with the reason, and CI never does', async t => {
  t.match(findMongo(NOTHING), { sharedUrl: null, skip: /MONGO_URL/, skipOwn: /mongod/ })
  t.same(findMongo({ ...NOTHING, CI: 'true' }), { sharedUrl: null, skip: false, skipOwn: false })
  await t.rejects(startMongo({ env: { ...NOTHING, CI: 'true' } }), { message: /install one/ })
})

t.test('a server that the environment names is used for what needs no server of its own', async t => {
  const urls = {
    'mongodb://h:1': 'mongodb://h:1/mine',
    'mongodb://h:1/?replicaSet=rs': 'mongodb://h:1/mine?replicaSet=rs',
    'mongodb://h:1,i:2/theirs?w=1': 'mongodb://h:1,i:2/mine?w=1',
    'mongodb+srv://u:p@h/theirs': 'mongodb+srv://u:p@h/mine?authSource=theirs',
    'mongodb://u:p@h/theirs?authSource=admin': 'mongodb://u:p@h/mine?authSource=admin'
  }
  for (const [url, expected] of Object.entries(urls)) {
    const env = { ...NOTHING, MONGO_URL: url }
    t.match(findMongo(env), { sharedUrl: url, skip: false, skipOwn: String })
    const server = await useMongo(env)
    t.equal(server.url('mine'), expected)
    await t.resolves(server.stop())
  }
})

t.test('a server of our own is a primary, keeps its data when it is killed, and fails on demand', { skip: findMongo().skipOwn }, async t => {
  const server = await startMongo()
  t.teardown(async () => { await server.stop() })
  t.match(await server.admin({ hello: 1 }), { isWritablePrimary: true, setName: String })
  await server.admin({ insert: 'kept', documents: [{ _id: 1 }] })
  await server.kill()
  await t.rejects(server.admin({ ping: 1 }))
  await server.restart()
  const find = { find: 'kept', filter: {} }
  t.match(await server.admin(find), { cursor: { firstBatch: [{ _id: 1 }] } })
  await server.failCommand({ failCommands: ['find'], errorCode: 91 })
  await t.rejects(server.admin(find), { code: 91 })
  await server.stopFailing()
  await t.resolves(server.admin(find))
})

t.test('a standalone server says that it is one', { skip: findMongo().skipOwn }, async t => {
  const server = await startMongo({ isStandalone: true })
  t.teardown(async () => { await server.stop() })
  t.notOk((await server.admin({ hello: 1 }))['setName'])
})
