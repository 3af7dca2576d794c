import type { ScoringModel, SignalModel } from './model.js'
import type { Signal, Signals } from './signals.js'

/** A score from 0 to 100 with at most two decimals. */
export type Score = number

/**
 * The points of one signal, unrounded, 0 to `rule.points`. Unknown (`null`) earns 0, so that a failed fetch can never
 * raise a score. Rises with the value, never falls.
 */
export function pointsOf (rule: SignalModel, value: Signal['value']): number {
  if (value === null) return 0
  if (rule.curve === 'flag') return value === true ? rule.points : 0
  const amount = Math.max(0, Number(value))
  return rule.points * Math.min(1, Math.log1p(amount / rule.knee) / Math.log1p(rule.saturation / rule.knee))
}

/**
 * The score of an insight: the sum of the points of all signals, 0.00 to 100.00, rounded once, at the end, half up.
 * The denominator is always the whole model: signals that are unknown stay in it with 0 points. Pure.
 */
export function score (model: ScoringModel, signals: Signals): Score {
  return roundScore(model, model.signals.reduce((sum, rule) => sum + pointsOf(rule, signals[rule.signal].value), 0))
}

/** Rounds a sum of points to two decimals, half up, and keeps it from 0 to the model's highest score. */
export function roundScore (model: Pick<ScoringModel, 'max_score'>, sum: number): Score {
  return Math.min(model.max_score, Math.max(0, Math.floor(sum * 100 + 0.5) / 100))
}

/** A score as answers carry it: a decimal string with two places. */
export function formatScore (value: Score): string {
  return value.toFixed(2)
}
