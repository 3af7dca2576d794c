import { readFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** Beside what the package exports: it does not export this file itself. */
const MANIFEST = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'))
const { version } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as { version: string }

/**
 * Where what is costly to make and the same each time is kept between test files. One place per user, so that nobody
 * else's files are read, and one name per version of PGlite and Node, whose databases may differ.
 */
export function templatePath (name: string, extension = ''): string {
  return join(tmpdir(), `insights-tests-${userInfo().uid}`, `${name}-${version}-node${process.versions.modules}${extension}`)
}
