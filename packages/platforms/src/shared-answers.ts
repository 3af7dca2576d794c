/**
 * What one process has asked a platform is known to the others: an id is asked for by one of them, and its answer is
 * kept for a while.
 */
import { createHmac, hkdfSync } from 'node:crypto'
import type { ClaimOptions, Clock, Milliseconds, Note, Platform, SharedState } from '@insights/shared'
import { nextMidnight } from './budget.js'
import type { CountOutcome } from './port.js'
import { withinASecond } from './within-a-second.js'

/** What is known of an id before it is asked for. */
export type Standing =
  /** It is for this process to ask, and no other does so meanwhile. */
  | { kind: 'claimed' }
  /** Nobody asks. */
  | { kind: 'free' }
  /** Another process is asking. */
  | { kind: 'held' }
  /** It was asked for before; the outcome has its age. */
  | { kind: 'known', outcome: CountOutcome }
  /** What the others do can not be said at the moment. */
  | { kind: 'unknown' }

/** What became of an id. */
export interface Result {
  id: string
  /** `null`: nothing came of it. */
  outcome: CountOutcome | null
  /** Whether it was claimed before: what is not answered is then let go for the next one to ask. */
  isClaimed: boolean
}

/**
 * The answers of one platform, of all processes together. Ids are in normal form.
 *
 * - Of several processes one claims an id; the others are told that it is held until its answer is kept, it is let go or
 *   its lease ends.
 * - Counts, hidden counts and misses are kept, for five minutes, at X until the UTC day ends. Failures never are.
 * - Neither ids nor anything they can be found by is written: names are a keyed hash under the credentials.
 * - Nothing here rejects or lasts longer than a second. Without the shared state every id is `unknown`.
 */
export interface SharedAnswers {
  /** One standing per id, in the order asked. An answer that is older than `maxAgeMs` is as good as none; `Infinity`: none is. */
  claim: (ids: readonly string[], maxAgeMs: Milliseconds) => Promise<Standing[]>
  /** The same, and claims nothing: what could be claimed is `free`. */
  look: (ids: readonly string[], maxAgeMs: Milliseconds) => Promise<Standing[]>
  /** Tells the others, without being waited for. */
  keep: (results: readonly Result[]) => void
}

export interface SharedAnswersOptions {
  platform: Platform
  shared: SharedState
  /** The time of `shared`. */
  clock: Clock
  /** What the answers were got with: other credentials, other answers. */
  credentials: object
  /** Whether a stand-in answers. */
  isStandIn: boolean
  /** How long asking takes at most; a claim is good for a little longer. */
  deadlineMs: Milliseconds
}

/** Less than a third of the shortest interval that can be set. */
const KEPT_MS: Milliseconds = 300_000

/** Between a claim and its call, and between its end and the news of it. */
const LEASE_RESERVE_MS: Milliseconds = 5_000

/** A state that works answers in a few milliseconds. One that does not within a second is left alone for a while. */
const PAUSE_MS: Milliseconds = 2_000

/** 128 bits: no two ids of a platform get the same. */
const NAME_BYTES = 16

export function createSharedAnswers (options: SharedAnswersOptions): SharedAnswers {
  const { platform, shared, clock, deadlineMs } = options
  const list = `answers:${options.isStandIn ? 'sandbox-' : ''}${platform}`
  const key = Buffer.from(hkdfSync('sha256', JSON.stringify(options.credentials), '', 'insights shared answers', 32))
  let pausedUntil = -Infinity

  return {
    claim: async (ids, maxAgeMs) => await ask(ids, maxAgeMs, deadlineMs + LEASE_RESERVE_MS),
    look: async (ids, maxAgeMs) => await ask(ids, maxAgeMs, null),
    keep: results => {
      const notes = results.flatMap(({ id, outcome, isClaimed }): Array<readonly [string, string | null]> => {
        const value = toValue(outcome)
        return value === null && !isClaimed ? [] : [[nameOf(id), value]]
      })
      // What can not be told is asked for again when its lease has ended.
      if (notes.length > 0) shared.keep(list, notes).catch(() => {})
    }
  }

  async function ask (ids: readonly string[], maxAgeMs: Milliseconds, leaseMs: ClaimOptions['leaseMs']): Promise<Standing[]> {
    if (performance.now() < pausedUntil) return ids.map(() => ({ kind: 'unknown' }))
    const now = clock.now()
    const expiresAt = platform === 'x' ? nextMidnight('utc', now) : now + KEPT_MS
    const options = { leaseMs, expiresAt, ...(maxAgeMs !== Infinity && { maxAgeMs }) }
    const told = await withinASecond(shared.claim(list, ids.map(nameOf), options))
    if (told === null) pausedUntil = performance.now() + PAUSE_MS
    const free: Standing = { kind: leaseMs === null ? 'free' : 'claimed' }
    return told?.notes.map(note => toStanding(note) ?? free) ?? ids.map(() => ({ kind: 'unknown' }))
  }

  function nameOf (id: string): string {
    return createHmac('sha256', key).update(id).digest().subarray(0, NAME_BYTES).toString('base64url')
  }
}

/** `null`: it can be claimed. */
function toStanding (note: Note): Standing | null {
  if (note.kind === 'held') return { kind: 'held' }
  const outcome = note.kind === 'kept' ? fromValue(note.value, note.ageMs) : null
  return outcome === null ? null : { kind: 'known', outcome }
}

/** `null` for what says nothing about the id. */
function toValue (outcome: CountOutcome | null): string | null {
  switch (outcome?.kind) {
    case 'ok': return String(outcome.count)
    case 'hidden': return 'hidden'
    case 'not_found': return 'not_found'
    default: return null
  }
}

function fromValue (value: string, age: Milliseconds): CountOutcome | null {
  const ageMs = Math.max(0, age)
  if (value === 'hidden' || value === 'not_found') return { kind: value, ageMs }
  const count = Number(value)
  return /^\d+$/.test(value) && Number.isSafeInteger(count) ? { kind: 'ok', count, ageMs } : null
}
