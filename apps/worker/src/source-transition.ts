import type { CallFailure, CountOutcome } from '@insights/platforms'
import { toTimestamp, type ErrorCode, type Milliseconds, type SourceError, type SourceRecord } from '@insights/shared'
import type { RefreshPolicy } from './refresh-policy.js'

/** What a transition may look at besides the record and the outcome. */
export interface TransitionContext {
  /** Milliseconds since the Unix epoch, by the clock of the store. */
  now: Milliseconds
  policy: RefreshPolicy
  /** Uniform in [0, 1). */
  random: () => number
}

/**
 * The record of a source after one try. Pure but for `random`. A try that gave no count never changes `count` or
 * `fetched_at`: the last good value stays, with its age, and `state` and `error` say what happened.
 *
 * `outcome` is `null` when the platform has no credentials configured.
 */
export function applyOutcome (
  record: SourceRecord, outcome: CountOutcome | null, context: TransitionContext
): SourceRecord {
  if (outcome === null) return afterNotConfigured(record, context)
  switch (outcome.kind) {
    case 'ok': return afterCount(record, outcome.count, context)
    case 'hidden': return { ...answered(record, context), state: 'hidden', error: null }
    case 'invalid_id': return afterInvalidId(record, context)
    case 'not_found': return afterMiss(record, context)
    case 'failed': return afterFailure(record, outcome.failure, context)
  }
}

function afterCount (record: SourceRecord, count: number, context: TransitionContext): SourceRecord {
  return { ...answered(record, context), state: 'ok', count, fetched_at: toTimestamp(context.now), error: null }
}

/** The platform knew the id: whatever went wrong before is over, and the next call comes with the interval. */
function answered (record: SourceRecord, context: TransitionContext): SourceRecord {
  const wait = context.policy.intervalMs[record.platform]
  return { ...record, failures: 0, misses: 0, next_at: nextAt(wait, context) }
}

function afterNotConfigured (record: SourceRecord, context: TransitionContext): SourceRecord {
  const error = errorOf('INS_PLATFORM_NOT_CONFIGURED', 'The service has no credentials for this platform.', context)
  const wait = context.policy.intervalMs[record.platform]
  return { ...record, state: 'not_configured', error, next_at: nextAt(wait, context) }
}

function afterInvalidId (record: SourceRecord, context: TransitionContext): SourceRecord {
  const error = errorOf('INS_PLATFORM_ID', 'The platform can not have such an id: correct it in the insight.', context)
  return { ...record, state: 'invalid_id', error, next_at: nextAt(context.policy.settledRecheckMs, context) }
}

function afterMiss (record: SourceRecord, context: TransitionContext): SourceRecord {
  const { policy, now } = context
  const isRepeat = record.error?.code === 'INS_PLATFORM_NOT_FOUND' && now - Date.parse(record.error.at) < policy.missGapMs
  if (isRepeat) return { ...record, next_at: nextAt(policy.missRetryMs, context) }
  const misses = record.misses + 1
  const isSettled = misses >= policy.missesUntilNotFound
  return {
    ...record,
    misses,
    state: isSettled ? 'not_found' : 'stale',
    error: errorOf('INS_PLATFORM_NOT_FOUND', 'The platform does not know this id: it is missing, private or renamed.', context),
    next_at: nextAt(isSettled ? policy.settledRecheckMs : policy.missRetryMs, context)
  }
}

function afterFailure (record: SourceRecord, failure: CallFailure, context: TransitionContext): SourceRecord {
  const isHeldBack = failure.reason === 'throttled' || failure.reason === 'quota'
  const failures = record.failures + 1
  const backoff = nextAt(backoffAfter(failures, failure, context.policy), context)
  return {
    ...record,
    failures,
    state: isHeldBack ? 'rate_limited' : 'stale',
    error: errorOf(failure.code, failure.detail, context),
    next_at: failure.retryAt === null ? backoff : notBefore(failure.retryAt, context)
  }
}

function backoffAfter (failures: number, failure: CallFailure, policy: RefreshPolicy): Milliseconds {
  const base = failure.reason === 'auth' ? policy.refusedBackoffMs : policy.backoffMs
  return Math.min(policy.maxBackoffMs, base * 2 ** Math.min(failures - 1, 30))
}

/** At the instant the platform named or a little later, never earlier. */
function notBefore (retryAt: Milliseconds, { now, policy, random }: TransitionContext): string {
  const wait = Math.max(0, retryAt - now)
  return toTimestamp(now + wait + wait * policy.jitter * random() + 1_000 * random())
}

function nextAt (wait: Milliseconds, { now, policy, random }: TransitionContext): string {
  return toTimestamp(now + wait * (1 + policy.jitter * (2 * random() - 1)))
}

function errorOf (code: ErrorCode, detail: string, { now }: TransitionContext): SourceError {
  return { code, detail, at: toTimestamp(now) }
}
