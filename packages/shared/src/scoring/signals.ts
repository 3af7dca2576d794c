import type { InsightFields } from '../insight.js'
import { platformOfWork, type Platform } from '../platform.js'
import { sourceKey, type SourceRecord, type SourceState } from '../source.js'
import type { ScoringModel, SignalName } from './model.js'

/** `given`: the host's own figure. Every other state is the worst one of the sources behind the signal. */
export type SignalState = 'given' | SourceState

/** One input of the score. */
export interface Signal {
  /** `null` = unknown. Plays are weighted sums over what is known, so they may end in .5. */
  readonly value: boolean | number | null
  readonly state: SignalState
  /** Whether every part of the value is known; a stale count is known, a pending or hidden one is not. */
  readonly isComplete: boolean
  /** Whether a refresh may still change what is known: a part is pending, stale or held back. */
  readonly isSettling: boolean
}

export type Signals = { readonly [name in SignalName]: Signal }

/** Every source state, from the one that says the most about trouble to the one that says the least. */
export const WORST_FIRST: readonly SourceState[] = [
  'not_configured', 'pending', 'rate_limited', 'stale', 'invalid_id', 'not_found', 'hidden', 'ok', 'not_provided'
]
const SETTLING: ReadonlySet<SourceState> = new Set(['pending', 'stale', 'rate_limited'])

/** Reads the inputs of the score from what the client said and what the platforms answered. */
export function toSignals (
  fields: InsightFields,
  sources: readonly SourceRecord[],
  model: Pick<ScoringModel, 'shared_work_weight'>
): Signals {
  const weightOf = (isIndividual: boolean): number => (isIndividual ? 1 : model.shared_work_weight)
  const inAppPlays = fields.works.reduce((sum, work) => sum + weightOf(work.is_individual_work) * work.in_app_plays, 0)
  const byKey = new Map(sources.map(source => [sourceKey(source), source]))
  const plays = fields.works.map(work => ({
    source: byKey.get(sourceKey({ platform: platformOfWork(work.source_type), source_id: work.item_id })),
    weight: weightOf(work.is_individual_work)
  }))
  const followersOn = (platform: Platform): Signal => {
    const source = sources.find(candidate => candidate.platform === platform)
    return sumOfSources(source === undefined ? [] : [{ source, weight: 1 }])
  }
  return {
    has_about: given(fields.has_about),
    number_of_roles: given(fields.number_of_roles),
    number_of_acts: given(fields.number_of_acts),
    profile_views: given(fields.profile_views),
    profile_searches: given(fields.profile_searches),
    connects: given(fields.connects),
    in_app_plays: given(inAppPlays),
    facebook_page_followers: followersOn('facebook'),
    twitter_followers: followersOn('x'),
    instagram_followers: followersOn('instagram'),
    non_app_plays: sumOfSources(plays)
  }
}

function given (value: boolean | number): Signal {
  return { value, state: 'given', isComplete: true, isSettling: false }
}

/** The state that says the most about the trouble behind several sources. Needs at least one. */
export function worstOf (states: readonly SourceState[]): SourceState {
  return states.reduce((worst, state) => WORST_FIRST.indexOf(state) < WORST_FIRST.indexOf(worst) ? state : worst)
}

interface WeightedSource {
  source: SourceRecord | undefined
  weight: number
}

function sumOfSources (parts: readonly WeightedSource[]): Signal {
  if (parts.length === 0) return { value: null, state: 'not_provided', isComplete: false, isSettling: false }
  const states = parts.map(part => part.source?.state ?? 'pending')
  const known = parts.flatMap(({ source, weight }) => source?.count == null ? [] : [weight * source.count])
  return {
    value: known.length === 0 ? null : known.reduce((sum, count) => sum + count, 0),
    state: worstOf(states),
    isComplete: known.length === parts.length,
    isSettling: states.some(state => SETTLING.has(state))
  }
}
