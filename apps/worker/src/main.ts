import { loadConfig } from '@insights/config'
import { closeOnSignals, createClosers, intervalsOf, openLog, openRuntime, retentionsOf } from '@insights/runtime'
import { refuseToStart } from '@insights/runtime/start-failure'
import { startListener } from './listener.js'
import { buildRefreshPolicy } from './refresh-policy.js'
import { startWorker } from './worker.js'

const closers = createClosers()
try {
  const config = loadConfig(process.env, { needsServices: true })
  const log = openLog(config.logLevel)
  const runtime = await openRuntime(config, { log })
  closers.add(runtime.close)
  let isReady = true
  // Before the worker, so that it closes after it: /readyz says 503 for as long as jobs are being finished.
  const platforms = { modes: runtime.platformModes, readStatus: runtime.readPlatformStatus }
  const listener = await startListener({ ...runtime, platforms, host: config.http.host, port: config.workerPort, log, isReady: () => isReady })
  closers.add(listener.close)
  const worker = await startWorker({ ...runtime, policy: buildRefreshPolicy(intervalsOf(config), retentionsOf(config)), log }, config.refresh)
  closers.add(worker.close)
  closers.add(async () => { isReady = false })
  closeOnSignals({ log, timeoutMs: config.shutdownTimeoutMs, close: closers.close })
  log.info({ url: listener.url, concurrency: config.refresh.concurrency }, 'the worker is running')
} catch (error) {
  await closers.close()
  refuseToStart(error)
}
