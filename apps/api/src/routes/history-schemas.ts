import { Type, type Static } from '@sinclair/typebox'
import { CountSchema, PLATFORMS, SOURCE_STATES } from '@insights/shared'
import { instantSchema } from '../validation/instant.js'
import { named, nullable, oneOf, TimestampSchema } from './answer-schemas.js'
import { linkSchema } from './list-schemas.js'

/** The most accounts and works of one answer; those that are left come with `next`. */
export const MAX_SOURCES = 50

/** The most observations that one answer is made of: some hundred bytes each. */
export const MAX_OBSERVATIONS = 5_000

export const INTERVALS = ['raw', 'day', 'week'] as const
export type Interval = typeof INTERVALS[number]

export const HistoryQuerySchema = Type.Object({
  source: Type.Optional(Type.Array(Type.String({
    pattern: `^(${PLATFORMS.join('|')})(:.{1,255})?$`,
    title: 'a platform, or a platform and an id, like youtube:l4WNrvVjiTw'
  }), {
    maxItems: MAX_SOURCES,
    description: 'Only the accounts and works of this platform, like `x`, or this one of them, like `youtube:l4WNrvVjiTw`, with its id as it was sent. May be given several times: any of them. What the insight does not have gives nothing'
  })),
  from: Type.Optional(instantSchema('What was observed then or later; 30 days before `to` unless given')),
  to: Type.Optional(instantSchema('What was observed before; now unless given')),
  interval: Type.Optional(Type.Union(INTERVALS.map(interval => Type.Literal(interval)), {
    default: 'day',
    description: '`day`, `week`: one point of each UTC day, or each week from Monday on, in which something was observed; `raw`: every observation that is kept'
  })),
  cursor: Type.Optional(Type.String({ maxLength: 2_000, description: 'From a link of another answer' }))
}, { additionalProperties: false })
export type HistoryQuery = Static<typeof HistoryQuerySchema>

const PointSchema = named('HistoryPoint', Type.Object({
  start: Type.Optional(Type.String({ format: 'date-time', description: 'When the day or week begins that the point stands for; absent in `raw`' })),
  at: Type.String({ format: 'date-time', description: 'When the platform answered' }),
  count: nullable({ ...CountSchema, description: 'What it said; null: it was asked and gave no count' }),
  state: oneOf(SOURCE_STATES)
}))

const SourceHistorySchema = named('SourceHistory', Type.Object({
  platform: oneOf(PLATFORMS),
  source_id: Type.String({ description: 'The account or work, as it was sent' }),
  growth_per_day: Type.Unsafe<number | null>({
    type: ['number', 'null'],
    description: 'The last count of the range less its first one, divided by the days between the two, with two decimals; ' +
      'null: there are not two counts half a day apart'
  }),
  points: Type.Array(PointSchema)
}))
export type SourceHistory = Static<typeof SourceHistorySchema>

export const HistoryAnswerSchema = named('History', Type.Object({
  id: Type.Integer(),
  interval: oneOf(INTERVALS),
  from: TimestampSchema,
  to: TimestampSchema,
  next: linkSchema('The address of the answer with the other accounts and works; null: these are all'),
  sources: Type.Array(SourceHistorySchema)
}))
