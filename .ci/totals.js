// Prints `N passed, N failed, N skipped` from the closing comments of runs of tap, one file each, for example
// `# { total: 5, pass: 3, fail: 1, skip: 1 }`; counts that are zero are left out there.
import { readFileSync } from 'node:fs'

const closings = process.argv.slice(2).map(file => {
  const closing = readFileSync(file, 'utf8').match(/^# \{ total: .*\}$/gm)?.at(-1)
  if (closing === undefined) throw new Error(`tap did not finish: its closing line is missing in ${file}`)
  return closing
})
const countOf = name => closings.reduce((sum, closing) => sum + Number(new RegExp(`\\b${name}: (\\d+)`).exec(closing)?.[1] ?? 0), 0)
console.log(`${countOf('pass')} passed, ${countOf('fail')} failed, ${countOf('skip') + countOf('todo')} skipped`)
