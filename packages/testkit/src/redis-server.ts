/** Redis for tests: a server of their own, which they may kill, freeze and fill without harm to anybody. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from './free-port.js'
import { freeze } from './freeze.js'

const BINARY = 'redis-server'
const HOST = '127.0.0.1'
const START_LIMIT_MS = 10_000

export interface RedisServer {
  url: string
  /** Where its data lie. */
  directory: string
  /** Stops it and removes its data. Idempotent. */
  stop: () => Promise<void>
  /** Kills it with SIGKILL, as a crash would. Its data stay. */
  kill: () => Promise<void>
  /** Starts it again on the same port and data, after `kill`. */
  restart: () => Promise<void>
  /** Freezes it: connections stay up and nothing is answered. */
  pause: () => Promise<void>
  resume: () => void
}

/** Which Redis a test may use. */
export interface RedisForTests {
  /** The server that the environment names; `null`: none. It belongs to others: flush and stop nothing there. */
  sharedUrl: string | null
  /** Why tests that need any Redis are to be skipped; `false`: run them. */
  skip: string | false
  /** The same for tests that need one of their own, made with `startRedis`. */
  skipOwn: string | false
}

/** Looks for `REDIS_URL` and for the server's binary. With `CI=true` a missing Redis is a failure, never a skip. */
export function findRedis (env: NodeJS.ProcessEnv = process.env): RedisForTests {
  const sharedUrl = env['REDIS_URL'] ?? null
  const mayRun = env['CI'] === 'true' || isOnPath(BINARY, env['PATH'] ?? '')
  return {
    sharedUrl,
    skip: mayRun || sharedUrl !== null ? false : `no ${BINARY} on the PATH and no REDIS_URL`,
    skipOwn: mayRun ? false : `no ${BINARY} on the PATH`
  }
}

export interface RedisServerOptions {
  /** Settings of its configuration file, besides ours or in their place. */
  settings?: Record<string, string>
  /** Gives its data a disk of that many bytes alone, made in memory: see `whyNoSmallDisk`. */
  diskBytes?: number
}

/** Starts a server on a free port of the loopback, with its append-only file on, in a temporary directory. */
export async function startRedis ({ settings = {}, diskBytes }: RedisServerOptions = {}): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'insights-redis-'))
  if (diskBytes !== undefined) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', directory])
  const port = await freePort()
  const ours = {
    port: String(port), bind: HOST, dir: directory, appendonly: 'yes', save: '', 'maxmemory-policy': 'noeviction'
  }
  const args = Object.entries({ ...ours, ...settings }).flatMap(([name, value]) => [`--${name}`, value])
  const server = await run(port, directory, args)
  if (diskBytes === undefined) return server
  return {
    ...server,
    stop: async () => {
      await server.kill()
      execFileSync('umount', ['--lazy', directory])
      await server.stop()
    }
  }
}

/**
 * Starts a Sentinel that watches the master at `masterUrl` alone, under that name, and replaces it when it has not
 * answered for half a second.
 */
export async function startSentinel (masterUrl: string, masterName: string): Promise<RedisServer> {
  const { hostname, port: masterPort } = new URL(masterUrl)
  const directory = await mkdtemp(join(tmpdir(), 'insights-sentinel-'))
  const port = await freePort()
  const file = join(directory, 'sentinel.conf')
  await writeFile(file, [
    `port ${port}`, `bind ${HOST}`, `dir ${directory}`, `sentinel monitor ${masterName} ${hostname} ${masterPort} 1`,
    `sentinel down-after-milliseconds ${masterName} 500`, `sentinel failover-timeout ${masterName} 2000`, ''
  ].join('\n'))
  return await run(port, directory, [file, '--sentinel'])
}

/** Why `startRedis` can not make a disk of its own here; `false`: it can. Mounting one is for root alone. */
export function whyNoSmallDisk (): string | false {
  return process.getuid?.() === 0 ? false : 'only root can mount a small disk'
}

async function run (port: number, directory: string, args: string[]): Promise<RedisServer> {
  let child = await launch(port, args)
  const kill = async (): Promise<void> => { await end(child, 'SIGKILL') }
  return {
    url: `redis://${HOST}:${port}`,
    directory,
    kill,
    stop: async () => {
      await kill()
      await rm(directory, { recursive: true, force: true })
    },
    restart: async () => { child = await launch(port, args) },
    pause: async () => { await freeze(child) },
    resume: () => { child.kill('SIGCONT') }
  }
}

async function launch (port: number, args: string[]): Promise<ChildProcess> {
  const child = spawn(BINARY, args, { stdio: 'ignore' })
  killWithThisProcess(child)
  await Promise.race([untilItAnswers(port, child), failure(child)])
  return child
}

/** A test that runs out of time is ended with SIGTERM, which gives no `exit` event by itself. */
function killWithThisProcess (child: ChildProcess): void {
  const onExit = (): void => { child.kill('SIGKILL') }
  const onSignal = (signal: NodeJS.Signals): void => {
    onExit()
    process.kill(process.pid, signal)
  }
  process.once('exit', onExit).once('SIGTERM', onSignal).once('SIGINT', onSignal)
  child.once('exit', () => { process.off('exit', onExit).off('SIGTERM', onSignal).off('SIGINT', onSignal) })
}

async function failure (child: ChildProcess): Promise<never> {
  const [reason] = await once(child, 'exit')
  throw new Error(`${BINARY} ended at its start (${String(reason)})`)
}

async function untilItAnswers (port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS
  while (!(await answersPing(port))) {
    if (child.exitCode !== null) return
    if (Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${BINARY} did not answer within ${START_LIMIT_MS} ms`)
    }
    await delay(20)
  }
}

/** A server that still reads its data answers with an error, which is not enough. */
async function answersPing (port: number): Promise<boolean> {
  const socket = connect(port, HOST)
  try {
    await once(socket, 'connect')
    socket.write('PING\r\n')
    const [reply] = await once(socket, 'data')
    return String(reply).startsWith('+PONG')
  } catch {
    // Refused: not there yet.
    return false
  } finally {
    socket.destroy()
  }
}

async function end (child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

function isOnPath (name: string, path: string): boolean {
  return path.split(delimiter).some(directory => {
    try {
      accessSync(join(directory, name), constants.X_OK)
      return true
    } catch {
      // Not in this one.
      return false
    }
  })
}
