import {
  alignSources, pendingSource, platformOfWork, sourceKey, type InsightFields, type Platform, type SourceRecord
} from '@insights/shared'
import type { ScoreInput } from './score-schemas.js'

/**
 * The sources as they would be if the platforms had answered what is given. A count that is given counts as fetched,
 * also of an account that is not named; an account or work without one is pending, since it could still earn points.
 */
export function toGivenSources (fields: InsightFields, input: ScoreInput): SourceRecord[] {
  const plays = new Map((input.works ?? []).map(work =>
    [sourceKey({ platform: platformOfWork(work.source_type), source_id: work.item_id }), work.non_app_plays]))
  const followers: Partial<Record<Platform, number | null | undefined>> = {
    x: input.twitter_followers_count,
    facebook: input.facebook_page_followers_count,
    instagram: input.instagram_followers_count
  }
  const linked = alignSources(fields, [])
  const named = new Set(linked.map(({ platform }) => platform))
  const unnamed = (Object.keys(followers) as Platform[])
    .filter(platform => !named.has(platform) && followers[platform] != null)
    .map(platform => pendingSource({ platform, source_id: '' }))
  return [...linked, ...unnamed].map(source =>
    withCount(source, followers[source.platform] ?? plays.get(sourceKey(source)) ?? null))
}

function withCount (source: SourceRecord, count: number | null): SourceRecord {
  return count === null ? source : { ...source, state: 'ok', count }
}
