import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** The longest that a start may take; a first start makes its database, also on a busy machine. */
const START_LIMIT_MS = 90_000

export interface ServiceProcessOptions {
  /** Default: `npm start`, as a person would; otherwise arguments for node, e.g. the main file of an app. */
  node?: string[]
  /**
   * Whether the WebAssembly of the embedded database is compiled with all optimisations, as in production. It takes
   * longer than it saves where a service lives for seconds; for `node` it is left out unless this is true.
   */
  optimized?: boolean
  env: Record<string, string>
  /** What it prints when it is up, with where it listens as the first group. Default: the words of `npm start`. */
  announcement?: RegExp
}

/** How the API and a worker, as processes of their own, say in their log that they are up. */
export const LOGGED_URL = /"url":"([^"]+)"/

/** How a process ended. */
export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** A service running as a process of its own. */
export interface ServiceProcess {
  child: ChildProcess
  /** Where it listens, without a slash at the end. */
  url: string
  stdout: () => string
  /** Sends the signal and resolves when the process has ended. */
  end: (signal: NodeJS.Signals) => Promise<Ending>
  ended: Promise<Ending>
}

/**
 * Starts the service with a clean environment, `DEFAULTS` and this one, and resolves when it says where it listens.
 * @throws Error with everything it printed, when it ends or takes too long instead.
 */
export async function startService (options: ServiceProcessOptions): Promise<ServiceProcess> {
  const { announcement = /Insights is running at (\S+)/ } = options
  const { child, ended, stdout } = launch(options)
  const url = await waitForUrl(child, ended, () => announcement.exec(stdout())?.[1] ?? null)
  const end = async (signal: NodeJS.Signals): Promise<Ending> => {
    child.kill(signal)
    return await ended
  }
  return { child, url, stdout, end, ended }
}

/** Runs the service where it is expected to end by itself. */
export async function runService (options: ServiceProcessOptions): Promise<Ending> {
  return await launch(options).ended
}

/**
 * What every service of a test starts with. A machine that runs other tests too holds a service up for longer than the
 * limit now and then; requests that are turned away for it are not what tests look for.
 */
const DEFAULTS = { HOST: '127.0.0.1', PORT: '0', MAX_EVENT_LOOP_DELAY_MILLISECONDS: '0' }

function launch ({ node, optimized = false, env }: ServiceProcessOptions): {
  child: ChildProcess, ended: Promise<Ending>, stdout: () => string
} {
  const [command, args] = node === undefined
    ? ['npm', ['start']]
    : [process.execPath, optimized ? node : ['--liftoff-only', ...node]]
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(command, args, { cwd: ROOT, env: { PATH, HOME, ...DEFAULTS, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', chunk => { out += String(chunk) })
  child.stderr.on('data', chunk => { err += String(chunk) })
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => { resolve({ code, signal, stdout: out, stderr: err }) })
  })
  return { child, ended, stdout: () => out }
}

async function waitForUrl (child: ChildProcess, ended: Promise<Ending>, findUrl: () => string | null): Promise<string> {
  let stopWaiting = (): void => {}
  const url = new Promise<string>((resolve, reject) => {
    const look = (): void => {
      const found = findUrl()
      if (found !== null) resolve(found)
    }
    child.stdout?.on('data', look)
    const limit = setTimeout(() => { reject(new Error(`No start within ${START_LIMIT_MS} ms`)) }, START_LIMIT_MS)
    stopWaiting = () => {
      clearTimeout(limit)
      child.stdout?.off('data', look)
    }
  })
  const failed = ended.then(({ code, stdout, stderr }): never => {
    throw new Error(`The service ended with ${String(code)} instead of starting:\n${stdout}\n${stderr}`)
  })
  try {
    return await Promise.race([url, failed])
  } finally {
    stopWaiting()
    failed.catch(() => undefined) // it ends one day; that is not an error of the start any more
  }
}
