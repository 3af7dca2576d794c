import type { ErrorCode, Milliseconds, Platform } from '@insights/shared'
import type { Urgency } from './budget.js'

export interface FetchOptions {
  /** Whether somebody waits for it; `planned`. Planned work leaves a share of every limit to the other. */
  urgency?: Urgency
}

/** What a platform has said of an id. */
interface Answered {
  /** How long ago it said so, where another lookup was answered then; absent = just now. */
  ageMs?: Milliseconds
}

/** What asking for one id gave. A missing or hidden count is never 0. */
export type CountOutcome =
  /** `count` is a whole number from 0 to 2^53 - 1. */
  | { kind: 'ok', count: number } & Answered
  /** The id exists and its count is not shown. */
  | { kind: 'hidden' } & Answered
  /** The platform answered and does not know the id (or does not tell it from a private one). */
  | { kind: 'not_found' } & Answered
  /** The platform can not have such an id; nothing was asked. */
  | { kind: 'invalid_id' }
  /** Nothing is known about the id: the call failed, or its part for this id did. */
  | { kind: 'failed', failure: CallFailure }

/** Why a call, or the part of it that belongs to an id, gave no answer. */
export interface CallFailure {
  /** `transient`: try again with backoff. `throttled`, `quota`: not before `retryAt`. `auth`: a person must act.
   *  `request`: the platform calls our request wrong, repeating it is no use. */
  reason: 'transient' | 'throttled' | 'quota' | 'auth' | 'request'
  code: ErrorCode
  /** One sentence for people. Holds no secret, handle or id, and no words of the platform. */
  detail: string
  /** From when on asking again makes sense, in milliseconds since the Unix epoch, never in the past and at most
   *  32 days ahead; `null` = the platform did not say. */
  retryAt: Milliseconds | null
  /** The service itself sent nothing for the id: a limit, a pause after a refusal, or a state that can not be read. */
  isHeldBack?: true
  /** With `auth`: other ids are answered with the same credentials, so this one's refusal holds nobody back. */
  isOfIdAlone?: true
}

/**
 * One platform's counts. Every client keeps these promises:
 *
 * - `fetchCounts(ids)` resolves to one outcome per id, in the order asked; it never rejects for trouble with the
 *   platform, which is an outcome of the ids concerned. Trouble of the whole call is an outcome of each of its ids;
 *   trouble of one part harms no other id.
 * - Ids are as the host sent them: the client normalises (trims, strips `@`, takes the id out of a pasted address).
 *   Ids that are the same after that are asked for once, and each gets the outcome.
 * - An id that the platform can not have is `invalid_id` and is never sent; with no other id nothing is called.
 * - At most `maxBatchSize` ids per call of `fetchCounts`; more is an error of the caller and rejects with a
 *   `RangeError` before anything is sent.
 * - Answers are matched by the id in the answer, never by position alone; an id nobody asked for is ignored.
 *   A reply that can not be trusted to be complete makes no id `not_found`.
 * - A count that is not a whole number from 0 to 2^53 - 1 is a failure of its id, never rounded or guessed.
 * - It ends within the client's deadline, whatever the platform does, and reads no more than a bounded reply.
 *   Redirects are not followed. Transient trouble is repeated within the deadline, a throttle is not.
 * - With a governor no request is sent that it has not let through, repeats included: what it refuses is a failure of
 *   the ids concerned, at once, with the time from which on it may be let through.
 * - Secrets travel in headers or form bodies only, never in an address.
 * - After `close` no connection stays open, but that one still being made may take its 3 seconds to give up; calls
 *   under way and later ones resolve, as failed.
 *
 * Not promised: that a count is never lower than the last one; that two calls see the same moment; without a governor
 * anything about pace or quota.
 */
export interface PlatformClient {
  readonly platform: Platform
  /** Most ids per call, as the platform documents it. */
  readonly maxBatchSize: number
  /** The id as it is sent to the platform, or `null` when the platform can not have such an id. Never throws. */
  normaliseId: (id: string) => string | null
  fetchCounts: (ids: readonly string[], options?: FetchOptions) => Promise<CountOutcome[]>
  /** Safe to call twice. */
  close: () => Promise<void>
}
