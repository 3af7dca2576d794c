import { loadConfig } from '@insights/config'
import { openLog } from '@insights/runtime'
import { refuseToStart } from '@insights/runtime/start-failure'
import { migrateMongo } from '@insights/storage/mongo'

try {
  const config = loadConfig(process.env)
  if (config.storage.kind === 'mongo') {
    const { created } = await migrateMongo({ url: config.storage.url, log: openLog(config.logLevel) })
    process.stdout.write(created.length === 0 ? 'Nothing to do: the database is up to date.\n' : `Made: ${created.join(', ')}.\n`)
  } else {
    process.stdout.write('Nothing to do: the embedded database is brought up to date at each start.\n')
  }
} catch (error) {
  refuseToStart(error)
}
