import { loadConfig } from '@insights/config'
import { closeOnSignals, createClosers, ensureTokenLater, openLog, openRuntime } from '@insights/runtime'
import { refuseToStart } from '@insights/runtime/start-failure'
import { startServer } from './server.js'

const closers = createClosers()
try {
  const config = loadConfig(process.env, { needsServices: true })
  const log = openLog(config.logLevel)
  const runtime = await openRuntime(config, { log })
  closers.add(runtime.close)
  const { stop } = ensureTokenLater(runtime.tokens, config.bootstrapToken, log)
  closers.add(async () => { stop() })
  const server = await startServer({ ...runtime, log }, config)
  closers.add(server.close)
  closeOnSignals({ log, timeoutMs: config.http.drainMs + config.shutdownTimeoutMs, close: closers.close })
  log.info({ url: server.url }, 'the API is running')
} catch (error) {
  await closers.close()
  refuseToStart(error)
}
