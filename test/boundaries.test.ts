import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { t } from 'tap'

const ROOT = resolve(import.meta.dirname, '..')

/** What each workspace may import of ours. The direction is one: from the apps down to `shared`. */
const ALLOWED: Record<string, string[]> = {
  'packages/shared': [],
  'packages/config': ['shared'],
  'packages/storage': ['shared'],
  'packages/queue': ['shared'],
  'packages/platforms': ['shared'],
  'packages/metrics': ['shared'],
  'packages/sandbox': ['shared'],
  'packages/runtime': ['shared', 'config', 'storage', 'queue', 'platforms', 'metrics', 'sandbox'],
  'packages/client': [],
  'packages/testkit': ['shared', 'storage', 'queue', 'platforms', 'sandbox'],
  'apps/api': ['shared', 'config', 'storage', 'metrics', 'runtime'],
  'apps/worker': ['shared', 'config', 'storage', 'queue', 'platforms', 'metrics', 'runtime'],
  'apps/migrate': ['config', 'storage', 'runtime'],
  'apps/check-platforms': ['shared', 'config', 'platforms', 'runtime'],
  'apps/token-cli': ['shared', 'config', 'storage', 'runtime'],
  'apps/standalone': ['shared', 'config', 'runtime', 'api', 'worker']
}

/** Drivers live in one place each, so that a change of theirs is a change in one place. */
const ONLY_IN: Record<string, string[]> = {
  mongoose: ['packages/storage/src/mongo'],
  bullmq: ['packages/queue/src'],
  ioredis: ['packages/queue/src'],
  undici: ['packages/platforms/src'],
  'prom-client': ['packages/metrics/src'],
  '@electric-sql/pglite': ['packages/storage/src/pglite', 'packages/queue/src', 'packages/runtime/src'],
  fastify: ['apps/api/src', 'apps/standalone/src'],
  pino: ['packages/runtime/src'],
  commander: ['apps/token-cli/src'],
  'openapi-fetch': ['packages/client/src'],
  '@bull-board/api': ['apps/api/src'],
  '@bull-board/fastify': ['apps/api/src/plugins'],
  tap: [],
  'fast-check': []
}

/** The only files that see the environment. */
const MAY_READ_ENVIRONMENT = /(^|\/)main\.ts$|^packages\/testkit\//

interface SourceFile { path: string, workspace: string, imports: string[], text: string }

function filesBelow (dir: string): string[] {
  return readdirSync(join(ROOT, dir), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => relative(ROOT, join(entry.parentPath, entry.name)))
}

function load (path: string, workspace: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const imports = ts.preProcessFile(text, true, true).importedFiles.map(file => file.fileName)
  return { path, workspace, imports, text }
}

const sources = Object.keys(ALLOWED).flatMap(workspace => filesBelow(`${workspace}/src`).map(path => load(path, workspace)))

const packageOf = (specifier: string): string => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')

/** The code alone: a comment may speak of what the code must not do. */
function withoutComments (text: string): string {
  const file = ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2022)
  return ts.createPrinter({ removeComments: true }).printFile(file)
}

t.test('every workspace has its rule', async t => {
  const workspaces = ['packages', 'apps'].flatMap(dir => readdirSync(join(ROOT, dir)).map(name => `${dir}/${name}`))
  t.same(workspaces.sort(), Object.keys(ALLOWED).sort())
  t.ok(sources.length > 50, `${sources.length} files are checked`)
})

t.test('packages are imported in one direction, by root or declared subpath', async t => {
  for (const { path, workspace, imports } of sources) {
    for (const specifier of imports.filter(name => name.startsWith('@insights/'))) {
      t.ok(ALLOWED[workspace]?.includes(packageOf(specifier).slice('@insights/'.length)), `${path} imports ${specifier}`)
      t.notMatch(specifier, /\/(src|dist)\//, `${path} reaches into ${specifier}`)
    }
  }
})

t.test('a workspace declares what it imports, and nothing else', async t => {
  for (const workspace of Object.keys(ALLOWED)) {
    const { dependencies = {} } = JSON.parse(readFileSync(join(ROOT, workspace, 'package.json'), 'utf8'))
    const imported = sources.filter(source => source.workspace === workspace)
      .flatMap(source => source.imports).filter(name => !name.startsWith('.') && !name.startsWith('node:')).map(packageOf)
    t.same(Object.keys(dependencies).sort(), [...new Set(imported)].sort(), workspace)
    const { references = [] } = JSON.parse(readFileSync(join(ROOT, workspace, 'tsconfig.json'), 'utf8'))
    const referenced = references.map((reference: { path: string }) => relative(ROOT, join(ROOT, workspace, reference.path)).split('/')[1])
    const ours = Object.keys(dependencies).filter(name => name.startsWith('@insights/')).map(name => name.split('/')[1])
    t.same(referenced.sort(), ours.sort(), `${workspace}/tsconfig.json`)
  }
})

t.test('each driver is imported where it belongs', async t => {
  for (const { path, imports } of sources.filter(source => source.workspace !== 'packages/testkit')) {
    for (const specifier of imports.map(packageOf).filter(name => name in ONLY_IN)) {
      t.ok(ONLY_IN[specifier]?.some(place => path.startsWith(`${place}/`)), `${path} imports ${specifier}`)
    }
  }
})

t.test('only the entries see the environment', async t => {
  for (const { path, text } of sources.filter(source => !MAY_READ_ENVIRONMENT.test(source.path))) {
    t.notMatch(withoutComments(text), /process\.env\b/, path)
  }
})

t.test('scoring does no input or output and reads no clock', async t => {
  for (const { path, imports, text } of sources.filter(source => source.path.includes('shared/src/scoring/'))) {
    t.same(imports.filter(name => !name.startsWith('.') && name !== 'node:crypto'), [], path)
    t.notMatch(text, /Date\.now|new Date\(|Math\.random|performance\.now/, path)
  }
})

t.test('no files import each other in a circle', async t => {
  const byPath = new Map(sources.map(source => [source.path, source]))
  const targetsOf = ({ path, imports }: SourceFile): string[] => imports
    .filter(name => name.startsWith('.'))
    .map(name => relative(ROOT, resolve(ROOT, path, '..', name.replace(/\.js$/, '.ts'))))
    .filter(target => byPath.has(target))
  const finished = new Set<string>()
  const visit = (path: string, trail: string[]): string[] | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (finished.has(path)) return null
    for (const target of targetsOf(byPath.get(path) as SourceFile)) {
      const circle = visit(target, [...trail, path])
      if (circle !== null) return circle
    }
    finished.add(path)
    return null
  }
  for (const { path } of sources) t.equal(visit(path, []), null, path)
})
