/** Runs commands in an image as a container engine would, with nothing but the kernel's own means. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Ending } from '@insights/testkit'
import type { BuiltImage } from './built-image.js'

export interface ContainerOptions {
  /** Default: the image's own. */
  command?: string[]
  /** On top of the image's own. */
  env?: Record<string, string>
  /** A directory of this machine, mounted at /data. */
  data?: string
}

/** A command that runs as process 1 of its own, as the image's user, on a root file system that can not be written. */
export interface Container {
  /** What it has printed, on both outputs. */
  output: () => string
  /** Resolves with what the pattern's first group finds in the output. Rejects when the command ends before. */
  printed: (pattern: RegExp) => Promise<string>
  /** Sends the signal to process 1, as stopping a container does. Not if it has ended. */
  signal: (signal: NodeJS.Signals) => void
  ended: Promise<Ending>
}

/** In namespaces of their own, mounts end with the processes. Arguments: root, data directory or '', command. */
const MOUNT_AND_RUN = `
set -e
root=$1 data=$2; shift 2
mount --bind "$root" "$root"
mount -t tmpfs -o size=64m tmpfs "$root/tmp"
if [ -n "$data" ]; then mount --bind "$data" "$root/data"; fi
mkdir -p "$root/proc" "$root/dev"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,ro,bind "$root"
exec "$@"`

/** Starts the command. It has the network of this machine: let it listen on the loopback only. */
export function startContainer (image: BuiltImage, options: ContainerOptions): Container {
  const { root, config } = image
  const [uid = '', gid = ''] = config.User.split(':')
  const env = [...config.Env, ...Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`)]
  const child = spawn('unshare', [
    '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', MOUNT_AND_RUN, 'sh', root, options.data ?? '',
    'setpriv', '--no-new-privs', 'env', '-i', ...env,
    '/usr/bin/unshare', `--root=${root}`, `--wd=${config.WorkingDir}`, `--setgid=${gid}`, `--setuid=${uid}`, '--',
    ...(options.command ?? config.Cmd)
  ], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', chunk => { stdout += String(chunk) })
  child.stderr.on('data', chunk => { stderr += String(chunk) })
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => { resolve({ code, signal, stdout, stderr }) })
  })
  const output = (): string => stdout + stderr
  return {
    output,
    printed: async pattern => await waitFor(pattern, output, () => child.exitCode !== null || child.signalCode !== null),
    signal: signal => { for (const pid of childrenOf(child.pid)) process.kill(pid, signal) },
    ended
  }
}

/** Runs a command that ends by itself. */
export async function runContainer (image: BuiltImage, options: ContainerOptions): Promise<Ending> {
  return await startContainer(image, options).ended
}

const PRINT_LIMIT_MS = 90_000

async function waitFor (pattern: RegExp, output: () => string, hasEnded: () => boolean): Promise<string> {
  const deadline = Date.now() + PRINT_LIMIT_MS
  for (;;) {
    const isLast = hasEnded()
    const found = pattern.exec(output())?.[1]
    if (found !== undefined) return found
    if (isLast || Date.now() > deadline) throw new Error(`${String(pattern)} was not printed:\n${output()}`)
    await delay(20)
  }
}

/** Of the process that waits outside, so process 1 of the inside; none when it has ended. */
function childrenOf (pid: number | undefined): number[] {
  try {
    return readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    // The outer process has ended as well.
    return []
  }
}
