// Compiles the tests, and the sources that they import, before they run: one process for all of them, which loads the
// compiler once. A test file that is run alone compiles what it needs and does not find.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compileAll } from './test-sources.js'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

function listSources (folder) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return ['dist', 'node_modules'].includes(entry.name) ? [] : listSources(path)
    return /(?<!\.d)\.ts$/.test(entry.name) ? [pathToFileURL(join(ROOT, path)).href] : []
  })
}

compileAll(['apps', 'packages', 'test'].flatMap(listSources))
