import { Type, type Static, type TNumber, type TObject, type TUnsafe } from '@sinclair/typebox'
import { PLATFORMS, SOURCE_STATES } from '@insights/shared'
import { LIST_KEYS, LIST_STATES } from '@insights/storage'
import { instantSchema } from '../validation/instant.js'
import { textSchema } from '../validation/text.js'
import { InsightAnswerSchema } from './insight-schemas.js'

export const MAX_LIMIT = 100
export const DEFAULT_LIMIT = 20

const ORDERINGS = LIST_KEYS.flatMap(key => [key, `-${key}` as const])

/** One for each platform is as much as makes sense, with one to spare for each kind of work. */
const MAX_SOURCE_STATES = 10

const scoreSchema = (description: string): TNumber => Type.Number({ minimum: 0, maximum: 100, title: 'a number from 0 to 100', description })

/** What an insight must fulfil to be listed or exported; all that is given. */
export const FILTERS = {
  min_score: Type.Optional(scoreSchema('The score is this or more')),
  max_score: Type.Optional(scoreSchema('The score is this or less')),
  updated_since: Type.Optional(instantSchema('Fields, counts or score changed then or later')),
  state: Type.Optional(Type.Union(LIST_STATES.map(state => Type.Literal(state)), { description: 'How the refresh stands' })),
  external_id: Type.Optional(textSchema({ minLength: 1, description: 'The insight that has it' })),
  source_state: Type.Optional(Type.Array(Type.String({
    pattern: `^(${PLATFORMS.join('|')}):(${SOURCE_STATES.join('|')})$`,
    title: 'a platform and a state of a source, like youtube:stale'
  }), {
    maxItems: MAX_SOURCE_STATES,
    description: 'Some account or work on the platform is in the state, like `youtube:stale`; `not_provided`: none is named. May be given several times: all must hold'
  }))
}
export type FilterInput = Static<TObject<typeof FILTERS>>

export const ListQuerySchema = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT, description: 'The most insights of a page' })),
  cursor: Type.Optional(Type.String({ maxLength: 500, description: 'From a link of another page; valid for the same ordering and filters' })),
  ordering: Type.Optional(Type.Union(ORDERINGS.map(ordering => Type.Literal(ordering)), {
    default: 'id', description: 'Of equal scores or times the lower id comes first; with a minus sign all is the other way round'
  })),
  ...FILTERS
}, { additionalProperties: false })
export type ListQueryInput = Static<typeof ListQuerySchema>

export const linkSchema = (description: string): TUnsafe<string | null> =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'uri', description })

export const ListAnswerSchema = Type.Object({
  next: linkSchema('The address of the next page; null: there is none. A page may be short, or empty, and have a next one'),
  previous: linkSchema('The address of the page before; null: there is none'),
  results: Type.Array(InsightAnswerSchema)
})
