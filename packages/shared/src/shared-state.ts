import type { Milliseconds } from './clock.js'

/** A state as it was read. */
export interface ReadState {
  /** Rises with every change; 0 = there is none yet. */
  version: number
  /** `null`: there is none yet. */
  value: string | null
  /** The time of the server that keeps it. */
  now: Milliseconds
}

export interface StateChange {
  /** The version that the change was made from. */
  from: number
  /** The version that it makes; larger than `from`. */
  to: number
  value: string
  /** After this instant, by the server's clock, the change is not made. */
  notAfter: Milliseconds
}

/** What is known of a name. */
export type Note =
  /** Nobody has claimed it before. */
  | { kind: 'first' }
  /** It was claimed before, and its holder has let it go or is gone. */
  | { kind: 'again' }
  /** Somebody else holds it, until then at most. */
  | { kind: 'held', until: Milliseconds }
  /** It has its result, which was kept so long ago. */
  | { kind: 'kept', value: string, ageMs: Milliseconds }

export interface Notes {
  now: Milliseconds
  /** One per name, in the order asked. */
  notes: Note[]
}

export interface ClaimOptions {
  /** How long a name that is taken is held at most; `null` = nothing is taken. */
  leaseMs: Milliseconds | null
  /** Until when what is noted of a name that is taken is remembered. */
  expiresAt: Milliseconds
  /** The age from which on a result counts for nothing; without it none is too old. */
  maxAgeMs?: Milliseconds
}

/**
 * A little state that all processes of the service share, so that they keep the limits of a platform together. What
 * holds on every adapter (the contract suite has a test for each sentence):
 *
 * - `read` gives the newest state of a key, with the time of the server at that moment.
 * - `swap` replaces the state only if it still has the version `from` and the server's clock has not passed `notAfter`,
 *   in one step that nothing comes between; `false` otherwise, and then nothing has changed. Of many that swap from one
 *   version exactly one succeeds.
 * - `claim` takes each name that is free, for `leaseMs`, and tells of the others what is known: of several callers at a
 *   time one gets a name. A claim that was neither kept nor let go ends with its lease. Without `leaseMs` nothing is
 *   taken, and what is told is what would have been.
 * - `keep` writes results of names that were claimed; a `null` lets the name go without one, and takes away none that
 *   somebody else has kept meanwhile. What is kept stays until the `expiresAt` of the claim. A name whose result is older
 *   than the `maxAgeMs` of a claim is free for that claim.
 * - Lists are independent, and so are keys. What is noted of a name is gone some time after its `expiresAt`.
 * - `claim` takes at least one name, each once. Keys, lists and names may be any text without NUL.
 * - What was written is seen by every process at once, and outlives the one that wrote it.
 * - Calls that can not be made reject, within 3 s when the server is away; a `swap` that rejects may have been made.
 *
 * Time is the server's, so that clocks of workers that disagree do no harm. An adapter takes another clock in its place
 * for tests.
 *
 * Not promised: that a server which loses its data gives it back.
 */
export interface SharedState {
  read: (key: string) => Promise<ReadState>
  swap: (key: string, change: StateChange) => Promise<boolean>
  claim: (list: string, names: readonly string[], options: ClaimOptions) => Promise<Notes>
  keep: (list: string, results: ReadonlyArray<readonly [name: string, value: string | null]>) => Promise<void>
}
