import { Type, type Static } from '@sinclair/typebox'

/** The most insights that one refresh job carries. */
export const MAX_IDS_PER_REFRESH_JOB = 200

/** Data of a `refresh` job: ids only, so that no handle or secret ever lies in the queue. Order means nothing. */
export const RefreshJobSchema = Type.Object({
  ids: Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), {
    minItems: 1,
    maxItems: MAX_IDS_PER_REFRESH_JOB
  })
}, { additionalProperties: false })
export type RefreshJob = Static<typeof RefreshJobSchema>

/** Data of a `plan` job: it needs none, what is due stands in the store. */
export const PlanJobSchema = Type.Object({}, { additionalProperties: false })
export type PlanJob = Static<typeof PlanJobSchema>
