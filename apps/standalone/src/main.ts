import { loadConfig } from '@insights/config'
import { openDataDirectory } from '@insights/runtime/data-directory'
import { isAppError } from '@insights/shared'

try {
  const config = loadConfig(process.env)
  const directory = await openDataDirectory(config.dataDir, endAtOnce)
  // Only now, because the rest takes long to load: a second start on one directory is to be refused at once.
  const { run } = await import('./run.js')
  await run(config, directory)
} catch (error) {
  refuse(error)
}

/** One clear line for what the person can mend; the whole error for what only we can. */
function refuse (error: unknown): never {
  process.stderr.write(isAppError(error) ? `insights: ${error.message}\n` : `insights: ${String((error as Error).stack)}\n`)
  process.exit(1)
}

/** Another process has the data directory: every further write could destroy what that one writes. */
function endAtOnce (): void {
  process.stderr.write('insights: another process has taken over the data directory while this one was stopped; ending.\n')
  process.exit(1)
}
