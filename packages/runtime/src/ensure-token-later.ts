import type { Log } from '@insights/shared'
import type { TokenStore } from '@insights/storage'
import { ensureToken } from './tokens.js'

/** Between two tries while the store is away. */
const RETRY_MS = 2_000

/**
 * Registers the operator's own token as soon as the store can be reached, without holding up a start: the API serves
 * what it can meanwhile. Without such a token it does nothing: tokens are then made by command.
 */
export function ensureTokenLater (tokens: TokenStore, bootstrapToken: string | null, log: Log): { stop: () => void } {
  let timer: NodeJS.Timeout | undefined
  let isStopped = bootstrapToken === null
  const attempt = async (): Promise<void> => {
    if (isStopped) return
    try {
      await ensureToken(tokens, bootstrapToken, log)
    } catch (err) {
      log.warn({ err }, 'BOOTSTRAP_TOKEN could not be registered yet: trying on')
      if (!isStopped) timer = setTimeout(() => { attempt().catch(() => {}) }, RETRY_MS) // attempt itself never rejects
    }
  }
  attempt().catch(() => {})
  return {
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    }
  }
}
