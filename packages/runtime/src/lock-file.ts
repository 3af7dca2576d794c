import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { link, open, readFile, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises'
import { hostname } from 'node:os'
import { AppError, type Milliseconds } from '@insights/shared'

/** Who holds a lock. `started` and `boot` tell a process from a later one with the same number, where known. */
interface Holder {
  pid: number
  host: string
  started: string | null
  boot: string | null
  /** Within which the number means this process; `null` = the system has no such thing. Former versions did not say. */
  namespace?: string | null
  token: string
}

export interface HeldLock {
  /** Gives the lock back. A lock that was lost meanwhile is left to its new holder. */
  release: () => Promise<void>
}

const HEARTBEAT_MS: Milliseconds = 2_000
/** A holder that can not be seen from here and gave no sign of life for so long is taken for dead. */
const SILENT_MS: Milliseconds = 20_000

/**
 * Takes the lock file at `path`, or says who has it. Node has no file locks, so this is a file created exclusively
 * that names its holder. It is taken over when the holder is dead: no such process on this host, or, where that can
 * not be seen from here, no sign of life for 20 s.
 *
 * `onLost` is called when somebody else has taken the lock over after all, as can happen to a process that was
 * stopped for long: it must end at once without writing anything more.
 *
 * @throws AppError `INS_DATA_LOCKED`
 */
export async function takeLock (path: string, onLost: () => void): Promise<HeldLock> {
  const own = describeSelf()
  for (;;) {
    if (await create(path, own)) return keep(path, own, onLost)
    const holder = await read(path)
    if (holder === 'gone') continue
    if (await isAlive(path, holder)) throw locked(holder)
    await discard(path, holder)
  }
}

async function create (path: string, own: Holder): Promise<boolean> {
  const file = await openNew(path)
  if (file === null) return false
  try {
    await file.writeFile(JSON.stringify(own)).finally(async () => { await file.close() })
    return true
  } catch (error) {
    // On a full disk, say: what is empty or cut short would keep everybody out for a while.
    await rm(path, { force: true }).catch(() => { /* what went wrong first is what the caller has to know */ })
    throw error
  }
}

/** `null` = there is one. */
async function openNew (path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'wx')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null
    throw error
  }
}

/** An empty file is one whose writer is between creating and writing it, unless it stays so. */
async function read (path: string): Promise<Holder | 'gone' | 'unreadable'> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const text = await readFile(path, 'utf8').catch(() => null)
    if (text === null) return 'gone'
    const holder = parse(text)
    if (holder !== null) return holder
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return 'unreadable'
}

function parse (text: string): Holder | null {
  try {
    const holder = JSON.parse(text) as Holder
    return typeof holder.pid === 'number' && typeof holder.token === 'string' ? holder : null
  } catch {
    return null // half written, or not ours
  }
}

async function isAlive (path: string, holder: Holder | 'unreadable'): Promise<boolean> {
  if (holder === 'unreadable' || !isHere(holder)) {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }))
    return Date.now() - mtimeMs < SILENT_MS
  }
  return isRunning(holder.pid) && (holder.started === null || holder.started === startOf(holder.pid))
}

/** Whether its number means the same process to us. Containers may share a host name, and always share the boot. */
function isHere ({ host, boot, namespace = null }: Holder): boolean {
  return host === hostname() && (boot === null || boot === bootId()) && namespace === pidNamespace()
}

function isRunning (pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Moves the dead holder's file away; should it be another's by now, that one gets its file back. */
async function discard (path: string, dead: Holder | 'unreadable'): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  await rename(path, aside).catch(() => undefined) // another process was quicker
  const moved = await read(aside)
  if (moved === 'gone') return
  const isOther = moved !== 'unreadable' && (dead === 'unreadable' || moved.token !== dead.token)
  if (isOther) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
  if (isOther) throw locked(moved)
}

function keep (path: string, own: Holder, onLost: () => void): HeldLock {
  const timer = setInterval(() => {
    beat(path, own).catch(() => {
      clearInterval(timer)
      onLost()
    })
  }, HEARTBEAT_MS)
  timer.unref()
  return {
    release: async () => {
      clearInterval(timer)
      const holder = await read(path)
      if (typeof holder === 'object' && holder.token === own.token) await rm(path, { force: true })
    }
  }
}

async function beat (path: string, own: Holder): Promise<void> {
  const holder = await read(path)
  if (typeof holder !== 'object' || holder.token !== own.token) throw new Error('The lock was taken over')
  await utimes(path, new Date(), new Date())
}

function describeSelf (): Holder {
  return {
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    boot: bootId(),
    namespace: pidNamespace(),
    token: randomUUID()
  }
}

/** When a process began, in ticks since boot; Linux only. The name before it may hold spaces and parentheses. */
function startOf (pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

function bootId (): string | null {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? null
}

function pidNamespace (): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return null // not Linux
  }
}

function readText (path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null // not Linux, or the process is gone
  }
}

function locked (holder: Holder | 'unreadable'): AppError {
  const who = holder === 'unreadable' ? 'another process' : `process ${holder.pid} on host ${holder.host}`
  return new AppError('INS_DATA_LOCKED', `The data directory is in use by ${who}: stop that one first, or set DATA_DIR to another directory.`)
}
