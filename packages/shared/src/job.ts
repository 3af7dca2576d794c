import { Type, type Static } from '@sinclair/typebox'

/** The most insights that one refresh job carries. */
export const MAX_IDS_PER_REFRESH_JOB = 200

/**
 * Data of a `refresh` job: ids and nothing that tells whose they are, so that no handle or secret ever lies in the
 * queue. Order means nothing. Fields that are not known are let pass: a later release may have written the job.
 */
export const RefreshJobSchema = Type.Object({
  ids: Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), {
    minItems: 1,
    maxItems: MAX_IDS_PER_REFRESH_JOB
  }),
  /** The trace of the request that asked for it, for log lines; none in a batch. */
  trace_id: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' }))
})
export type RefreshJob = Static<typeof RefreshJobSchema>

/** Data of a `plan` job: it needs none, what is due stands in the store. */
export const PlanJobSchema = Type.Object({})
export type PlanJob = Static<typeof PlanJobSchema>
