import closeWithGrace from 'close-with-grace'
import type { Log, Milliseconds } from '@insights/shared'

/** One press of Ctrl-C under `npm start` arrives twice: from the terminal, and passed on by npm. */
const SAME_PRESS_MS: Milliseconds = 500

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export interface ShutdownOptions {
  log: Log
  /** After so long the process ends with exit code 1, whatever `close` still does. */
  timeoutMs: Milliseconds
  close: () => Promise<void>
}

/**
 * Ends the process in order on SIGTERM and SIGINT: `close`, then exit code 0. A second signal ends it at once with
 * code 1. An error that nobody caught is logged, then everything is closed, and the code is 1.
 */
export function closeOnSignals ({ log, timeoutMs, close }: ShutdownOptions): void {
  const grace = closeWithGrace({
    delay: timeoutMs,
    skip: [...SIGNALS],
    logger: false,
    onSecondError: err => { log.error({ err }, 'an error while closing') },
    onTimeout: () => { log.error({ timeout_ms: timeoutMs }, 'closing took too long: what was active will be done again') }
  }, async ({ err }) => {
    if (err !== undefined) log.error({ err }, 'an unexpected error: closing')
    await close().catch((err: unknown) => {
      log.error({ err }, 'closing failed')
      throw err
    })
  })
  let firstAt: Milliseconds | null = null
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (firstAt !== null && performance.now() - firstAt < SAME_PRESS_MS) return
      if (firstAt !== null) process.exit(1)
      firstAt = performance.now()
      log.info({ signal }, 'closing')
      grace.close()
    })
  }
}
