// TypeScript as JavaScript, without a check of types, each file compiled once: the result is kept by its content.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const CACHE = fileURLToPath(new URL('../node_modules/.cache/insights-tests/', import.meta.url))
const require = createRequire(import.meta.url)

/** The JavaScript of the file at `url` with its source map in it, from the cache if it is there. */
export function compiled (url) {
  const source = readFileSync(new URL(url), 'utf8')
  const path = `${CACHE}${cacheName(url, source)}`
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    return compile(url, source, path)
  }
}

/** Compiles all of these files that changed, and forgets what is not among them. */
export function compileAll (urls) {
  const names = new Set(urls.map(url => {
    compiled(url)
    return cacheName(url, readFileSync(new URL(url), 'utf8'))
  }))
  for (const name of readdirSync(CACHE)) {
    if (!names.has(name)) rmSync(`${CACHE}${name}`, { force: true })
  }
}

/** The source map names the source, so its place counts too. The number changes with the options below. */
function cacheName (url, source) {
  return `${createHash('sha256').update(`1\n${url}\n${source}`).digest('hex')}.js`
}

/** Renamed when it is whole: another process may read it at any moment, and write the same at the same time. */
function compile (url, source, path) {
  const ts = require('typescript') // takes longer than all else, and is seldom needed
  const { outputText } = ts.transpileModule(source, {
    fileName: fileURLToPath(url),
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true
    }
  })
  const unfinished = `${path}.${process.pid}`
  mkdirSync(CACHE, { recursive: true })
  writeFileSync(unfinished, outputText)
  renameSync(unfinished, path)
  return outputText
}
