import auth from '@fastify/auth'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import plugin from 'fastify-plugin'
import { AppError, readCredentials, type Clock, type Scope } from '@insights/shared'
import type { TokenRecord, TokenStore } from '@insights/storage'
import type { TokenLookup } from '../token-lookup.js'
import { createTokenUsage } from '../token-usage.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The token that the request came with; `null` before it was checked, and where none is needed or `metrics` checks it. */
    token: TokenRecord | null
  }
  interface FastifyContextConfig {
    /** What a token must be allowed to do here. Every route behind `authentication` says it. */
    scope?: Scope
    /** Whether a browser's own sign-in opens the route too: HTTP Basic, any user name, the token as password. */
    allowBasic?: boolean
    /** Whether the route is open to everybody on purpose. */
    isPublic?: boolean
  }
}

export interface AuthOptions {
  tokens: TokenStore
  lookup: TokenLookup
  clock: Clock
}

/**
 * Lets nobody past without a token that is known, neither expired nor revoked, and allowed to do what the route's
 * `config.scope` names. A route without a scope stops the start: what was forgotten must not be open.
 */
export const authentication = plugin(async (app: FastifyInstance, { tokens, lookup, clock }: AuthOptions) => {
  const usage = createTokenUsage(tokens, clock, app.log)
  await app.register(auth)

  const checkToken = async (request: FastifyRequest): Promise<void> => {
    const { allowBasic = false } = request.routeOptions.config
    const token = await lookup.find(readCredentials(request.headers.authorization, allowBasic))
    if (token === null) throw new AppError('INS_AUTH_INVALID', 'The token is unknown, has expired or was revoked.')
    usage.note(token.hash)
    request.token = token
  }
  const checkScope = async (request: FastifyRequest): Promise<void> => {
    const { scope } = request.routeOptions.config
    if (scope !== undefined && hasScope(request.token, scope)) return
    throw new AppError('INS_AUTH_SCOPE', `This needs a token with the scope ${scope ?? 'admin'}.`)
  }
  app.addHook('onRequest', app.auth([checkToken, checkScope], { relation: 'and' }))

  const routes: RouteOptions[] = []
  app.addHook('onRoute', route => { routes.push(route) })
  app.addHook('onReady', async () => {
    const open = routes.find(({ config }) => config?.scope === undefined)
    if (open !== undefined) throw new Error(`The route ${open.url} names no scope`)
  })
  app.addHook('onClose', usage.settled)
}, { name: 'authentication' })

function hasScope (token: TokenRecord | null, scope: Scope): boolean {
  return token !== null && (token.scopes.includes(scope) || token.scopes.includes('admin'))
}
