import type { Timestamp } from './clock.js'
import type { ErrorCode } from './errors.js'

/** One limit that the service keeps at a platform, and how much of it is used. */
export interface BucketStatus {
  name: string
  /** What is counted; `cents` of a dollar. */
  unit: 'units' | 'calls' | 'cents' | 'grants'
  /** The most in one period; `null` = it is only counted. */
  limit: number | null
  /** In the current period, ≥ 0. */
  used: number
  /** What may still be used now, ≥ 0, by a refresh that a client asks for; `null` without a limit. */
  left: number | null
  /** What planned refreshes may still use of it now, ≥ 0; `null` without a limit. */
  left_for_planned: number | null
  /** When the period ends, or of a rolling one, when its oldest use no longer counts; `null` = nothing is used. */
  resets_at: Timestamp | null
}

/** Why nothing is asked now. */
export interface HoldStatus {
  code: ErrorCode
  /** One sentence, without any secret. */
  detail: string
  /** Not before then. */
  until: Timestamp
}

/** How the service fares with one platform, of all its workers together. */
export interface PlatformStatus {
  buckets: BucketStatus[]
  /** `null` = it may be asked. */
  parked: HoldStatus | null
  /** `open`: it kept failing and is left alone; `half_open`: one call may try; `closed`: all is well. */
  circuit: 'closed' | 'open' | 'half_open'
  /** Noted every ten seconds at most; `null` = never. */
  last_success_at: Timestamp | null
  /** When the next call may try, while it is parked or its circuit is not closed. */
  next_probe_at: Timestamp | null
}
