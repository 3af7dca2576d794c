import { loadConfig } from '@insights/config'
import { run } from './run.js'

process.exitCode = await run(process.argv.slice(2), {
  loadConfig: () => loadConfig(process.env),
  write: text => { process.stdout.write(text) },
  complain: text => { process.stderr.write(text) },
  onLost: () => { process.exit(1) }
})
