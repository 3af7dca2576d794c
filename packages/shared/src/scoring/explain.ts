import { hashModel, type ScoringModel, type SignalModel, type SignalName } from './model.js'
import { pointsOf, roundScore, score, type Score } from './score.js'
import type { Signal, Signals, SignalState } from './signals.js'

/** One line of the breakdown. */
export interface BreakdownLine {
  signal: SignalName
  value: boolean | number | null
  /** Rounded to four decimals for reading; the score is summed from the unrounded ones. */
  points: number
  max_points: number
  state: SignalState
  /** The smallest whole value (or `true`) that earns the next whole point; `null` when nothing more can be earned. */
  next: { value: boolean | number, points: number } | null
}

/** Why a score is what it is. Stored with the score in the same write and answered as it was stored. */
export interface Breakdown {
  model: string
  /** `hashModel` of the model. */
  model_hash: string
  score: Score
  max_score: number
  lines: BreakdownLine[]
  /** The points, 0 to `max_score`, of those signals whose every part is known. */
  coverage: number
  /**
   * Where the score can end while a linked source is pending, stale or held back: `low` if those signals turn out to
   * earn nothing, `high` if they earn all. Both equal the score once nothing is open.
   */
  score_range: { low: Score, high: Score }
}

/** Computes the score and explains it. Pure: the same model and signals always give the same breakdown. */
export function explain (model: ScoringModel, signals: Signals): Breakdown {
  return {
    model: model.id,
    model_hash: hashModel(model),
    score: score(model, signals),
    max_score: model.max_score,
    lines: model.signals.map(rule => explainLine(rule, signals[rule.signal])),
    coverage: model.signals.reduce((sum, rule) => sum + (signals[rule.signal].isComplete ? rule.points : 0), 0),
    score_range: {
      low: sumWhere(model, signals, () => 0),
      high: sumWhere(model, signals, rule => rule.points)
    }
  }
}

function sumWhere (model: ScoringModel, signals: Signals, pointsIfOpen: (rule: SignalModel) => number): Score {
  const points = model.signals.map(rule => {
    const signal = signals[rule.signal]
    return signal.isSettling ? pointsIfOpen(rule) : pointsOf(rule, signal.value)
  })
  return roundScore(model, points.reduce((sum, earned) => sum + earned, 0))
}

function explainLine (rule: SignalModel, signal: Signal): BreakdownLine {
  const points = pointsOf(rule, signal.value)
  return {
    signal: rule.signal,
    value: signal.value,
    points: Math.round(points * 10_000) / 10_000,
    max_points: rule.points,
    state: signal.state,
    next: nextPoint(rule, points)
  }
}

function nextPoint (rule: SignalModel, points: number): BreakdownLine['next'] {
  if (points >= rule.points) return null
  if (rule.curve === 'flag') return { value: true, points: rule.points }
  const target = Math.min(rule.points, Math.floor(points) + 1)
  return { value: smallestValueFor(rule, target), points: target }
}

/** Inverts the curve, then settles the last step by the curve itself, which floating point may put one off. */
function smallestValueFor (rule: SignalModel & { curve: 'log' }, target: number): number {
  const exact = rule.knee * Math.expm1(target / rule.points * Math.log1p(rule.saturation / rule.knee))
  let value = Math.max(1, Math.floor(exact))
  while (pointsOf(rule, value) < target) value++
  return value
}
