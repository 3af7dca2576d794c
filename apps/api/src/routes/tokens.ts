import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { AppError, createToken, hashToken, isActiveToken, tokenIdOf, type Clock, type Milliseconds } from '@insights/shared'
import {
  DEFAULT_OVERLAP_SECONDS, describeToken, issueToken, rotateToken, unknownToken, type InsightStore, type TokenRecord, type TokenStore
} from '@insights/storage'
import { answerTokenOnce } from '../answer-once.js'
import { IdempotencySchema } from '../idempotency-key.js'
import type { TokenLookup } from '../token-lookup.js'
import { describe } from '../openapi/describe.js'
import { answer, responses, bodyCodes, tokenKeyCodes } from './answer-schemas.js'
import { NEW_TOKEN, ROTATED_TOKEN, TOKENS } from './token-examples.js'
import { checkName, toExpiry } from './token-input.js'
import {
  NewTokenAnswerSchema, RotationAnswerSchema, RotationInputSchema, TokenInputSchema, TokenListSchema, TokenPathSchema
} from './token-schemas.js'

export interface TokenRouteOptions {
  tokens: TokenStore
  store: Pick<InsightStore, 'keys'>
  clock: Clock
  /** Called after a change of a token, with its hash. */
  forget: TokenLookup['forget']
}

const KEYED = 'Under an `Idempotency-Key` a repeat makes no second token. It can not show the first one again either: it is a 409 that names the token, which can be revoked then.'

const ListSchema = describe({
  operationId: 'listTokens',
  summary: 'List the tokens',
  tags: ['tokens'],
  response: responses({ 200: answer('All tokens, revoked ones included; never the tokens themselves', TokenListSchema) }, []),
  examples: { all: { summary: 'The tokens of a new service', status: 200, answer: TOKENS } }
})
const CreateSchema = describe({
  operationId: 'createToken',
  summary: 'Make a token',
  description: KEYED,
  tags: ['tokens'],
  headers: IdempotencySchema,
  body: TokenInputSchema,
  response: responses({ 201: answer('The token, shown this once', NewTokenAnswerSchema) }, [...bodyCodes, ...tokenKeyCodes, 'INS_STORE_FULL']),
  problemHeaders: { 409: ['retry-after'] },
  examples: {
    'for-a-host': {
      summary: 'For a host application, for a year',
      body: { name: 'marketplace', scopes: ['read', 'write'], expires_in_days: 365 },
      status: 201,
      answer: NEW_TOKEN
    },
    'under-a-key': {
      summary: 'So that a repeat makes no second one',
      headers: { 'idempotency-key': '"0f1a7b52-6a53-4f0e-9d2c-1c8f3e0b7a44"' },
      body: { name: 'marketplace', scopes: ['read', 'write'], expires_in_days: 365 },
      status: 201,
      answer: NEW_TOKEN
    }
  }
})
const RevokeSchema = describe({
  operationId: 'revokeToken',
  summary: 'Revoke a token',
  description: 'It opens nothing any more, in every process within five seconds. Doing it twice changes nothing.',
  tags: ['tokens'],
  params: TokenPathSchema,
  response: responses({ 204: answer('The token is revoked', Type.Null()) }, [...bodyCodes, 'INS_TOKEN_UNKNOWN', 'INS_TOKEN_LAST_ADMIN']),
  examples: { revoked: { summary: 'A token that nobody uses any more', params: { id: '1f2e3d4c5b6a7980' }, status: 204 } }
})
const RotateSchema = describe({
  operationId: 'rotateToken',
  summary: 'Make a token in the place of another',
  description: `The old one works beside it for \`overlap_seconds\`, a day unless something else is said. ${KEYED}`,
  tags: ['tokens'],
  headers: IdempotencySchema,
  params: TokenPathSchema,
  body: RotationInputSchema,
  isBodyOptional: true,
  response: responses({
    201: answer('The new token, shown this once', RotationAnswerSchema)
  }, [...bodyCodes, ...tokenKeyCodes, 'INS_TOKEN_UNKNOWN', 'INS_TOKEN_INACTIVE', 'INS_STORE_FULL']),
  problemHeaders: { 409: ['retry-after'] },
  examples: {
    rotated: {
      summary: 'With an hour for changing over',
      params: { id: '0123456789abcdef' },
      body: { overlap_seconds: 3600 },
      status: 201,
      answer: ROTATED_TOKEN
    }
  }
})
const config = { scope: 'admin' } as const

/** Making, listing, replacing and taking away tokens. The only routes that ever answer with one, each time once. */
export const tokenRoutes: FastifyPluginAsyncTypebox<TokenRouteOptions> = async (app, { tokens, store, clock, forget }) => {
  app.get('/api/tokens', { schema: ListSchema, config }, async () => {
    const now = clock.now()
    return { results: (await tokens.list()).map(record => describeToken(record, now)) }
  })

  app.post('/api/tokens', { schema: CreateSchema, config }, async (request, reply) => {
    const now = clock.now()
    const { body } = request
    checkName(body.name)
    const { name, scopes } = body
    const expiry = toExpiry(body, now) ?? null
    const secret = createToken()
    const once = { store, request, reply, call: 'createToken', payload: { ...body, scopes: [...scopes].sort() } }
    return await answerTokenOnce(once, tokenIdOf(hashToken(secret)), async () => {
      const { token, record } = await issueToken(tokens, { name, scopes, expires_at: expiry }, secret)
      return { status: 201, headers: {}, body: { ...describeToken(record, now), token } }
    })
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
  }, async (request, reply) => {
    const now = clock.now()
    const { params: { id }, body } = request
    const { overlap_seconds: overlapSeconds = DEFAULT_OVERLAP_SECONDS } = body
    const secret = createToken()
    const rotation = { now, overlapMs: overlapSeconds * 1_000, expiresAt: toExpiry(body, now), secret }
    const once = { store, request, reply, call: `rotateToken ${id}`, payload: body }
    return await answerTokenOnce(once, tokenIdOf(hashToken(secret)), async () => {
      const { token, record, replaced } = await rotateToken(tokens, id, rotation)
      forget(replaced.hash)
      const replaces = { id: replaced.id, expires_at: replaced.expires_at }
      return { status: 201, headers: {}, body: { ...describeToken(record, now), token, replaces } }
    })
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
