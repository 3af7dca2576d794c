import auth from '@fastify/auth'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import plugin from 'fastify-plugin'
import { AppError, type Clock, type Scope } from '@insights/shared'
import type { TokenRecord, TokenStore } from '@insights/storage'
import { createTokenLookup } from '../token-lookup.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The token that the request came with; `null` before it was checked and where none is needed. */
    token: TokenRecord | null
  }
}

export interface AuthOptions {
  tokens: TokenStore
  clock: Clock
}

const SCHEMES = 'Send the header Authorization: Token <token>, or Authorization: Bearer <token>.'

/** Lets nobody past without a token that is known, not expired, and allowed to do what the method does. */
export const authentication = plugin(async (app: FastifyInstance, { tokens, clock }: AuthOptions) => {
  const findToken = createTokenLookup(tokens, clock)
  app.decorateRequest('token', null)
  await app.register(auth)

  const checkToken = async (request: FastifyRequest): Promise<void> => {
    const token = await findToken(readToken(request.headers.authorization))
    if (token === null) throw new AppError('INS_AUTH_INVALID', 'The token is unknown or has expired.')
    request.token = token
  }
  const checkScope = async (request: FastifyRequest): Promise<void> => {
    const scope = scopeOf(request.method)
    if (hasScope(request.token, scope)) return
    throw new AppError('INS_AUTH_SCOPE', `This needs a token with the scope ${scope}.`)
  }
  app.addHook('onRequest', app.auth([checkToken, checkScope], { relation: 'and' }))
}, { name: 'authentication' })

function readToken (header: string | undefined): string {
  if (header === undefined || header.trim() === '') throw new AppError('INS_AUTH_MISSING', SCHEMES)
  const match = /^(?:token|bearer) +(\S+)$/i.exec(header.trim())
  if (match?.[1] === undefined) throw new AppError('INS_AUTH_INVALID', SCHEMES)
  return match[1]
}

function scopeOf (method: string): Scope {
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write'
}

function hasScope (token: TokenRecord | null, scope: Scope): boolean {
  return token !== null && (token.scopes.includes(scope) || token.scopes.includes('admin'))
}
