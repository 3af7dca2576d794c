import { defaultFields, type InsightFields, type Work } from '@insights/shared'
import type { InsightInput } from './insight-schemas.js'

/** The fields to store: those that were sent in their one stored form, defaults for the rest, nothing read-only. */
export function toFields (input: InsightInput): InsightFields {
  const defaults = defaultFields()
  return {
    external_id: input.external_id ?? defaults.external_id,
    has_about: input.has_about ?? defaults.has_about,
    number_of_roles: toCount(input.number_of_roles ?? defaults.number_of_roles),
    number_of_acts: toCount(input.number_of_acts ?? defaults.number_of_acts),
    profile_views: toCount(input.profile_views ?? defaults.profile_views),
    profile_searches: toCount(input.profile_searches ?? defaults.profile_searches),
    connects: toCount(input.connects ?? defaults.connects),
    facebook_page_id: toPageId(input.facebook_page_id ?? defaults.facebook_page_id),
    twitter_handle: input.twitter_handle ?? defaults.twitter_handle,
    instagram_handle: input.instagram_handle ?? defaults.instagram_handle,
    works: (input.works ?? defaults.works).map(toWork)
  }
}

function toWork (work: NonNullable<InsightInput['works']>[number]): Work {
  return {
    item_id: work.item_id,
    source_type: work.source_type,
    is_individual_work: work.is_individual_work,
    in_app_plays: toCount(work.in_app_plays)
  }
}

/** JSON knows -0, which is 0 to us. */
function toCount (value: number): number {
  return value === 0 ? 0 : value
}

function toPageId (value: number | string | null): string | null {
  return value === null ? null : String(BigInt(value))
}
