/** MongoDB for tests: a server of their own, which they may kill, freeze and let fail without harm to anybody. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { MongoClient, type Document } from 'mongodb'
import { freePort } from './free-port.js'
import { freeze } from './freeze.js'

const HOST = '127.0.0.1'
const START_LIMIT_MS = 20_000

/** How long one look at a server that is starting may take. */
const POLL_MS = 300
const REPLICA_SET = 'insights'

/** A stand-in that speaks MongoDB's protocol, for machines where MongoDB itself can not be installed. */
const STAND_IN = 'secantusd-rs'

/** What the next commands meet with; the names are those of the server's own `failCommand`. */
export interface CommandFault {
  failCommands: string[]
  /** How often; without it until `stopFailing`. */
  times?: number
  closeConnection?: boolean
  errorCode?: number
  errorLabels?: string[]
  writeConcernError?: { code: number, errmsg: string }
  blockConnection?: boolean
  blockTimeMS?: number
}

export interface MongoServer {
  /** The connection string for a database of that name. */
  url: (database: string) => string
  host: string
  port: number
  /** Stops it and removes its data. Idempotent. */
  stop: () => Promise<void>
  /** Kills it with SIGKILL, as a crash would. Its data stay. */
  kill: () => Promise<void>
  /** Starts it again on the same port and data, after `kill`. */
  restart: () => Promise<void>
  /** Freezes it: connections stay up and nothing is answered. */
  pause: () => Promise<void>
  resume: () => void
  /** Runs a command on the `admin` database. */
  admin: (command: Document) => Promise<Document>
  failCommand: (fault: CommandFault) => Promise<void>
  stopFailing: () => Promise<void>
}

/** Which MongoDB a test may use. */
export interface MongoForTests {
  /** The server that `MONGO_URL` names; `null`: none. It belongs to others: use databases of your own there. */
  sharedUrl: string | null
  /** Why tests that need any MongoDB are to be skipped; `false`: run them. */
  skip: string | false
  /** The same for tests that need one of their own, made with `startMongo`. */
  skipOwn: string | false
}

/** Looks for `MONGO_URL` and for a server's binary. With `CI=true` a missing MongoDB is a failure, never a skip. */
export function findMongo (env: NodeJS.ProcessEnv = process.env): MongoForTests {
  const sharedUrl = env['MONGO_URL'] ?? null
  const mayRun = env['CI'] === 'true' || findBinary(env) !== null
  return {
    sharedUrl,
    skip: mayRun || sharedUrl !== null ? false : `no mongod or ${STAND_IN} on the PATH and no MONGO_URL of a replica set`,
    skipOwn: mayRun ? false : `no mongod or ${STAND_IN} on the PATH`
  }
}

/** The server that `MONGO_URL` names, or else one of our own. `stop` stops only the latter. */
export async function useMongo (env: NodeJS.ProcessEnv = process.env): Promise<Pick<MongoServer, 'url' | 'stop'>> {
  const { sharedUrl } = findMongo(env)
  if (sharedUrl === null) return await startMongo({ env })
  return { url: database => withDatabase(sharedUrl, database), stop: async () => {} }
}

/**
 * Starts a server on a free port of the loopback, with its data in a temporary directory: `mongod`, else the stand-in,
 * from the PATH or from `INSIGHTS_TOOLS_DIR` (default `~/.cache/insights-tools/bin`). A replica set of one node, unless
 * `isStandalone`.
 */
export async function startMongo (
  { isStandalone = false, env = process.env }: { isStandalone?: boolean, env?: NodeJS.ProcessEnv } = {}
): Promise<MongoServer> {
  const binary = findBinary(env)
  if (binary === null) throw new Error(`No mongod or ${STAND_IN} was found: install one, or set MONGO_URL`)
  const directory = await mkdtemp(join(tmpdir(), 'insights-mongo-'))
  const port = await freePort()
  const start = { binary, directory, port, isStandalone }
  let child = await launch(start)
  const kill = async (): Promise<void> => { await end(child) }
  return {
    url: database => urlOf(port, database),
    host: HOST,
    port,
    kill,
    stop: async () => {
      await kill()
      await rm(directory, { recursive: true, force: true })
    },
    restart: async () => { child = await launch(start) },
    pause: async () => { await freeze(child) },
    resume: () => { child.kill('SIGCONT') },
    admin: async command => await runOnAdmin(port, command),
    failCommand: async ({ times, ...data }) => {
      const mode = times === undefined ? 'alwaysOn' : { times }
      await runOnAdmin(port, { configureFailPoint: 'failCommand', mode, data })
    },
    stopFailing: async () => { await runOnAdmin(port, { configureFailPoint: 'failCommand', mode: 'off' }) }
  }
}

interface Start { binary: string, directory: string, port: number, isStandalone: boolean }

async function launch (start: Start): Promise<ChildProcess> {
  const child = spawn(start.binary, argumentsOf(start), { stdio: 'ignore' })
  const killWithUs = (): void => { child.kill('SIGKILL') }
  process.once('exit', killWithUs)
  child.once('exit', () => { process.off('exit', killWithUs) })
  await Promise.race([untilItIsPrimary(start, child), failure(child)])
  return child
}

function argumentsOf ({ binary, directory, port, isStandalone }: Start): string[] {
  const address = ['--port', String(port)]
  return isStandIn(binary)
    // Every commit is flushed, because without it this server loses acknowledged writes when it is killed.
    ? [...address, '--storage-path', directory, '--cache-size', '256M', '--log-file-max', '16MB',
        '--enable-test-commands', '--sync-on-commit', ...(isStandalone ? ['--standalone'] : [])]
    : [...address, '--bind_ip', HOST, '--dbpath', directory, '--setParameter', 'enableTestCommands=1',
        ...(isStandalone ? [] : ['--replSet', REPLICA_SET])]
}

async function failure (child: ChildProcess): Promise<never> {
  const [reason] = await once(child, 'exit')
  throw new Error(`The MongoDB server ended at its start (${String(reason)})`)
}

async function untilItIsPrimary (start: Start, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS
  while (!(await isPrimary(start))) {
    if (child.exitCode !== null || child.signalCode !== null) return
    if (Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`The MongoDB server was not ready within ${START_LIMIT_MS} ms`)
    }
    await delay(20)
  }
}

async function isPrimary ({ binary, port, isStandalone }: Start): Promise<boolean> {
  try {
    const { isWritablePrimary, setName } = await runOnAdmin(port, { hello: 1 }, POLL_MS)
    if (setName === undefined && !isStandalone && !isStandIn(binary)) await initiate(port)
    return isWritablePrimary === true
  } catch {
    // Not there yet, or not decided yet.
    return false
  }
}

async function initiate (port: number): Promise<void> {
  const members = [{ _id: 0, host: `${HOST}:${port}` }]
  await runOnAdmin(port, { replSetInitiate: { _id: REPLICA_SET, members } })
}

async function runOnAdmin (port: number, command: Document, patienceMs = 10_000): Promise<Document> {
  const client = new MongoClient(urlOf(port, 'admin'), { serverSelectionTimeoutMS: patienceMs })
  try {
    return await client.db('admin').command(command)
  } finally {
    await client.close()
  }
}

async function end (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

function urlOf (port: number, database: string): string {
  return `mongodb://${HOST}:${port}/${database}?directConnection=true`
}

/** With another database an account is still looked for where it was: that is the database of the address by default. */
function withDatabase (url: string, database: string): string {
  const [, hosts = '', named = '', options = ''] = /^([^/]*\/\/[^/?]+)\/?([^?]*)\??(.*)$/.exec(url) ?? []
  const isAccountImplied = hosts.includes('@') && named !== '' && !options.includes('authSource=')
  const all = [options, isAccountImplied ? `authSource=${named}` : ''].filter(option => option !== '').join('&')
  return `${hosts}/${database}${all === '' ? '' : `?${all}`}`
}

function findBinary (env: NodeJS.ProcessEnv): string | null {
  const cache = env['INSIGHTS_TOOLS_DIR'] ?? join(homedir(), '.cache', 'insights-tools', 'bin')
  const directories = [...(env['PATH'] ?? '').split(delimiter), cache]
  const candidates = ['mongod', STAND_IN].flatMap(name => directories.map(directory => join(directory, name)))
  return candidates.find(isExecutable) ?? null
}

function isStandIn (binary: string): boolean {
  return binary.endsWith(STAND_IN)
}

function isExecutable (path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Not there.
    return false
  }
}
