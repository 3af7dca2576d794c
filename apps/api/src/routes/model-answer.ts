import { Type, type Static } from '@sinclair/typebox'
import { hashModel, INSIGHT_1, SIGNALS, type ScoringModel } from '@insights/shared'
import { named, oneOf } from './answer-schemas.js'

const SignalAnswerSchema = Type.Object({
  signal: oneOf(SIGNALS),
  points: Type.Number({ description: 'The most that the signal earns' }),
  curve: oneOf(['flag', 'log']),
  knee: Type.Optional(Type.Number({ description: 'Below it, points grow nearly in proportion; of a log curve only' })),
  saturation: Type.Optional(Type.Number({ description: 'From it on the signal earns all its points; of a log curve only' }))
})

export const ModelAnswerSchema = named('Model', Type.Object({
  id: Type.String(),
  hash: Type.String({ description: 'SHA-256 of id, max_score, shared_work_weight and signals as JSON with sorted keys' }),
  is_current: Type.Boolean({ description: 'Whether new scores are computed with it' }),
  max_score: Type.Number(),
  shared_work_weight: Type.Number({ description: 'How much a play of a work that is not individual counts' }),
  signals: Type.Array(SignalAnswerSchema),
  curves: Type.Object({ flag: Type.String(), log: Type.String() }, { description: 'The formula of each kind of curve' }),
  description: Type.String({ description: 'The formula in words' }),
  rounding: Type.String()
}))
export type ModelAnswer = Static<typeof ModelAnswerSchema>

export const ModelListSchema = Type.Object({ results: Type.Array(ModelAnswerSchema) })

const CURVES = {
  flag: 'value ? points : 0',
  log: 'points * min(1, ln(1 + value / knee) / ln(1 + saturation / knee))'
}

const DESCRIPTION = 'The score is the sum of the points of all signals. A flag earns its points when it is set. Of any other ' +
  'signal the points grow with the logarithm of the value: nearly in proportion below the knee, more slowly above it, and ' +
  'not beyond the saturation. Plays are summed over all works; those of a work that is not individual are first multiplied ' +
  'by shared_work_weight. A value that is not known earns 0 points, and the highest score stays max_score.'

const ROUNDING = 'Once, at the end: the sum of the unrounded points to two decimals, half up.'

/** A model as it is published: its data, and the formula that they go into. */
export function toModelAnswer (model: ScoringModel): ModelAnswer {
  return {
    id: model.id,
    hash: hashModel(model),
    is_current: model.id === INSIGHT_1.id,
    max_score: model.max_score,
    shared_work_weight: model.shared_work_weight,
    signals: model.signals.map(rule => ({ ...rule })),
    curves: CURVES,
    description: DESCRIPTION,
    rounding: ROUNDING
  }
}
