import { createHash } from 'node:crypto'
import { canonicalJson } from '../canonical-json.js'
import insight1 from './models/insight-1.json' with { type: 'json' }

/** The inputs that the score is made of. */
export const SIGNALS = [
  'has_about', 'number_of_roles', 'number_of_acts', 'profile_views', 'profile_searches', 'connects', 'in_app_plays',
  'facebook_page_followers', 'twitter_followers', 'instagram_followers', 'non_app_plays'
] as const
export type SignalName = typeof SIGNALS[number]

/**
 * How one signal earns points. A `flag` earns all of them when set. A `log` curve earns
 * points × min(1, ln(1 + x / knee) / ln(1 + saturation / knee)): nearly linear below the knee, all points from the
 * saturation on.
 */
export type SignalModel =
  | { readonly signal: SignalName, readonly points: number, readonly curve: 'flag' }
  | { readonly signal: SignalName, readonly points: number, readonly curve: 'log', readonly knee: number, readonly saturation: number }

/** A scoring model: data only, so that it can be published, hashed and compared. Never changed once it was used. */
export interface ScoringModel {
  readonly id: string
  /** The sum of all points. */
  readonly max_score: number
  /** How much a play of a work that is not the artist's alone counts, 0 to 1. */
  readonly shared_work_weight: number
  readonly signals: readonly SignalModel[]
}

/**
 * The model in use. Its points, knees and saturations are ours: half of the points are what the host sees itself,
 * and the documented example of the API (6.9999 points, "7.00") calibrates it.
 */
export const INSIGHT_1 = insight1 as ScoringModel

/** Every model that stored scores may name, the one in use first. None is ever taken out. */
export const SCORING_MODELS: readonly ScoringModel[] = [INSIGHT_1]

/** The model of that id; `null` = there is none. */
export function findModel (id: string): ScoringModel | null {
  return SCORING_MODELS.find(model => model.id === id) ?? null
}

/** A model never changes, and hashing it anew would cost more than the rest of an explanation. */
const knownHashes = new WeakMap<ScoringModel, string>()

/** SHA-256 in hexadecimal of the model as JSON with its keys sorted: the same for the same rules, however written. */
export function hashModel (model: ScoringModel): string {
  const known = knownHashes.get(model)
  if (known !== undefined) return known
  const hash = createHash('sha256').update(canonicalJson(model)).digest('hex')
  knownHashes.set(model, hash)
  return hash
}
