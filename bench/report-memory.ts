// Loaded into a process before its own code, see memory.ts.
import { renameSync, writeFileSync } from 'node:fs'

const REPORT_EVERY_MS = 200

const file = process.env.BENCH_MEMORY_FILE
if (file === undefined) throw new Error('BENCH_MEMORY_FILE must name the file to report to')

report(file)
setInterval(report, REPORT_EVERY_MS, file).unref()

/** Renamed into place, so that nobody reads half a number. */
function report (path: string): void {
  writeFileSync(`${path}.new`, String(process.memoryUsage.rss()))
  renameSync(`${path}.new`, path)
}
