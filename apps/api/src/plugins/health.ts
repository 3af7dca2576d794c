import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { AppError } from '@insights/shared'
import type { ApiDeps } from '../deps.js'
import { withinTime } from '../deadline.js'
import { describe } from '../openapi/describe.js'
import { answer, openResponses } from '../routes/answer-schemas.js'

/** A store that takes longer than this to say that it is there is of no use to requests either. */
const PING_TIMEOUT_MS = 1_000

const StatusSchema = Type.Object({ status: Type.String() })

const LivezSchema = describe({
  operationId: 'getLiveness',
  summary: 'Whether the process answers',
  tags: ['operations'],
  response: openResponses({ 200: answer('It does', StatusSchema) }, []),
  examples: { alive: { summary: 'It does', status: 200, answer: { status: 'ok' } } }
})
const ReadyzSchema = describe({
  operationId: 'getReadiness',
  summary: 'Whether the process can serve requests now',
  description: '503 while it starts or stops, and while the store does not answer.',
  tags: ['operations'],
  response: openResponses({ 200: answer('It can', StatusSchema) }, []),
  examples: { ready: { summary: 'It can', status: 200, answer: { status: 'ready' } } }
})
const config = { isPublic: true }

/** Probes come every few seconds from every balancer; only what goes wrong with them is worth a line. */
const logLevel = 'warn'

export type HealthOptions = Pick<ApiDeps, 'store' | 'isReady'>

/** `/livez`: the process answers. `/readyz`: it can serve requests now. Neither needs a token. */
export const health: FastifyPluginAsyncTypebox<HealthOptions> = async (app, { store, isReady = () => true }) => {
  app.get('/livez', { logLevel, config, schema: LivezSchema }, async () => ({ status: 'ok' }))

  app.get('/readyz', { logLevel, config, schema: ReadyzSchema }, async () => {
    if (!isReady()) throw new AppError('INS_SERVICE_BUSY', 'The service is starting or stopping.')
    await withinTime(store.ping(), PING_TIMEOUT_MS, 'asking the store').catch((cause: unknown) => {
      throw new AppError('INS_STORE_UNAVAILABLE', 'The store does not answer.', { cause })
    })
    return { status: 'ready' }
  })
}
