import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { templatePath } from './template.js'

const TEMPLATE = templatePath('empty-database', '.tar')

/**
 * An empty database in memory, as `PGlite.create()` gives it. Making one takes some four seconds of processor time,
 * nearly all of it for what is the same each time: the first call on a machine leaves a copy of it among the temporary
 * files, about 40 MB, and later ones begin with that. The caller closes it.
 */
export async function openMemoryDatabase (): Promise<PGlite> {
  const template = await readTemplate()
  if (template !== null) return await PGlite.create({ loadDataDir: new Blob([template]) })
  const db = await PGlite.create()
  await writeTemplate(new Uint8Array(await (await db.dumpDataDir('none')).arrayBuffer()))
  return db
}

async function readTemplate (): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return new Uint8Array(await readFile(TEMPLATE))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Renamed when it is whole: another process may read at any moment, and write the same at the same time. */
async function writeTemplate (content: Uint8Array): Promise<void> {
  const unfinished = `${TEMPLATE}.${process.pid}`
  await mkdir(dirname(TEMPLATE), { recursive: true, mode: 0o700 })
  await writeFile(unfinished, content)
  await rename(unfinished, TEMPLATE)
}
