import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'
import { t } from 'tap'
import { listVariables } from '@insights/config'
import { ERRORS, INSIGHT_1, PLATFORMS, SOURCE_STATES, type Platform } from '@insights/shared'
import { startService } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'
import { buildRefreshPolicy } from '@insights/worker'
import { targets } from '../scripts/generate-docs.js'

const ROOT = resolve(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

const DECISIONS = readdirSync(join(ROOT, 'docs/decisions')).sort()
const DOCUMENTS = [
  'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'packages/client/README.md',
  ...readdirSync(join(ROOT, 'docs')).filter(name => name.endsWith('.md')).map(name => `docs/${name}`),
  ...DECISIONS.map(name => `docs/decisions/${name}`)
]

/** The text below a heading of the second level, up to the next one. */
function section (file: string, heading: string): string {
  const [, text] = read(file).split(`\n## ${heading}\n`)
  if (text === undefined) throw new Error(`${file} has no section "${heading}"`)
  return text.split('\n## ')[0] ?? ''
}

/** The cells of the table whose first column has this title, without its head, and without marks of code. */
function table (text: string, firstTitle: string): string[][] {
  const lines = text.split('\n')
  const start = lines.findIndex(line => line.startsWith(`| ${firstTitle} |`))
  if (start === -1) throw new Error(`There is no table of "${firstTitle}"`)
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).map(line => line.replaceAll('`', '').split('|').slice(1, -1).map(cell => cell.trim()))
}

function matchesOf (text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(match => match[1] ?? match[0])
}

/** What a pattern finds, and in which document. */
function found (pattern: RegExp): Array<{ file: string, text: string }> {
  return DOCUMENTS.flatMap(file => matchesOf(read(file), pattern).map(text => ({ file, text })))
}

for (const { file, render } of targets) {
  t.test(`${file} is what the code says`, async t => {
    t.equal(read(file), render(), 'npm run docs brings it up to date')
  })
}

/** The headings of a document as the anchors that links name them by. */
function anchorsOf (file: string): string[] {
  return matchesOf(read(file), /^#+ (.+)$/gm).map(heading => heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'))
}

function leadsSomewhere (file: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? file : relative(ROOT, resolve(ROOT, dirname(file), path))
  return existsSync(join(ROOT, target)) && (anchor === undefined || anchorsOf(target).includes(anchor))
}

t.test('every relative link leads to a file, and every anchor to a heading', async t => {
  const links = found(/\]\(([^)\s]+)\)/g).filter(({ text }) => !/^https?:/.test(text))
  t.ok(links.length > 50, `${links.length} links are checked`)
  t.same(links.filter(({ file, text }) => !leadsSomewhere(file, text)), [])
})

t.test('every npm script that is named exists', async t => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = found(/\bnpm (?:run ([\w:-]+)|(?:start|test)\b)/g)
  t.ok(named.length > 10, `${named.length} places are checked`)
  t.same(named.filter(({ text }) => !(text.replace('npm ', '') in scripts)), [])
})

/** Read by the tests, by their tools, by examples or by Node itself, never by the service. */
const OTHER_VARIABLES = ['CI', 'INSIGHTS_TOKEN', 'INSIGHTS_TOOLS_DIR', 'NODE_EXTRA_CA_CERTS', 'MODEL_SEED', 'MODEL_PATH', 'MODEL_RUNS']

t.test('every environment variable and every error code that is named exists', async t => {
  const variables = listVariables().flatMap(({ name, secret }) => secret ? [name, `${name}_FILE`] : [name])
  const known = new Set<string>([...variables, ...OTHER_VARIABLES, ...Object.keys(ERRORS)])
  const named = found(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\b[A-Z][A-Z0-9]*(?==)/g)
  t.ok(named.length > 50, `${named.length} places are checked`)
  t.same(named.filter(({ text }) => !known.has(text)), [])
})

t.test('no document names a path of the machine that it was written on', async t => {
  const machine = [ROOT, dirname(ROOT), homedir(), tmpdir()].filter(path => path !== '/')
  const words = found(/[^\s`'"()|=]+/g)
  t.same(words.filter(({ text }) => machine.some(path => text === path || text.startsWith(`${path}/`))), [])
})

t.test('each decision has a number of its own, and says what was given up', async t => {
  const numbers = DECISIONS.map(name => Number(name.slice(0, 4)))
  t.equal(new Set(numbers).size, numbers.length)
  for (const [index, name] of DECISIONS.entries()) {
    const text = read(`docs/decisions/${name}`)
    t.match(text, new RegExp(`^# ${numbers[index]}\\. `), name)
    const parts = matchesOf(text, /^\*\*(.+?)\.\*\*/gm)
    t.same(parts, ['Context', 'Choice', 'What we gave up'], name)
  }
})

t.test('the table of the score is the model', async t => {
  const rows = INSIGHT_1.signals.map(rule => {
    const curve = rule.curve === 'log' ? [rule.knee, rule.saturation] : []
    const [knee = '–', saturation = '–'] = curve.map(number => number.toLocaleString('en-US'))
    return [rule.signal, String(rule.points), knee, saturation]
  })
  t.same(table(section('README.md', 'What the numbers mean'), 'Signal'), rows)
})

t.test('the states and waits of sources are those of the code', async t => {
  const waits = section('docs/architecture.md', 'Sources: states and waits')
  t.same(table(waits, 'State').map(([state]) => state).sort(), [...SOURCE_STATES].sort())
  const defaults = new Map<string, string | null>(listVariables().map(variable => [variable.name, variable.default]))
  const intervalOf = (platform: string): number => Number(defaults.get(`${platform.toUpperCase()}_INTERVAL_SECONDS`)) * 1000
  const intervals = Object.fromEntries(PLATFORMS.map(platform => [platform, intervalOf(platform)])) as Record<Platform, number>
  const { freshForMs } = buildRefreshPolicy(intervals)
  const rows = table(waits, 'Platform')
  t.equal(rows.length, Object.keys(freshForMs).length)
  for (const [name = '', interval, freshFor] of rows) {
    t.equal(interval, inWords(intervalOf(name)), `interval of ${name}`)
    t.equal(freshFor, inWords(freshForMs[name.toLowerCase() as Platform]), `${name} is fresh for`)
  }
  const live = table(section('README.md', 'Going live'), 'Platform')
  t.same(live.map(([name, , , every]) => [name, every]), rows.map(([name, interval]) => [name, interval]))
})

t.test('what is said of platforms has every state, every code and every variable', async t => {
  const meanings = section('docs/platforms.md', 'What a state means, and what to do')
  t.same(table(meanings, 'State').map(([state]) => state), SOURCE_STATES)
  const codes = table(meanings, 'Code').flatMap(([cell = '']) => cell.split(', '))
  t.same(codes.sort(), Object.keys(ERRORS).filter(code => code.startsWith('INS_PLATFORM_')).sort())
  const variables = listVariables().map(({ name }) => name).filter(name => /^(?:PLATFORM|YOUTUBE|SOUNDCLOUD|X|FACEBOOK|INSTAGRAM|GRAPH)_/.test(name))
  const text = read('docs/platforms.md')
  t.ok(variables.length > 25)
  t.same(variables.filter(name => !text.includes(`\`${name}\``)), [])
})

function inWords (ms: number): string {
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000} h` : `${ms / 60_000} min`
}

/** The code of a section of the README, in order; each starts with the name of its language. */
const blocksOf = (text: string): string[] => matchesOf(text, /^```(\w+\n.*?)^```$/gms)

interface Step { command: string, shown: unknown, isWhole: boolean }

/** A command of the tour with the answer below it. In `jsonc` comments stand for what is left out. */
function toStep (command: string, answer: string): Step {
  const isWhole = answer.startsWith('json\n')
  const text = answer.replace(/^jsonc?\n/, '')
  return { command: command.replace(/^sh\n/, ''), shown: JSON.parse(isWhole ? text : text.replace(/\/\*.*?\*\//g, '')), isWhole }
}

/** What an answer and what the README shows have in common when nothing is wrong: times and random ids differ. */
function comparable (value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)
    .replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"a time"')
    .replace(/"[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}"/g, '"a request id"'))
}

/** The parts of `answer` that `shown` shows. */
function shownPart (answer: unknown, shown: unknown): unknown {
  const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object' && !Array.isArray(value)
  if (!isObject(answer) || !isObject(shown)) return answer
  return Object.fromEntries(Object.keys(shown).map(key => [key, shownPart(answer[key], shown[key])]))
}

const ANSWER_LIMIT_MS = 30_000

/** A block that waits is run until it says what it should: how long that takes depends on the machine. */
async function runUntil (script: string, isRepeatable: boolean, isDone: (answer: unknown) => boolean): Promise<unknown> {
  const deadline = Date.now() + ANSWER_LIMIT_MS
  for (;;) {
    const { stdout } = await promisify(execFile)('sh', ['-ec', `sleep () { :; }\n${script}`])
    const answer: unknown = JSON.parse(stdout)
    if (!isRepeatable || isDone(answer) || Date.now() > deadline) return answer
  }
}

const hasCurl = spawnSync('curl', ['--version']).status === 0

t.test('the tour of the README', { skip: hasCurl ? false : 'no curl on the PATH' }, async t => {
  const [start = '', definitions = '', ...blocks] = blocksOf(section('README.md', 'A tour'))
  const token = /^sh\nDATA_DIR=\$\(mktemp -d\) BOOTSTRAP_TOKEN=(\S+) npm start\n$/.exec(start)?.[1] ?? ''
  const service = await startService({ node: ['apps/standalone/dist/main.js'], env: { DATA_DIR: await makeDataDirectory(t), BOOTSTRAP_TOKEN: token } })
  t.teardown(async () => { await service.end('SIGKILL') })
  t.match(definitions, 'api=http://127.0.0.1:3000/')
  const preamble = definitions.replace('sh\n', '').replace('http://127.0.0.1:3000', service.url)

  for (let index = 0; index < blocks.length; index += 2) {
    const { command, shown, isWhole } = toStep(blocks[index] ?? '', blocks[index + 1] ?? '')
    await t.test(`step ${index / 2 + 1} answers what is shown`, async t => {
      const seen = (answer: unknown): unknown => comparable(isWhole ? answer : shownPart(answer, shown))
      const isShown = (answer: unknown): boolean => isDeepStrictEqual(seen(answer), comparable(shown))
      const answer = await runUntil(preamble + command, command.startsWith('sleep'), isShown)
      t.strictSame(seen(answer), comparable(shown), command)
    })
  }

  t.test('each call that is listed is one that the service has, with all its methods', async t => {
    const listed = table(section('README.md', 'The calls'), 'Call')
      .flatMap(([cell = '']) => matchesOf(cell, /[A-Z]+ \/[\w/{}.]*/g)).map(call => call.replace('{id}', '1'))
    const had: string[] = []
    for (const path of new Set(listed.map(call => call.replace(/^[A-Z]+ /, '')))) {
      const { headers } = await fetch(service.url + path, { method: 'OPTIONS' })
      const methods = headers.get('allow')?.split(', ') ?? []
      had.push(...methods.filter(method => method !== 'HEAD' && method !== 'OPTIONS').map(method => `${method} ${path}`))
    }
    t.same(listed.sort(), had.sort())
  })

  t.test('an orderly end', async t => { t.equal((await service.end('SIGTERM')).code, 0) })
})
