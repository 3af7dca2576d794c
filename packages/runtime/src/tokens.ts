import { createToken, hashToken, SCOPES } from '@insights/shared'
import type { TokenStore } from '@insights/storage'

/**
 * Makes sure that somebody can sign in: registers the operator's own token with all scopes where one is configured,
 * otherwise makes one on the first start.
 *
 * @returns the token just made, to be shown once; `null` when none was.
 */
export async function ensureToken (tokens: TokenStore, bootstrapToken: string | null): Promise<string | null> {
  if (bootstrapToken !== null) {
    await addWithAllScopes(tokens, bootstrapToken, 'bootstrap')
    return null
  }
  if ((await tokens.list()).length > 0) return null
  const token = createToken()
  await addWithAllScopes(tokens, token, 'first token')
  return token
}

async function addWithAllScopes (tokens: TokenStore, token: string, name: string): Promise<void> {
  await tokens.add({ hash: hashToken(token), name, scopes: SCOPES, expires_at: null })
}
