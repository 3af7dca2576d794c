import { cpus, totalmem } from 'node:os'
import type { Row } from './bench.js'

const START = '<!-- generated: results -->'
const END = '<!-- end: results -->'

const HEAD = ['Measure', 'Result', 'Unit', 'Lowest – highest', 'Compared with', 'Its result', 'Ratio']

/** The table of all rows. A dash stands where there is nothing to say. */
export function renderTable (rows: readonly Row[]): string {
  const cells = rows.map(({ measure, value, unit, range, reference }) => [
    measure,
    formatNumber(value),
    unit,
    range === undefined ? '–' : range.map(formatNumber).join(' – '),
    reference?.name ?? '–',
    reference === undefined ? '–' : formatNumber(reference.value),
    reference === undefined ? '–' : formatNumber(value / reference.value)
  ])
  const widths = HEAD.map((title, column) => Math.max(title.length, ...cells.map(row => row[column]?.length ?? 0)))
  const lines = [HEAD, HEAD.map((_, column) => '-'.repeat(widths[column] ?? 0)), ...cells]
  return lines.map(line => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`).join('\n')
}

/** Three digits, or whole numbers where they have more: no measurement here is more exact. */
function formatNumber (value: number): string {
  const precision = Math.abs(value) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 }
  return value.toLocaleString('en-GB', precision)
}

/** Where and when the table was made. */
export function describeRun (command: string): string {
  const [cpu, ...others] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return [
    `- Machine: ${others.length + 1} cores (${cpu?.model.trim() ?? 'unknown'}), ${memory} GiB of memory, ${process.platform} ${process.arch}`,
    `- Node ${process.versions.node}`,
    `- Date: ${new Date().toISOString().slice(0, 10)}`,
    `- Command: \`${command}\``
  ].join('\n')
}

/**
 * The document with its results replaced; all else stays.
 * @throws Error when it has no place for them.
 */
export function replaceResults (document: string, results: string): string {
  const from = document.indexOf(START)
  const to = document.indexOf(END, from)
  if (from === -1 || to === -1) throw new Error(`There is no place for the results: the lines ${START} and ${END} are missing`)
  return `${document.slice(0, from)}${START}\n\n${results}\n\n${document.slice(to)}`
}
