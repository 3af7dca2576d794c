import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { AppError, isActiveToken, type Clock, type Milliseconds } from '@insights/shared'
import {
  DEFAULT_OVERLAP_SECONDS, describeToken, issueToken, rotateToken, unknownToken, type TokenRecord, type TokenStore
} from '@insights/storage'
import type { TokenLookup } from '../token-lookup.js'
import { responses } from './answer-schemas.js'
import { checkName, toExpiry } from './token-input.js'
import {
  NewTokenAnswerSchema, RotationAnswerSchema, RotationInputSchema, TokenInputSchema, TokenListSchema, TokenPathSchema
} from './token-schemas.js'

export interface TokenRouteOptions {
  tokens: TokenStore
  clock: Clock
  /** Called after a change of a token, with its hash. */
  forget: TokenLookup['forget']
}

const ListSchema = { response: responses({ 200: TokenListSchema }, []) }
const CreateSchema = {
  body: TokenInputSchema,
  response: responses({ 201: NewTokenAnswerSchema }, [400, 408, 413, 415, 507])
}
const RevokeSchema = {
  params: TokenPathSchema,
  response: responses({ 204: Type.Null() }, [404, 409])
}
const RotateSchema = {
  params: TokenPathSchema,
  body: RotationInputSchema,
  response: responses({ 201: RotationAnswerSchema }, [400, 404, 408, 409, 413, 415, 507])
}
const config = { scope: 'admin' } as const

/** Making, listing, replacing and taking away tokens. The only routes that ever answer with one, each time once. */
export const tokenRoutes: FastifyPluginAsyncTypebox<TokenRouteOptions> = async (app, { tokens, clock, forget }) => {
  app.get('/api/tokens', { schema: ListSchema, config }, async () => {
    const now = clock.now()
    return { results: (await tokens.list()).map(record => describeToken(record, now)) }
  })

  app.post('/api/tokens', { schema: CreateSchema, config }, async ({ body }, reply) => {
    const now = clock.now()
    checkName(body.name)
    const { name, scopes } = body
    const { token, record } = await issueToken(tokens, { name, scopes, expires_at: toExpiry(body, now) ?? null })
    return await reply.code(201).send({ ...describeToken(record, now), token })
  })

  app.delete('/api/tokens/:id', { schema: RevokeSchema, config }, async ({ params: { id }, token: own }, reply) => {
    if (own?.id === id) await refuseIfLast(tokens, own, clock.now())
    const record = await tokens.revoke(id)
    if (record === null) throw unknownToken()
    forget(record.hash)
    return await reply.code(204).send(null)
  })

  app.post('/api/tokens/:id/rotate', {
    schema: RotateSchema,
    config,
    // Nothing to say is the usual case: no body then means an empty one.
    preValidation: async request => { request.body ??= {} }
  }, async ({ params: { id }, body }, reply) => {
    const now = clock.now()
    const { overlap_seconds: overlapSeconds = DEFAULT_OVERLAP_SECONDS } = body
    const { token, record, replaced } = await rotateToken(
      tokens, id, { now, overlapMs: overlapSeconds * 1_000, expiresAt: toExpiry(body, now) })
    forget(replaced.hash)
    const replaces = { id: replaced.id, expires_at: replaced.expires_at }
    return await reply.code(201).send({ ...describeToken(record, now), token, replaces })
  })
}

/**
 * A token that takes itself away must leave another one that can make tokens.
 *
 * @throws `INS_TOKEN_LAST_ADMIN`
 */
async function refuseIfLast (tokens: TokenStore, own: TokenRecord, now: Milliseconds): Promise<void> {
  const others = (await tokens.list()).filter(({ id }) => id !== own.id)
  if (others.some(record => record.scopes.includes('admin') && isActiveToken(record, now))) return
  throw new AppError('INS_TOKEN_LAST_ADMIN', 'No other active token has the scope admin: create one before you revoke this one.')
}
