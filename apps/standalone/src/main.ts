import { loadConfig } from '@insights/config'
import { openDataDirectory } from '@insights/runtime/data-directory'
import { refuseToStart } from '@insights/runtime/start-failure'

try {
  const config = loadConfig(process.env)
  const directory = await openDataDirectory(config.dataDir, endAtOnce)
  // Only now, because the rest takes long to load: a second start on one directory is to be refused at once.
  const { run } = await import('./run.js')
  await run(config, directory)
} catch (error) {
  refuseToStart(error)
}

/** Another process has the data directory: every further write could destroy what that one writes. */
function endAtOnce (): void {
  process.stderr.write('insights: another process has taken over the data directory while this one was stopped; ending.\n')
  process.exit(1)
}
