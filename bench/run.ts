import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { FULL, QUICK, type Bench, type Row } from './bench.js'
import { http } from './http.bench.js'
import { latency } from './latency.bench.js'
import { refresh } from './refresh.bench.js'
import { describeRun, renderTable, replaceResults } from './report.js'
import { score } from './score.bench.js'
import { start } from './start.bench.js'
import { store } from './store.bench.js'
import { lists } from './lists.bench.js'
import { openWorkbench } from './workbench.js'

const BENCHES: readonly Bench[] = [start, http, store, lists, latency, refresh, score]
const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))

const { wanted, isQuick } = readCommandLine()
const workbench = await openWorkbench(isQuick ? QUICK : FULL)
process.once('exit', workbench.dispose)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await workbench.settled()
    process.exit(1)
  })
}

const rows: Row[] = []
for (const { name, run } of wanted) {
  console.error(`${name} ...`)
  rows.push(...await run(workbench))
}
const command = ['npm run bench', ...process.argv.length > 2 ? ['--'] : [], ...process.argv.slice(2)].join(' ')
const results = `${describeRun(command)}\n\n${renderTable(rows)}`
console.log(results)
// A part of the table, or one without meaning, must not replace a whole one.
if (wanted.length === BENCHES.length && !isQuick) writeFileSync(DOCUMENT, replaceResults(readFileSync(DOCUMENT, 'utf8'), results))

/** `[name ...] [--quick]`: which benchmarks, all by default, and whether only to see that they work. */
function readCommandLine (): { wanted: readonly Bench[], isQuick: boolean } {
  const { values, positionals } = parseArgs({ options: { quick: { type: 'boolean', default: false } }, allowPositionals: true })
  const names = BENCHES.map(bench => bench.name)
  const unknown = positionals.find(name => !names.includes(name))
  if (unknown !== undefined) {
    console.error(`There is no benchmark "${unknown}": choose from ${names.join(', ')}`)
    process.exit(1)
  }
  const wanted = BENCHES.filter(bench => positionals.length === 0 || positionals.includes(bench.name))
  return { wanted, isQuick: values.quick }
}
