import { chown, mkdir, readFile, readdir, stat } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { t, type Test } from 'tap'
import { createApiClient, startRedis } from '@insights/testkit'
import { makeTestDirectory } from '@insights/testkit/data-directory'
import { startMongo } from '@insights/testkit/mongo-server'
import { compose, environmentOf } from '../compose.js'
import { buildImage, whyNoImage, type BuiltImage } from './built-image.js'
import { runContainer, startContainer, type Container, type ContainerOptions } from './container.js'

const TOKEN = 'a-token-of-our-own-choice-for-the-tests'
const HERE = { HOST: '127.0.0.1', PORT: '0', WORKER_PORT: '0' }
const ANNOUNCED = /Insights is running at (\S+)/
const LOGGED = /"url":"([^"]+)"/
const LIMIT_BYTES = 300e6

/** A directory as a fresh volume is: it belongs to the image's user. */
async function makeVolume (t: Test, image: BuiltImage): Promise<string> {
  const volume = join(makeTestDirectory(t), 'volume')
  await mkdir(volume)
  const [uid = NaN, gid = NaN] = image.config.User.split(':').map(Number)
  await chown(volume, uid, gid)
  return volume
}

function start (t: Test, image: BuiltImage, options: ContainerOptions): Container {
  const container = startContainer(image, options)
  t.teardown(async () => {
    container.signal('SIGKILL')
    await container.ended
  })
  return container
}

async function stop (container: Container): Promise<number | null> {
  container.signal('SIGTERM')
  return (await container.ended).code
}

/** The image's own check, with the variables that a container has; resolves with its exit code. */
async function check (image: BuiltImage, env: Record<string, string>): Promise<number | null> {
  const [kind, ...command] = image.config.Healthcheck.Test
  if (kind !== 'CMD') throw new Error(`A shell is asked for: ${String(kind)}`)
  return (await runContainer(image, { command, env })).code
}

t.test('the image', { skip: whyNoImage() }, async t => {
  const image = await buildImage()
  t.teardown(image.remove)
  const filesOf = async (directory: string): Promise<string[]> =>
    (await readdir(join(image.root, directory), { recursive: true, withFileTypes: true }))
      .filter(entry => !entry.isDirectory())
      .map(entry => join('/', relative(image.root, join(entry.parentPath, entry.name))))

  t.test('is small', async t => {
    t.comment(`${Math.round(image.sizeBytes / 1e6)} MB, with node ${process.version} and no other base`)
    t.ok(image.sizeBytes < LIMIT_BYTES)
  })

  t.test('is run as a user that is not root, by a command without a shell', async t => {
    t.match(image.config.User, /^[1-9]\d*:[1-9]\d*$/)
    t.match(image.config, { WorkingDir: '/app', StopSignal: 'SIGTERM', Cmd: ['node', 'apps/standalone/dist/main.js'] })
    t.notOk(image.config.Entrypoint?.length)
    t.ok(image.config.Env.includes('NODE_ENV=production'))
    t.ok(image.config.Env.includes('HOST=0.0.0.0'), 'its ports can be reached from outside of the container')
  })

  t.test('has nothing of what builds and tests it', async t => {
    const files = await filesOf('/app')
    t.ok(files.length > 1_000)
    t.same(files.filter(file => /\.(map|tsbuildinfo|[cm]?ts)$/.test(file)), [], 'no types, sources and source maps')
    t.same(files.filter(file => /^\/app\/(packages|apps)\/[^/]+\/(?!dist\/|node_modules\/|package\.json$)/.test(file)), [])
    t.notOk(files.some(file => file.startsWith('/app/packages/testkit/')))
    t.same(['npm', 'npx', 'corepack', 'yarn'].filter(name => existsSync(join(image.root, 'usr/local/bin', name))), [])
    t.notOk(existsSync(join(image.root, 'usr/local/lib/node_modules')))
  })

  t.test('has the dependencies of production and no others', async t => {
    const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8'))
    const manifests = (await filesOf('/app')).map(file => file.slice('/app/'.length))
      .flatMap(file => /^(.*node_modules\/(?:@[^/]+\/)?[^/@]+)\/package\.json$/.exec(file)?.[1] ?? [])
      .filter(path => path in packages)
    t.ok(manifests.includes('node_modules/fastify') && manifests.includes('node_modules/mongoose'))
    t.same(manifests.filter(path => packages[path].dev === true), [])
    t.same(manifests.filter(path => /\/(typescript|eslint|tap)$/.test(path)), [])
  })

  t.test('has no file that its user could change, but for /data', async t => {
    for (const file of await filesOf('/app')) {
      const { uid, mode } = await stat(join(image.root, file))
      if (uid !== 0 || (mode & 0o022) !== 0) t.fail(`${file} can be changed`)
      if ((mode & 0o004) === 0) t.fail(`${file} can not be read`)
    }
    t.equal((await stat(join(image.root, 'data'))).uid, Number.parseInt(image.config.User))
  })

  t.test('can not be written to when it runs', async t => {
    const command = ['node', '-e', "fs.writeFileSync('/tmp/file', ''); fs.writeFileSync('/app/file', '')"]
    t.match((await runContainer(image, { command })).stderr, /EROFS.*\/app\/file/)
  })

  t.test('runs the standalone service on a volume, as process 1, and keeps what it was told', async t => {
    const data = await makeVolume(t, image)
    const env = { ...HERE, BOOTSTRAP_TOKEN: TOKEN }
    const first = start(t, image, { data, env })
    const url = await first.printed(ANNOUNCED)
    const { status, body } = await createApiClient(url, TOKEN).post('/api/user_insights/', { twitter_handle: 'gigpro' })
    t.equal(status, 201)
    t.equal((await createApiClient(url, TOKEN).refreshed(body.id)).body.twitter_followers_count, 4546)
    const { port } = new URL(url)
    t.equal(await check(image, { PORT: port }), 0, 'healthy')
    t.equal(await stop(first), 0, 'it ends in order on SIGTERM')
    t.equal(await check(image, { PORT: port }), 1, 'not healthy')

    const second = start(t, image, { data, env })
    const read = await createApiClient(await second.printed(ANNOUNCED), TOKEN).get(`/api/user_insights/${String(body.id)}`)
    t.equal(read.body.twitter_handle, 'gigpro')
    t.equal(await stop(second), 0)
  })

  for (const name of ['api', 'worker'] as const) {
    t.test(`refuses to run the ${name} without its settings, and names them all`, async t => {
      const { code, stderr } = await runContainer(image, { command: compose.services[name].command })
      t.equal(code, 1)
      for (const variable of ['STORAGE', 'QUEUE', 'MONGO_URL', 'REDIS_URL']) t.match(stderr, variable)
    })
  }

  t.test('runs migration, API and three workers as the compose file does', async t => {
    const [mongo, redis] = await Promise.all([startMongo(), startRedis()])
    t.teardown(async () => { await Promise.all([mongo.stop(), redis.stop()]) })
    const servers = { MONGO_URL: mongo.url('insights'), REDIS_URL: redis.url }
    const optionsOf = (name: 'migrate' | 'api' | 'worker'): ContainerOptions & { env: Record<string, string> } => {
      const { [name]: service } = compose.services
      return { command: service.command, env: { ...environmentOf(service, { BOOTSTRAP_TOKEN: TOKEN }), ...HERE, ...servers } }
    }
    t.equal((await runContainer(image, optionsOf('migrate'))).code, 0)
    t.equal((await runContainer(image, optionsOf('migrate'))).code, 0, 'a second time as well')

    const api = start(t, image, optionsOf('api'))
    const workers = [1, 2, 3].map(() => start(t, image, optionsOf('worker')))
    const url = await api.printed(LOGGED)
    const workerUrls = await Promise.all(workers.map(async worker => await worker.printed(LOGGED)))
    t.equal(new Set(workerUrls).size, 3)
    const client = createApiClient(url, TOKEN)
    const { status, body } = await client.post('/api/user_insights/', { has_about: true, twitter_handle: 'gigpro' })
    t.equal(status, 201)
    t.equal((await client.refreshed(body.id)).body.insight_score, '4.00', 'scored by a worker, though no platform is live')

    const makeToken = ['node', 'apps/token-cli/dist/main.js', 'create', '--name', 'host', '--scopes', 'read']
    const { stdout: token } = await runContainer(image, { ...optionsOf('api'), command: makeToken })
    t.equal((await createApiClient(url, token.trim()).get(`/api/user_insights/${String(body.id)}`)).status, 200, 'for a new token too')

    t.equal(await check(image, { PORT: new URL(url).port, WORKER_PORT: '1' }), 0, 'the API is healthy')
    t.equal(await check(image, { PORT: '1', WORKER_PORT: new URL(workerUrls[0] as string).port }), 0, 'a worker is healthy')
    t.same(await Promise.all([api, ...workers].map(stop)), [0, 0, 0, 0], 'all end in order on SIGTERM')
  })
})
