import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { runInNewContext } from 'node:vm'
import { t } from 'tap'
import { listVariables, loadConfig } from '@insights/config'
import { compose, composeText, environmentOf } from './compose.js'
import { findTool } from './support/find-tool.js'

const ROOT = resolve(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

const TOKEN = 'a-token-of-our-own-choice-for-the-tests'

const { services } = compose
const { mongo, redis, migrate, api, worker } = services

/** Of a command line such as `redis-server --save ''`. */
function optionOf (command: string[], name: string): string | undefined {
  const at = command.indexOf(`--${name}`)
  return at === -1 ? undefined : command[at + 1]
}

const schemaCheck = findTool('check-jsonschema')
const withoutCheck = schemaCheck === null && process.env['CI'] !== 'true' && 'no check-jsonschema on the PATH (pip install check-jsonschema)'

t.test('the compose file fits the published schema', { skip: withoutCheck }, async t => {
  const check = async (file: string): Promise<string> => {
    const args = ['--builtin-schema', 'vendor.compose-spec', file]
    return await promisify(execFile)(schemaCheck ?? 'check-jsonschema', args).then(() => 'valid', error => String(error.stdout))
  }
  t.equal(await check(join(ROOT, 'docker-compose.yml')), 'valid')
  const dir = t.testdir({ 'mistaken.yml': composeText.replace('mem_limit:', 'memory_limit:') })
  t.match(await check(join(dir, 'mistaken.yml')), /memory_limit/, 'the schema refuses what it does not know')
})

t.test('every variable in the compose file is one of the configuration', async t => {
  const known = new Set<string>(listVariables().map(variable => variable.name))
  const filledIn = [...composeText.matchAll(/\$\{?(\w+)/g)].map(match => match[1] as string)
  const handedOn = [migrate, api, worker].flatMap(service => Object.keys(service.environment))
  t.ok(filledIn.length > 20)
  for (const name of [...filledIn, ...handedOn]) t.ok(known.has(name), name)
})

t.test('every setting reaches the containers from .env, but for those that the containers decide', async t => {
  const decided = new Set(['HOST', 'PORT', 'WORKER_PORT', 'DATA_DIR'])
  const fixed = new Set(['STORAGE', 'QUEUE', 'MONGO_URL', 'REDIS_URL', 'DRAIN_SECONDS', 'SHUTDOWN_TIMEOUT_SECONDS'])
  for (const { name } of listVariables()) {
    const value = String(api.environment[name] ?? '')
    if (decided.has(name)) t.notOk(name in api.environment, `${name} is left to the image`)
    else if (fixed.has(name)) t.notMatch(value, /\$|^$/, `${name} is fixed`)
    else t.match(value, new RegExp(`^\\$\\{${name}:[-?]`), name)
  }
  t.same(worker.environment, api.environment)
})

t.test('the service takes the environment that the compose file gives it', async t => {
  const config = loadConfig(environmentOf(api, { BOOTSTRAP_TOKEN: TOKEN }), { needsServices: true })
  t.match(config, { storage: { kind: 'mongo' }, queue: { kind: 'redis' } })
  const graceMs = Number.parseInt(String(api['stop_grace_period'])) * 1000
  t.ok(graceMs > config.http.drainMs + config.shutdownTimeoutMs, 'a container ends by itself before it is killed')
})

t.test('a secret can come from a file, because the variable itself is passed on empty', async t => {
  const env = { ...environmentOf(worker, { BOOTSTRAP_TOKEN: TOKEN }), YOUTUBE_API_KEY_FILE: '/run/secrets/youtube' }
  const { platforms } = loadConfig(env, { needsServices: true, readFile: () => 'a-key\n' })
  t.same(platforms.youtube.credentials, { apiKey: 'a-key' })
})

t.test('without a first token compose refuses to start', async t => {
  t.match(String(api.environment['BOOTSTRAP_TOKEN']), /^\$\{BOOTSTRAP_TOKEN:\?.+\}$/)
})

t.test('every container is confined and limited', async t => {
  t.same(Object.keys(services).sort(), ['api', 'migrate', 'mongo', 'redis', 'worker'])
  for (const [name, service] of Object.entries(services)) {
    t.match(service, {
      read_only: true,
      init: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      pids_limit: Number,
      cpus: Number,
      mem_limit: /^\d+m$/,
      logging: { options: { 'max-size': String, 'max-file': String } }
    }, name)
    t.notOk('privileged' in service || 'cap_add' in service || 'network_mode' in service, name)
  }
})

t.test('every container that stays has a health check and is started again', async t => {
  const imageHasCheck = /^HEALTHCHECK /m.test(read('Dockerfile'))
  for (const [name, service] of Object.entries({ mongo, redis, api, worker })) {
    const ownCheck = service.healthcheck?.test !== undefined
    t.ok(ownCheck || (service.image === 'insights' && imageHasCheck), name)
    t.not(service.healthcheck?.disable, true, name)
    t.equal(service['restart'], 'unless-stopped', name)
  }
  t.match(migrate, { healthcheck: { disable: true }, restart: 'no' }, 'the migration ends')
})

t.test('only the API can be reached, and from this machine only', async t => {
  t.same(api['ports'], ['127.0.0.1:${PORT:-3000}:3000']) // eslint-disable-line no-template-curly-in-string
  for (const [name, service] of Object.entries({ mongo, redis, migrate, worker })) t.notOk('ports' in service, name)
  t.equal(compose.networks['inside']?.internal, true)
  for (const [name, service] of Object.entries({ mongo, redis, migrate })) t.same(service.networks, ['inside'], name)
})

t.test('there can be any number of workers', async t => {
  for (const key of ['container_name', 'hostname', 'ports', 'volumes', 'scale']) t.notOk(key in worker, key)
})

t.test('nothing starts before what it needs', async t => {
  t.same(migrate.depends_on, { mongo: { condition: 'service_healthy' } })
  for (const service of [api, worker]) {
    t.same(service.depends_on, {
      migrate: { condition: 'service_completed_successfully' }, redis: { condition: 'service_healthy' }
    })
  }
})

t.test('one service builds the image that three use, from the main file of their app', async t => {
  t.same(Object.values(services).filter(service => 'build' in service), [migrate])
  for (const { image, command } of [migrate, api, worker]) {
    t.equal(image, 'insights')
    const [node, main = ''] = command
    t.equal(node, 'node')
    t.ok(existsSync(join(ROOT, main.replace('/dist/', '/src/').replace(/\.js$/, '.ts'))), main)
  }
})

t.test('Redis keeps its jobs on a volume and evicts none', async t => {
  t.equal(optionOf(redis.command, 'appendonly'), 'yes')
  t.equal(optionOf(redis.command, 'appendfsync'), 'everysec')
  t.equal(optionOf(redis.command, 'maxmemory-policy'), 'noeviction')
  t.ok(Number.parseInt(String(optionOf(redis.command, 'maxmemory'))) * 2 < Number.parseInt(String(redis['mem_limit'])),
    'a rewrite of its file may need as much again')
  t.same(redis.volumes, ['redis:/data'])
})

t.test('MongoDB is the replica set that the address asks for, on a volume', async t => {
  const name = optionOf(mongo.command, 'replSet')
  t.equal(new URL(String(api.environment['MONGO_URL'])).searchParams.get('replicaSet'), name)
  t.same(mongo.volumes, ['mongo:/data/db'])
  t.same(Object.keys(compose.volumes).sort(), ['mongo', 'redis'])
})

/** Runs the health check of MongoDB on stand-ins for what its shell offers; returns what it did. */
function checkMongo ({ failure, primaryAfter }: { failure?: Error & { codeName: string }, primaryAfter: number }): {
  initiated: unknown[], exitCode: number | undefined
} {
  const initiated: unknown[] = []
  let exitCode: number | undefined
  let sleeps = 0
  runInNewContext(optionOf(mongo.healthcheck?.test as string[], 'eval') as string, {
    rs: {
      status: () => { if (failure !== undefined) throw failure },
      initiate: (settings: unknown) => { initiated.push(settings) }
    },
    db: { hello: () => ({ isWritablePrimary: sleeps >= primaryAfter }) },
    sleep: () => { sleeps += 1 },
    quit: (code: number) => { exitCode = code }
  })
  return { initiated, exitCode }
}

t.test('the health check of MongoDB makes the replica set once, then waits for its primary', async t => {
  const refusal = (codeName: string): Error & { codeName: string } => Object.assign(new Error(codeName), { codeName })
  const first = checkMongo({ failure: refusal('NotYetInitialized'), primaryAfter: 3 })
  t.equal(JSON.stringify(first.initiated), '[{"_id":"insights","members":[{"_id":0,"host":"mongo:27017"}]}]')
  t.equal(first.exitCode, 0)
  t.same(checkMongo({ primaryAfter: 0 }), { initiated: [], exitCode: 0 })
  t.same(checkMongo({ primaryAfter: Infinity }), { initiated: [], exitCode: 1 }, 'no primary: not healthy')
  t.throws(() => checkMongo({ failure: refusal('Unauthorized'), primaryAfter: 0 }), /Unauthorized/)
})

t.test('the image takes its base from arguments and does not run as root', async t => {
  const lines = read('Dockerfile').split('\n')
  const stages = lines.flatMap(line => /^FROM (\S+)/.exec(line)?.[1] ?? [])
  t.ok(stages.length > 1, 'it has several stages')
  for (const base of stages) t.match(base, /^\$\{(NODE|RUNTIME)_IMAGE\}$/)
  t.match(lines.filter(line => line.startsWith('USER ')).at(-1) ?? '', /^USER [1-9]\d*:[1-9]\d*$/)
  t.notMatch(read('Dockerfile'), /^(ARG|ENV) .*(TOKEN|SECRET|PASSWORD|KEY)/m)
})

t.test('nothing goes into the build but what is named', async t => {
  const rules = read('.dockerignore').split('\n').filter(line => line !== '' && !line.startsWith('#'))
  t.equal(rules[0], '*')
  const named = rules.filter(rule => rule.startsWith('!')).map(rule => rule.slice(1))
  t.same(named.sort(), [
    '.npmrc', 'LICENSE', 'apps', 'package-lock.json', 'package.json', 'packages', 'packages/client/package.json', 'packages/testkit/package.json',
    'tsconfig.base.json'
  ])
})
