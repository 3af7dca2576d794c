import { hashToken, isActiveToken, SCOPES, systemClock, toTimestamp, type Log } from '@insights/shared'
import { BOOTSTRAP_TOKEN_NAME, issueToken, type TokenStore } from '@insights/storage'

/**
 * Makes sure that somebody can sign in: registers the operator's own token with all scopes where one is configured,
 * otherwise makes one on the first start. An own token that was configured earlier expires at once, and works again
 * when it is configured again; one that somebody revoked stays refused, which the log says.
 *
 * @returns the token just made, to be shown once; `null` when none was.
 */
export async function ensureToken (tokens: TokenStore, bootstrapToken: string | null, log: Log): Promise<string | null> {
  if (bootstrapToken !== null) {
    await registerBootstrapToken(tokens, bootstrapToken, log)
    return null
  }
  if ((await tokens.list()).length > 0) return null
  const { token } = await issueToken(tokens, { name: 'first token', scopes: SCOPES, expires_at: null })
  return token
}

async function registerBootstrapToken (tokens: TokenStore, token: string, log: Log): Promise<void> {
  const hash = hashToken(token)
  const own = await tokens.add({ hash, name: BOOTSTRAP_TOKEN_NAME, scopes: SCOPES, expires_at: null })
  if (own.revoked_at !== null) {
    log.warn({ token_id: own.id }, 'the token in BOOTSTRAP_TOKEN was revoked and stays refused: set another one')
  }
  const now = systemClock.now()
  for (const former of await tokens.list()) {
    if (former.name !== BOOTSTRAP_TOKEN_NAME || former.hash === hash || !isActiveToken(former, now)) continue
    await tokens.expire(former.id, toTimestamp(now))
    log.info({ token_id: former.id }, 'the former BOOTSTRAP_TOKEN is refused from now on')
  }
}
