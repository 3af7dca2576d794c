import type { Milliseconds, Platform, PlatformStatus } from '@insights/shared'

/** One answered request. `seconds` is its time from the first byte of the request's head to the end of the answer. */
export interface HttpCall {
  method: string
  /** The pattern of the route, e.g. `/api/user_insights/:id`, never the path itself; `null` = no route answered. */
  route: string | null
  status: number
  seconds: number
}

/** One run of the refresh handler. Insights with nothing to do are in none of the numbers. */
export interface RefreshRun {
  saved: number
  /** Overtaken by a change or another run: their results were dropped. */
  superseded: number
  /** Those of a run that ended with an error; they are due again. */
  failed: number
  seconds: number
}

/** What a lookup of one source ended with. The last five are reasons why there was no answer. */
export const SOURCE_OUTCOMES = [
  'ok', 'hidden', 'not_found', 'invalid_id', 'not_configured', 'transient', 'throttled', 'quota', 'auth', 'request'
] as const
export type SourceOutcome = typeof SOURCE_OUTCOMES[number]

/**
 * What a call for a batch ended with: `ok` says something of each id; `partial` of some of them; otherwise the reason
 * why there was nothing. `error` is a fault of ours.
 */
export const PLATFORM_CALL_OUTCOMES = ['ok', 'partial', 'transient', 'throttled', 'quota', 'auth', 'request', 'error'] as const
export type PlatformCallOutcome = typeof PLATFORM_CALL_OUTCOMES[number]

/** One call for a batch of ids, with its repeats. */
export interface PlatformCall {
  platform: Platform
  outcome: PlatformCallOutcome
  seconds: number
  /** How many ids it asked for, 1 to `maxBatchSize`. */
  ids: number
  /** How many it could have asked for. */
  maxBatchSize: number
}

/** What waits in the store. */
export interface BacklogFigures {
  /** Insights that are due and not planned yet; counted up to a bound. */
  due: number
  /** For how long the one that waits longest has been due; `null` = none is. */
  oldestDueAgeMs: Milliseconds | null
}

/** The number of jobs by queue and state. */
export type JobCounts = Readonly<Record<string, Readonly<Record<string, number>>>>

/** How the workers together fare with each platform. Absent: not configured; `null`: it can not be read. */
export type PlatformFigures = Readonly<Partial<Record<Platform, PlatformStatus | null>>>

/** The metrics in the text format of Prometheus. */
export interface Rendered {
  contentType: string
  text: string
}

/**
 * Counts what the service does. One per process; several in one process know nothing of each other.
 *
 * No label holds anything that a client chose: methods and routes that the service does not have share one label
 * each. Numbers must be finite and not negative. `docs/operations.md` explains the metrics to operators.
 *
 * | Metric | Type | Labels |
 * |---|---|---|
 * | `insights_http_request_duration_seconds` | histogram | `method`, `route`, `status` |
 * | `insights_refreshes_total` | counter | `outcome`: saved, superseded, failed |
 * | `insights_refresh_run_duration_seconds` | histogram | |
 * | `insights_source_lookups_total` | counter | `platform`, `outcome` of `SOURCE_OUTCOMES` |
 * | `insights_platform_call_duration_seconds` | histogram | `platform`, `outcome` of `PLATFORM_CALL_OUTCOMES` |
 * | `insights_platform_call_ids_total` | counter | `platform` |
 * | `insights_platform_call_capacity_ids_total` | counter | `platform` |
 * | `insights_enqueue_failures_total` | counter | |
 * | `insights_store_up`, `insights_queue_up` | gauge | |
 * | `insights_due_insights`, `insights_oldest_due_age_seconds` | gauge | |
 * | `insights_queue_jobs` | gauge | `queue`, `state` |
 * | `insights_platform_state_up` | gauge | `platform` |
 * | `insights_platform_quota_used`, `insights_platform_quota_limit` | gauge | `platform`, `bucket` |
 * | `insights_platform_spend_used_dollars`, `insights_platform_spend_limit_dollars` | gauge | `platform`, `bucket` |
 * | `insights_platform_quota_reset_timestamp_seconds` | gauge | `platform`, `bucket` |
 * | `insights_platform_parked`, `insights_platform_parked_until_timestamp_seconds` | gauge | `platform` |
 * | `insights_platform_circuit` | gauge | `platform`, `state`: closed, open, half_open |
 * | `insights_platform_last_success_timestamp_seconds` | gauge | `platform` |
 * | `nodejs_…`, `process_…` | | the usual ones of a Node process, `nodejs_eventloop_lag_…_seconds` among them |
 */
export interface Metrics {
  observeHttp: (call: HttpCall) => void
  observeRefresh: (run: RefreshRun) => void
  countLookup: (platform: Platform, outcome: SourceOutcome) => void
  observePlatformCall: (call: PlatformCall) => void
  /** A job that could not be added. */
  countEnqueueFailure: () => void
  /** `null`: the store does not answer. Its figures then disappear rather than stay at what they were. */
  setBacklog: (backlog: BacklogFigures | null) => void
  /** `null`: the queue does not answer. As above. */
  setJobCounts: (counts: JobCounts | null) => void
  /** Replaces all that was known of the platforms. What can not be read disappears, as above. */
  setPlatforms: (figures: PlatformFigures) => void
  render: () => Promise<Rendered>
}
