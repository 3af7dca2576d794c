import { setTimeout as delay } from 'node:timers/promises'
import type { ApiClient } from '@insights/testkit'

/** The documented request, with a track number that SoundCloud can have. */
export const EXAMPLE_2 = {
  number_of_roles: 1,
  number_of_acts: 8,
  profile_views: 8,
  profile_searches: 7,
  connects: 2,
  facebook_page_id: 4546477,
  twitter_handle: 'gigpro',
  instagram_handle: 'gigpro',
  works: [
    { item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7 },
    { item_id: '230230230', source_type: 2, is_individual_work: false, in_app_plays: 30 }
  ]
}

/** An artist with two works and three accounts, all different from those of other numbers. */
export function buildArtist (number: number): object {
  const six = String(number).padStart(6, '0')
  return {
    connects: number,
    twitter_handle: `artist${number}`,
    instagram_handle: `artist.${number}`,
    facebook_page_id: 100_000 + number,
    works: [
      { item_id: `video${six}`, source_type: 1, is_individual_work: true, in_app_plays: number },
      { item_id: String(900_000 + number), source_type: 2, is_individual_work: false, in_app_plays: 1 }
    ]
  }
}

/** Posts artists `from` to `from + count - 1`, a few at a time, and gives the ids of those that were acknowledged. */
export async function postArtists (api: ApiClient, from: number, count: number): Promise<number[]> {
  const ids: number[] = []
  for (let start = from; start < from + count; start += 10) {
    const numbers = Array.from({ length: Math.min(10, from + count - start) }, (_, index) => start + index)
    const answers = await Promise.all(numbers.map(async number => await api.post('/api/user_insights/', buildArtist(number))))
    ids.push(...answers.filter(({ status }) => status === 201).map(({ body }) => Number(body.id)))
  }
  return ids
}

/** Whether every count of an answered insight is there. */
export function isComplete (insight: any): boolean {
  return [insight.twitter_followers_count, insight.instagram_followers_count, insight.facebook_page_followers_count,
    ...insight.works.map((work: any) => work.non_app_plays)].every(count => typeof count === 'number')
}

/** How long counts may take to come where a part was away: its return, the pause after it, and a plan. */
const COMPLETE_LIMIT_MS = 60_000

/** Waits until the insight has every count, and gives it; as it is when the time is over. */
export async function completed (api: ApiClient, id: number): Promise<any> {
  const deadline = Date.now() + COMPLETE_LIMIT_MS
  for (;;) {
    const { body } = await api.refreshed(id)
    if (isComplete(body) || Date.now() > deadline) return body
    await delay(100)
  }
}
