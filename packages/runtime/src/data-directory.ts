import { existsSync } from 'node:fs'
import { access, constants, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { AppError } from '@insights/shared'
import { takeLock, type HeldLock } from './lock-file.js'

/** A data directory that is ours alone until `release`. */
export interface OpenedDataDirectory {
  /** Where the database lives, or will. */
  databasePath: string
  release: () => Promise<void>
}

const MARKER = 'insights.json'
const LOCK = 'insights.lock'
const DATABASE = 'postgres'
/** The layout of the directory. A newer one than ours is refused: an older version must not harm it. */
const FORMAT = 1
/** What a fresh volume may hold without belonging to anybody. */
const HARMLESS = new Set([LOCK, 'lost+found', '.gitkeep', '.DS_Store'])

/** Where the database of a data directory lives, or will. */
export function databasePathIn (path: string): string {
  return join(resolve(path), DATABASE)
}

/**
 * Makes or opens the data directory and locks it against other processes. A directory that holds something else is
 * refused untouched.
 *
 * @throws AppError `INS_DATA_UNWRITABLE`, `INS_DATA_FOREIGN`, `INS_DATA_LOCKED`; the message names the directory
 * or the holder, and the remedy.
 */
export async function openDataDirectory (path: string, onLost: () => void): Promise<OpenedDataDirectory> {
  await ensureWritable(path)
  await refuseForeign(path)
  const lock = await lockDirectory(path, onLost)
  try {
    await writeMarker(path)
    await removeLeftovers(path)
  } catch (error) {
    await lock.release()
    throw unwritable(path, error)
  }
  return { databasePath: databasePathIn(path), release: async () => { await lock.release() } }
}

async function lockDirectory (path: string, onLost: () => void): Promise<HeldLock> {
  try {
    return await takeLock(join(path, LOCK), onLost)
  } catch (error) {
    throw error instanceof AppError ? error : unwritable(path, error)
  }
}

async function ensureWritable (path: string): Promise<void> {
  try {
    await makeDirectory(path)
    if (!(await stat(path)).isDirectory()) throw new Error('not a directory')
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw unwritable(path, error)
  }
}

/** By hand, because `mkdir` with `recursive` never returns where the file system refuses with ENOENT, as in /proc. */
async function makeDirectory (path: string): Promise<void> {
  const parent = dirname(resolve(path))
  if (parent !== resolve(path) && !existsSync(parent)) await makeDirectory(parent)
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

function unwritable (path: string, cause: unknown): AppError {
  const reason = (cause as NodeJS.ErrnoException).code ?? 'not a directory'
  return new AppError('INS_DATA_UNWRITABLE',
    `The data directory ${path} can not be written (${reason}): give this user the right to, or set DATA_DIR to another directory.`, { cause })
}

async function refuseForeign (path: string): Promise<void> {
  const entries = await readdir(path)
  if (!entries.includes(MARKER)) {
    if (entries.every(entry => HARMLESS.has(entry))) return
    throw new AppError('INS_DATA_FOREIGN',
      `The directory ${path} holds something else than data of Insights: set DATA_DIR to an empty or new directory.`)
  }
  const format = await readFormat(path)
  if (format !== FORMAT) {
    throw new AppError('INS_DATA_FOREIGN',
      `The data in ${path} are of format ${String(format ?? 'unknown')}, this version reads format ${FORMAT}: run the version that wrote them.`)
  }
}

async function readFormat (path: string): Promise<unknown> {
  try {
    const marker = JSON.parse(await readFile(join(path, MARKER), 'utf8')) as { format?: unknown }
    return marker.format
  } catch {
    return undefined // unreadable: not ours to guess
  }
}

async function writeMarker (path: string): Promise<void> {
  const marker = JSON.stringify({ service: 'insights', format: FORMAT }) + '\n'
  await writeFile(join(path, MARKER), marker, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

/** Databases whose preparation a crash cut short; only a whole one ever gets the real name. */
async function removeLeftovers (path: string): Promise<void> {
  const entries = await readdir(path)
  for (const entry of entries.filter(name => name.startsWith(`${DATABASE}.new-`))) {
    await rm(join(path, entry), { recursive: true, force: true })
  }
}
