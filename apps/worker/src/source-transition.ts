import type { CallFailure, CountOutcome } from '@insights/platforms'
import { toTimestamp, type ErrorCode, type Milliseconds, type SourceError, type SourceRecord } from '@insights/shared'
import { expiresAt } from './expiry.js'
import type { RefreshPolicy } from './refresh-policy.js'

/** What a transition may look at besides the record and the outcome. */
export interface TransitionContext {
  /** Milliseconds since the Unix epoch, by the clock of the store. */
  now: Milliseconds
  policy: RefreshPolicy
  /** Uniform in [0, 1). */
  random: () => number
}

/** The same for an answer of the platform, which may have been given to another insight a while ago. */
interface AnswerContext extends TransitionContext { at: Milliseconds }

const UTC_DAY: Milliseconds = 86_400_000

/** Sources whose next call moves into the next UTC day are spread over its first hour. */
const DAY_START_SPREAD: Milliseconds = 3_600_000

/**
 * The record of a source after one try. Pure but for `random`. A try that gave no count, or one that is not believed
 * yet, never changes `count` or `fetched_at`: the last good value stays, with its age, and `state` and `error` say what
 * happened. Only age removes it: see `removeExpired`, which is part of every transition. An answer counts from when the
 * platform gave it, also when that was for another insight; waits begin now.
 *
 * `outcome` is `null` when the platform has no credentials configured.
 */
export function applyOutcome (
  record: SourceRecord, outcome: CountOutcome | null, context: TransitionContext
): SourceRecord {
  const before = removeExpired(record, context)
  const after = removeExpired(transition(before, outcome, context), context)
  const isStillGone = before.error?.code === 'INS_PLATFORM_EXPIRED' && after.count === null
  return isStillGone ? sayExpired(after, context) : after
}

function transition (record: SourceRecord, outcome: CountOutcome | null, context: TransitionContext): SourceRecord {
  if (outcome === null) return afterNotConfigured(record, context)
  switch (outcome.kind) {
    case 'ok': return afterOk(record, outcome.count, answerOf(outcome, context))
    case 'hidden': return { ...answered(record, context), state: 'hidden', error: null }
    case 'invalid_id': return afterInvalidId(record, context)
    case 'not_found': return afterMiss(record, answerOf(outcome, context))
    case 'failed': return afterFailure(record, outcome.failure, context)
  }
}

/** The record without its count when that has become too old to be kept; otherwise as it is. */
export function removeExpired (record: SourceRecord, context: TransitionContext): SourceRecord {
  const end = expiresAt(record, context.policy)
  return end === null || context.now < end ? record : sayExpired({ ...record, count: null, fetched_at: null }, context)
}

/** Goes on until there is a count again; what keeps it from being fetched is told along. */
function sayExpired (record: SourceRecord, context: TransitionContext): SourceRecord {
  const detail = ['The last count could not be confirmed for so long that it was removed.', record.error?.detail].filter(Boolean).join(' ')
  return { ...record, error: errorOf('INS_PLATFORM_EXPIRED', detail, context) }
}

function answerOf ({ ageMs = 0 }: { ageMs?: Milliseconds }, context: TransitionContext): AnswerContext {
  return { ...context, at: context.now - ageMs }
}

function afterOk (record: SourceRecord, count: number, context: AnswerContext): SourceRecord {
  return isDropInDoubt(record, count, context) ? afterDrop(record, context) : afterCount(record, count, context)
}

function afterCount (record: SourceRecord, count: number, context: AnswerContext): SourceRecord {
  const { at, policy } = context
  const keptFor = policy.keptForMs[record.platform] ?? Infinity
  const latest = at + keptFor - Math.min(policy.renewalReserveMs, keptFor / 2)
  return { ...answered(record, context, latest), state: 'ok', count, fetched_at: toTimestamp(at), error: null }
}

/** The platform knew the id: whatever went wrong before is over, and the next call comes with the interval. */
function answered (record: SourceRecord, context: TransitionContext, latest = Infinity): SourceRecord {
  const next = Math.min(latest, afterAnswer(context.policy.intervalMs[record.platform], record, context))
  return { ...record, failures: 0, misses: 0, doubted_at: null, next_at: toTimestamp(next) }
}

function isDropInDoubt (record: SourceRecord, count: number, { policy, at }: AnswerContext): boolean {
  if (record.count === null || record.count < policy.dropFloor || count >= record.count * policy.dropShare) return false
  const since = dropDoubtedAt(record)
  return since === null || at - since < policy.dropGapMs
}

function dropDoubtedAt ({ misses, doubted_at: doubtedAt }: SourceRecord): Milliseconds | null {
  return misses > 0 || doubtedAt == null ? null : Date.parse(doubtedAt)
}

function afterDrop (record: SourceRecord, context: AnswerContext): SourceRecord {
  return {
    ...record,
    state: 'stale',
    failures: 0,
    misses: 0,
    doubted_at: toTimestamp(dropDoubtedAt(record) ?? context.at),
    error: errorOf('INS_PLATFORM_DROP', 'The platform says less than half of the last count: it is asked again before that is believed.', context),
    next_at: toTimestamp(afterAnswer(context.policy.dropRetryMs, record, context))
  }
}

function afterNotConfigured (record: SourceRecord, context: TransitionContext): SourceRecord {
  const error = errorOf('INS_PLATFORM_NOT_CONFIGURED', 'The service has no credentials for this platform.', context)
  const wait = context.policy.intervalMs[record.platform]
  return { ...record, state: 'not_configured', error, next_at: nextAt(wait, context) }
}

function afterInvalidId (record: SourceRecord, context: TransitionContext): SourceRecord {
  const error = errorOf('INS_PLATFORM_ID', 'The platform can not have such an id: correct it in the insight.', context)
  return { ...record, state: 'invalid_id', failures: 0, error, next_at: nextAt(context.policy.settledRecheckMs, context) }
}

/** Misses count once in `missGapMs`, whatever happened in between. */
function afterMiss (record: SourceRecord, context: AnswerContext): SourceRecord {
  const { policy, at } = context
  const isRepeat = record.misses > 0 && record.doubted_at != null && at - Date.parse(record.doubted_at) < policy.missGapMs
  const misses = isRepeat ? record.misses : record.misses + 1
  const isSettled = misses >= policy.missesUntilNotFound
  return {
    ...record,
    failures: 0,
    misses,
    doubted_at: isRepeat ? record.doubted_at : toTimestamp(at),
    state: isSettled ? 'not_found' : 'stale',
    error: errorOf('INS_PLATFORM_NOT_FOUND', 'The platform does not know this id: it is missing, private or renamed.', context),
    next_at: toTimestamp(afterAnswer(isSettled ? policy.settledRecheckMs : policy.missRetryMs, record, context))
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
  const isRefused = failure.reason === 'auth' || failure.reason === 'request'
  const base = isRefused ? policy.refusedBackoffMs : policy.backoffMs
  return Math.min(policy.maxBackoffMs, base * 2 ** Math.min(failures - 1, 30))
}

/** At the instant the platform named or a little later, never earlier. */
function notBefore (retryAt: Milliseconds, { now, policy, random }: TransitionContext): string {
  const wait = Math.max(0, retryAt - now)
  return toTimestamp(now + wait + wait * policy.jitter * random() + 1_000 * random())
}

/** After an answer, which some platforms charge for: there the next call is not on the same UTC day. */
function afterAnswer (wait: Milliseconds, { platform }: SourceRecord, context: TransitionContext): Milliseconds {
  const { now, policy, random } = context
  const next = now + jittered(wait, context)
  if (!policy.oncePerUtcDay.has(platform)) return next
  return Math.max(next, (Math.floor(now / UTC_DAY) + 1) * UTC_DAY + DAY_START_SPREAD * random())
}

function nextAt (wait: Milliseconds, context: TransitionContext): string {
  return toTimestamp(context.now + jittered(wait, context))
}

function jittered (wait: Milliseconds, { policy, random }: TransitionContext): Milliseconds {
  return wait * (1 + policy.jitter * (2 * random() - 1))
}

function errorOf (code: ErrorCode, detail: string, { now }: TransitionContext): SourceError {
  return { code, detail, at: toTimestamp(now) }
}
