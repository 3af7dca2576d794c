import { cp, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { templatePath } from './template.js'

const TEMPLATE = templatePath('data-directory')

/** A test of tap. */
interface Owner {
  testdir: () => string
  teardown: (work: () => void) => void
}

/**
 * `t.testdir()`, for what is closed in a teardown: tap alone would remove the directory first if it was made before the
 * first teardown was given, while a service still writes there.
 */
export function makeTestDirectory (t: Owner): string {
  t.teardown(() => {})
  return t.testdir()
}

/**
 * Makes a data directory with an empty database in it, as the first start of the service would, and returns its path.
 * Making one takes some four seconds of processor time: the first call on a machine keeps a copy among the temporary
 * files, about 40 MB, and later ones begin with that. A test about a first start begins with an empty directory instead.
 */
export async function makeDataDirectory (t: Owner): Promise<string> {
  if (!(await exists(TEMPLATE))) await makeTemplate()
  const path = makeTestDirectory(t)
  await cp(TEMPLATE, path, { recursive: true })
  return path
}

/** Renamed when it is whole: another process may copy it at any moment, and make the same at the same time. */
async function makeTemplate (): Promise<void> {
  const unfinished = `${TEMPLATE}.${process.pid}`
  await mkdir(dirname(TEMPLATE), { recursive: true, mode: 0o700 })
  await mkdir(unfinished)
  await writeFile(join(unfinished, 'insights.json'), '{"service":"insights","format":1}\n')
  const db = await PGlite.create(join(unfinished, 'postgres'))
  await db.close()
  try {
    await rename(unfinished, TEMPLATE)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    if (!(await exists(TEMPLATE))) throw error
  }
}

async function exists (path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false)
}
