import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { AppError, PLATFORMS, type Milliseconds, type Platform, type PlatformStatus } from '@insights/shared'
import { withinTime } from '../deadline.js'
import type { PlatformInsight } from '../deps.js'
import { describe } from '../openapi/describe.js'
import { answer, nullable, oneOf, responses, TimestampSchema } from './answer-schemas.js'
import { PLATFORMS_IN_THE_SANDBOX } from './platform-examples.js'

const BucketSchema = Type.Object({
  name: Type.String(),
  unit: oneOf(['units', 'calls', 'cents', 'grants']),
  limit: nullable(Type.Integer({ description: 'The most in one period; null is only counted' })),
  used: Type.Integer(),
  left: nullable(Type.Integer({ description: 'For a refresh that a client asks for' })),
  left_for_planned: nullable(Type.Integer({ description: 'For planned refreshes, which leave a fifth to the others' })),
  resets_at: nullable(TimestampSchema)
})

const PlatformSchema = Type.Object({
  mode: oneOf(['live', 'sandbox', 'not_configured']),
  buckets: Type.Array(BucketSchema),
  parked: Type.Unsafe<PlatformStatus['parked']>({
    type: ['object', 'null'],
    required: ['code', 'detail', 'until'],
    properties: { code: Type.String(), detail: Type.String(), until: TimestampSchema }
  }),
  circuit: oneOf(['closed', 'open', 'half_open']),
  last_success_at: nullable(TimestampSchema),
  next_probe_at: nullable(TimestampSchema)
})

const PlatformsSchema = Type.Object({
  platforms: Type.Object(Object.fromEntries(PLATFORMS.map(platform => [platform, PlatformSchema])) as Record<Platform, typeof PlatformSchema>)
})

const ReadSchema = describe({
  operationId: 'getPlatforms',
  summary: 'See how the platforms are asked, and what is left of each limit',
  description: 'Of all workers together: limits with what is used and left, why a platform is left alone and until when, and when it last answered.',
  tags: ['operations'],
  response: responses({ 200: answer('Every platform', PlatformsSchema) }, ['INS_QUEUE_UNAVAILABLE']),
  examples: { sandbox: { summary: 'All of them in the sandbox', status: 200, answer: PLATFORMS_IN_THE_SANDBOX } }
})

/** What the workers share is a few hundred bytes: an answer that takes longer does not come. */
const READ_LIMIT_MS: Milliseconds = 2_000

const NOT_ASKED: PlatformStatus = { buckets: [], parked: null, circuit: 'closed', last_success_at: null, next_probe_at: null }

/** How the platforms are asked, for operators and for hosts that wonder why a count is old. */
export const platforms: FastifyPluginAsyncTypebox<{ platforms: PlatformInsight }> = async (app, { platforms: { modes, readStatus } }) => {
  app.get('/api/platforms', { schema: ReadSchema, config: { scope: 'read' } }, async () => {
    const entries = await Promise.all(PLATFORMS.map(async platform => {
      const status = modes[platform] === 'not_configured' ? NOT_ASKED : await read(platform)
      return [platform, { mode: modes[platform], ...status }] as const
    }))
    return { platforms: Object.fromEntries(entries) as Record<Platform, PlatformStatus & { mode: typeof modes[Platform] }> }
  })

  async function read (platform: Platform): Promise<PlatformStatus> {
    try {
      return await withinTime(readStatus(platform), READ_LIMIT_MS, 'reading the state of a platform')
    } catch (cause) {
      throw new AppError('INS_QUEUE_UNAVAILABLE', 'What the workers know of the platforms can not be read at the moment.', { cause, retryAfterSeconds: 5 })
    }
  }
}
