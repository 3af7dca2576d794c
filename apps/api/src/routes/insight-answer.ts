import { formatScore, platformOfWork, sourceKey, type Platform, type Work } from '@insights/shared'
import type { ListedInsight } from '@insights/storage'
import type { InsightAnswer } from './insight-schemas.js'

/** An insight as clients see it. Counts that are not known are `null`, those of works are left out. */
export function toInsightAnswer ({ id, fields, sources, score }: ListedInsight): InsightAnswer {
  const counts = new Map(sources.map(source => [sourceKey(source), source.count]))
  const followersOn = (platform: Platform): number | null => sources.find(source => source.platform === platform)?.count ?? null
  return {
    id,
    ...(fields.external_id !== null && { external_id: fields.external_id }),
    has_about: fields.has_about,
    number_of_roles: fields.number_of_roles,
    number_of_acts: fields.number_of_acts,
    profile_views: fields.profile_views,
    profile_searches: fields.profile_searches,
    connects: fields.connects,
    facebook_page_id: toPageIdAnswer(fields.facebook_page_id),
    twitter_handle: fields.twitter_handle,
    instagram_handle: fields.instagram_handle,
    insight_score: formatScore(score),
    twitter_followers_count: followersOn('x'),
    works: fields.works.map(work => toWorkAnswer(work, counts)),
    facebook_page_followers_count: followersOn('facebook'),
    instagram_followers_count: followersOn('instagram')
  }
}

function toWorkAnswer (work: Work, counts: ReadonlyMap<string, number | null>): InsightAnswer['works'][number] {
  const plays = counts.get(sourceKey({ platform: platformOfWork(work.source_type), source_id: work.item_id }))
  return {
    item_id: work.item_id,
    source_type: work.source_type,
    is_individual_work: work.is_individual_work,
    in_app_plays: work.in_app_plays,
    ...(plays != null && { non_app_plays: plays })
  }
}

/** A number as long as it is exact, text beyond that. */
function toPageIdAnswer (pageId: string | null): number | string | null {
  if (pageId === null) return null
  const number = Number(pageId)
  return Number.isSafeInteger(number) ? number : pageId
}
