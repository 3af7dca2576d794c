import { hashModel, INSIGHT_1 } from '@insights/shared'

interface Line { signal: string, value: unknown, points: number, max_points: number, state: string, next: { value: unknown, points: number } }

const line = (signal: string, value: unknown, points: number, maxPoints: number, state: string, next: Line['next']): Line =>
  ({ signal, value, points, max_points: maxPoints, state, next })

/** The score of `KNOWN_ARTIST`. */
export const KNOWN_BREAKDOWN = {
  model: 'insight-1',
  model_hash: hashModel(INSIGHT_1),
  score: 7,
  max_score: 100,
  lines: [
    line('has_about', false, 0, 4, 'given', { value: true, points: 4 }),
    line('number_of_roles', 1, 0.971, 3, 'given', { value: 2, points: 1 }),
    line('number_of_acts', 8, 2.6092, 3, 'given', { value: 10, points: 3 }),
    line('profile_views', 8, 0.1486, 12, 'given', { value: 68, points: 1 }),
    line('profile_searches', 7, 0.0871, 8, 'given', { value: 118, points: 1 }),
    line('connects', 2, 0.0429, 10, 'given', { value: 59, points: 1 }),
    line('in_app_plays', 22, 0.2878, 10, 'given', { value: 100, points: 1 }),
    line('facebook_page_followers', 4546, 0.8424, 9, 'ok', { value: 5774, points: 1 }),
    line('twitter_followers', 4546, 0.7488, 8, 'ok', { value: 6859, points: 1 }),
    line('instagram_followers', 4564, 1.2204, 13, 'ok', { value: 9474, points: 2 }),
    line('non_app_plays', 145, 0.0417, 20, 'ok', { value: 4127, points: 1 })
  ],
  coverage: 100,
  score_range: { low: 7, high: 7 }
}
