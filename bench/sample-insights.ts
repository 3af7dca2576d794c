import { defaultFields, type InsightFields } from '@insights/shared'

/** An insight that links one account or work on every platform, as a client posts it. Each `n` links others. */
export function buildBody (n: number): object {
  return {
    has_about: true,
    number_of_roles: 1,
    number_of_acts: 8,
    profile_views: 800,
    profile_searches: 70,
    connects: 20,
    facebook_page_id: 100_000 + n,
    twitter_handle: `artist${n}`,
    instagram_handle: `artist.${n}`,
    works: [
      { item_id: videoId(n), source_type: 1, is_individual_work: true, in_app_plays: 7 },
      { item_id: String(200_000_000 + n), source_type: 2, is_individual_work: false, in_app_plays: 30 }
    ]
  }
}

/** How many works each insight of the backlog has, and how many videos they share: 900 for 1,000 insights. */
export const WORKS_PER_INSIGHT = 3
export const videosOf = (insights: number): number => Math.ceil(insights * 0.9)

/**
 * The insights of the backlog. Their works go round the videos in turn, so that the insights of one video are as far
 * apart as can be: nothing is shared within a batch unless the batch is larger than a third of the videos.
 */
export function buildBacklog (insights: number): InsightFields[] {
  return Array.from({ length: insights }, (_, n) => ({
    ...defaultFields(),
    number_of_roles: 1,
    facebook_page_id: String(100_000 + n),
    twitter_handle: `artist${n}`,
    instagram_handle: `artist.${n}`,
    works: Array.from({ length: WORKS_PER_INSIGHT }, (_, k) => ({
      item_id: videoId((n * WORKS_PER_INSIGHT + k) % videosOf(insights)), source_type: 1, is_individual_work: true, in_app_plays: 7
    }))
  }))
}

function videoId (n: number): string {
  return `video${String(n).padStart(6, '0')}`
}
