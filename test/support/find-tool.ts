import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Where a program is that only tests use: on the PATH, or among those that `.ci/run` has installed; `null`: nowhere. */
export function findTool (name: string): string | null {
  const cache = process.env['INSIGHTS_TOOLS_DIR'] ?? join(homedir(), '.cache', 'insights-tools', 'bin')
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), cache]
  return directories.map(directory => join(directory, name)).find(path => existsSync(path)) ?? null
}
