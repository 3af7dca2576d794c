import { Type, type Static } from '@sinclair/typebox'
import { SOURCE_TYPES } from './platform.js'

/** The longest `item_id` and handle, in UTF-16 code units. */
export const MAX_TEXT_LENGTH = 255

/** The most works that one insight may list. Bounds the cost of one refresh and of one answer. */
export const MAX_WORKS = 500

/** A whole number from 0 to 2^53 - 1, the range in which JSON numbers are exact. */
export const CountSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** Names an insight in the words of the host: any text of 1 to 255 UTF-16 code units, kept as sent. */
const ExternalIdSchema = Type.Union([Type.String({ minLength: 1, maxLength: MAX_TEXT_LENGTH }), Type.Null()])

const HandleSchema = Type.Union([Type.String({ maxLength: MAX_TEXT_LENGTH }), Type.Null()])

/**
 * One work of an artist. It is identified by (`source_type`, `item_id`), which is unique within an insight.
 * `item_id` is kept as sent; what a platform can not have is accepted here and reported by the refresh.
 */
export const WorkSchema = Type.Object({
  item_id: Type.String({ minLength: 1, maxLength: MAX_TEXT_LENGTH }),
  source_type: Type.Union(SOURCE_TYPES.map(type => Type.Literal(type))),
  is_individual_work: Type.Boolean(),
  in_app_plays: CountSchema
})
export type Work = Static<typeof WorkSchema> & { source_type: typeof SOURCE_TYPES[number] }

/**
 * The fields that the client owns, after validation, with every default filled in.
 * `facebook_page_id` is decimal text without leading zeros: page ids may exceed 2^53.
 * `null` means that the artist has no such account, or that the host does not know it.
 * `external_id` is the host's own name for the insight; no two insights have the same one, any number has none.
 */
export const InsightFieldsSchema = Type.Object({
  external_id: ExternalIdSchema,
  has_about: Type.Boolean(),
  number_of_roles: CountSchema,
  number_of_acts: CountSchema,
  profile_views: CountSchema,
  profile_searches: CountSchema,
  connects: CountSchema,
  facebook_page_id: Type.Union([Type.String({ pattern: '^(0|[1-9][0-9]{0,19})$' }), Type.Null()]),
  twitter_handle: HandleSchema,
  instagram_handle: HandleSchema,
  works: Type.Array(WorkSchema, { maxItems: MAX_WORKS })
})
export type InsightFields = Omit<Static<typeof InsightFieldsSchema>, 'works'> & { works: Work[] }

/** The fields of an insight about which the client has said nothing. A new object at each call. */
export function defaultFields (): InsightFields {
  return {
    external_id: null,
    has_about: false,
    number_of_roles: 0,
    number_of_acts: 0,
    profile_views: 0,
    profile_searches: 0,
    connects: 0,
    facebook_page_id: null,
    twitter_handle: null,
    instagram_handle: null,
    works: []
  }
}
