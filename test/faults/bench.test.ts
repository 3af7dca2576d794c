import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { t } from 'tap'
import { createMemoryGauge } from '../../bench/dist/memory.js'
import { renderTable, replaceResults } from '../../bench/dist/report.js'
import { median, quantile } from '../../bench/dist/statistics.js'

type Tap = Pick<typeof t, 'teardown'>

const ROOT = resolve(import.meta.dirname, '../..')
const DOCUMENT = join(ROOT, 'docs/benchmarks.md')
const LIMIT_MS = 300_000

const OF_LISTS = [
  ...['new lines', 'the same lines once more'].flatMap(what => [`bulk of 200, ${what}`, `bulk of 200, ${what}: most memory`]),
  ...['ndjson', 'csv'].flatMap(format => [`export of 200 as ${format}`, `export of 200 as ${format}: most memory`]),
  ...['id', '-insight_score', 'updated_at'].map(ordering => `page of 100 among 200, by ${ordering}`)
]

const MEASURES = [
  'first start until ready',
  'later start until ready',
  'resident memory, idle after a later start',
  'resident memory after 20 refreshes',
  ...['GET', 'POST'].flatMap(method => ['rate', 'p50', 'p99'].flatMap(metric => [
    `${method} ${metric} beside bare Fastify`, `${method} ${metric} beside bare node:http`
  ])),
  ...['list of 20', 'refresh state', 'score', 'what-if', 'PATCH'].map(call => `${call} rate beside bare Fastify`),
  'store.find() rate',
  ...OF_LISTS,
  'POST until the score is read, median',
  'POST until the score is read, p95',
  'backlog refreshes beside empty jobs',
  'backlog refreshes beside single jobs',
  'backlog refreshes beside empty jobs, platforms that take 200 ms',
  ...['youtube', 'x', 'facebook', 'instagram', 'all platforms'].map(name => `calls for the backlog, ${name}`),
  'explain() rate'
]

/** These stand alone; every other row is a comparison. */
const ALONE = [
  'later start until ready', 'resident memory, idle after a later start', ...OF_LISTS,
  'POST until the score is read, median', 'explain() rate'
]

// They start the real service several times, and a machine that runs other tests too may be slow.
t.setTimeout(LIMIT_MS)

function startBench (t: Tap, args: string[], tmp: string): ChildProcess {
  const child = spawn(process.execPath, ['bench/dist/run.js', ...args], { cwd: ROOT, env: { ...process.env, TMPDIR: tmp, TEMP: tmp } })
  t.teardown(() => { child.kill() })
  return child
}

async function runBench (t: Tap, args: string[], tmp: string): Promise<{ code: number, stdout: string, stderr: string }> {
  const child = startBench(t, args, tmp)
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', chunk => { stdout += String(chunk) })
  child.stderr?.on('data', chunk => { stderr += String(chunk) })
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}

function parseTable (text: string): string[][] {
  const lines = text.split('\n').filter(line => line.startsWith('|'))
  return lines.slice(2).map(line => line.split('|').slice(1, -1).map(cell => cell.trim()))
}

const toNumber = (cell = ''): number => Number(cell.replaceAll(',', ''))

t.test('a quick run gives every row of the table a number, and leaves nothing behind', async t => {
  t.setTimeout(LIMIT_MS)
  const tmp = t.testdir()
  const document = await readFile(DOCUMENT, 'utf8')
  const { code, stdout, stderr } = await runBench(t, ['--quick'], tmp)
  t.equal(code, 0, stderr)
  t.notMatch(stderr, /warning|error/)
  t.match(stdout, new RegExp(`\\d+ cores .* GiB .*\n- Node ${process.versions.node}\n- Date: \\d{4}-\\d\\d-\\d\\d\n- Command: .npm run bench -- --quick.`))
  const rows = parseTable(stdout)
  t.same(rows.map(([measure]) => measure), MEASURES)
  for (const [measure = '', result, unit, , , reference, ratio] of rows) {
    t.ok(toNumber(result) > 0, `${measure}: ${result} ${unit}`)
    if (ALONE.includes(measure)) t.equal(ratio, '–', `${measure} is no comparison`)
    else t.ok(toNumber(reference) > 0 && toNumber(ratio) > 0, `${measure}: ${ratio} × ${reference}`)
  }
  t.same(await readdir(tmp), [])
  t.equal(await readFile(DOCUMENT, 'utf8'), document, 'figures without meaning are not published')
})

t.test('one benchmark runs alone', async t => {
  const { code, stdout } = await runBench(t, ['score', '--quick'], t.testdir())
  t.equal(code, 0)
  t.same(parseTable(stdout).map(([measure]) => measure), ['explain() rate'])
})

t.test('a name that no benchmark has is refused with those there are', async t => {
  const { code, stdout, stderr } = await runBench(t, ['speed', '--quick'], t.testdir())
  t.equal(code, 1)
  t.equal(stdout, '')
  t.match(stderr, '"speed": choose from start, http, store, lists, latency, refresh, score')
})

t.test('a run that is ended while a service starts leaves nothing behind', async t => {
  t.setTimeout(LIMIT_MS)
  const tmp = t.testdir()
  const child = startBench(t, ['start', '--quick'], tmp)
  const closed = once(child, 'close')
  const deadline = Date.now() + LIMIT_MS
  const list = async (): Promise<string[]> => await readdir(tmp, { recursive: true }).catch(() => []) // it changes meanwhile
  while (!(await list()).some(path => path.endsWith('insights.lock'))) {
    if (Date.now() > deadline) throw new Error('The service did not start')
    await delay(10)
  }
  child.kill('SIGTERM')
  t.equal((await closed)[0], 1)
  t.same(await readdir(tmp), [])
})

t.test('memory is read about the same with the help of the system and without', async t => {
  const dir = t.testdir()
  const gauge = createMemoryGauge(dir, 'another')
  const child = spawn(process.execPath, [...gauge.nodeArgs, '-e', 'console.log(); setInterval(() => {}, 1000)'], { env: { ...process.env, ...gauge.env } })
  t.teardown(() => { child.kill() })
  await once(child.stdout, 'data')
  const own = await gauge.read(child.pid as number)
  t.ok(own > 10 && own < 1_000, `${own} MiB`)
  if (process.platform !== 'linux') return
  const fromSystem = await createMemoryGauge(dir).read(child.pid as number)
  t.ok(fromSystem > own / 2 && fromSystem < own * 2, `${fromSystem} MiB`)
})

t.test('quantiles lie between the values beside them', async t => {
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 2, 3]), 2.5)
  t.equal(quantile([10, 20, 30, 40, 50], 0.95), 48)
  t.equal(quantile([7], 0.99), 7)
  t.throws(() => median([]), RangeError)
})

t.test('a row shows its range and the ratio to what it is compared with', async t => {
  const table = renderTable([
    { measure: 'reads', unit: 'per second', value: 1234.5, range: [1000, 2000.4], reference: { name: 'plain reads', value: 4938 } },
    { measure: 'rest', unit: 'ms', value: 0.012345 }
  ])
  t.same(parseTable(table), [
    ['reads', '1,235', 'per second', '1,000 – 2,000', 'plain reads', '4,938', '0.25'],
    ['rest', '0.0123', 'ms', '–', '–', '–', '–']
  ])
})

t.test('the results have a place in the document, and only they are replaced', async t => {
  const document = await readFile(DOCUMENT, 'utf8')
  const filled = replaceResults(document, 'the results')
  t.match(filled, '<!-- generated: results -->\n\nthe results\n\n<!-- end: results -->')
  t.equal(replaceResults(filled, 'others'), replaceResults(document, 'others'))
  t.ok(filled.startsWith(document.slice(0, document.indexOf('<!--'))))
  t.ok(filled.endsWith(document.slice(document.indexOf('<!-- end'))))
  t.throws(() => replaceResults('# Benchmarks', ''), /no place for the results/)
})
