import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import { AppError } from '@insights/shared'
import { leaveTurns } from './leave-turns.js'
import { takeTurns, type Statements } from './take-turns.js'

export interface EmbeddedDatabase {
  /** The one instance of this process; lent to store and queue. */
  db: PGlite
  /** The same for work that nobody waits for: all others go first. */
  background: Statements
  /** Resolves when everything that waits is done. */
  close: () => Promise<void>
}

/**
 * Opens the embedded database at `path`, making it on the first start. The directory around it must be ours alone
 * (`openDataDirectory`): PGlite neither locks it nor minds a second process, and one side's writes would be lost
 * silently.
 *
 * @throws AppError `INS_STORE_UNAVAILABLE`
 */
export async function openEmbeddedDatabase (path: string): Promise<EmbeddedDatabase> {
  try {
    if (!existsSync(path)) await makeDatabase(path)
    const db = await PGlite.create(path)
    leaveTurns(db)
    return { db, background: takeTurns(db), close: async () => { await db.close() } }
  } catch (cause) {
    throw new AppError('INS_STORE_UNAVAILABLE', `The database in ${path} can not be opened: restore it from a backup, or set DATA_DIR to a new directory.`, { cause })
  }
}

/**
 * Makes a new database beside its place and moves it there when it is whole. In a child process, because making one
 * takes some 500 MB that this process would never give back.
 */
async function makeDatabase (path: string): Promise<void> {
  const unfinished = `${path}.new-${process.pid}`
  const script = fileURLToPath(new URL('./make-database.js', import.meta.url))
  const child = spawn(process.execPath, [script, unfinished], { stdio: ['ignore', 'ignore', 'pipe'] })
  const complaint: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => complaint.push(chunk))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`Making the database failed: ${Buffer.concat(complaint).toString('utf8').slice(0, 2_000)}`)
  await rename(unfinished, path)
}
