import { loadConfig } from '@insights/config'
import { openTokenStore } from '@insights/runtime'
import { systemClock, type Log } from '@insights/shared'
import { run } from './run.js'

const write = (text: string): void => { process.stdout.write(text) }
const complain = (text: string): void => { process.stderr.write(text) }

/** Only what went wrong is of interest here, and of that only what the message says. */
const log: Log = {
  debug: () => {},
  info: () => {},
  warn: (_details, message) => { complain(`insights: ${message}\n`) },
  error: (_details, message) => { complain(`insights: ${message}\n`) }
}

/** Another process has the data directory: every further write could destroy what that one writes. */
function endAtOnce (): never {
  complain('insights: another process has taken over the data directory while this one was stopped; ending.\n')
  process.exit(1)
}

process.exitCode = await run(process.argv.slice(2), {
  open: async () => await openTokenStore(loadConfig(process.env), { log, onLost: endAtOnce }),
  clock: systemClock,
  write,
  complain
})
