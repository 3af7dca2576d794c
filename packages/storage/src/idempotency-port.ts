import type { Milliseconds } from '@insights/shared'

/** How long a key counts, from the first call under it on: a day. */
export const KEY_LIFE_MS: Milliseconds = 86_400_000

/** How long one try may hold a key before a repeat is let in: longer than a create takes while the store answers. */
export const KEY_LEASE_MS: Milliseconds = 5_000

/** A call that is to happen once, however often it is sent. */
export interface KeyedCall {
  /** Names the key, the call and whoever calls: SHA-256 in hexadecimal. The key itself is not stored. */
  key: string
  /** A hash of what the call is to do: a repeat has the same one. */
  payload: string
  /** An insight, whose id is reserved for it; or the token with this id, which nobody can be shown a second time. */
  makes: 'insight' | { tokenId: string }
}

/** One try of a call, as long as it holds its key. */
export interface KeyHold {
  key: string
  /** Of this try alone. */
  holder: string
  /** The id that the insight is to get; `null` where a token is made. */
  insightId: number | null
  /** Whether an earlier try has ended without an answer: it may have made the insight. */
  isRepeat: boolean
}

/** What a client was answered. `body` is the text that was sent; names of headers are in lower case. */
export interface KeptAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** How it stands with a key. */
export type KeyState =
  /** It was free, and is the caller's now. */
  | { kind: 'held', hold: KeyHold }
  /** Another try holds it. */
  | { kind: 'running' }
  | { kind: 'other_payload' }
  | { kind: 'answered', answer: KeptAnswer }
  /** The insight that was made under it was erased since. */
  | { kind: 'erased' }
  /** This token was made under it, or may have been. */
  | { kind: 'token', tokenId: string }

/**
 * Calls that are repeated under a key and happen once. What every adapter promises (the contract suite has a test for
 * each sentence):
 *
 * 1. `begin` gives a key that nobody has used to one of all who ask for it. While that one holds it, for
 *    `KEY_LEASE_MS` at most, the others are told `running`.
 * 2. `complete` keeps the answer, the first one if there are several, and every later `begin` gives it.
 * 3. A key that was let go by `release`, or whose holder has kept silent for longer than its lease, is given again,
 *    with the same `insightId` and as a repeat. One that makes a token is not: `begin` then names the token.
 * 4. `forget` makes the key as if nobody had used it: for a call that was refused. After an earlier try, which may
 *    have made something, it does what `release` does.
 * 5. Whoever does not hold a key any more changes nothing by `release` and `forget`.
 * 6. Another payload is told so, also while the key is held, and changes nothing.
 * 7. `InsightStore.create` under a hold makes the insight with the reserved id, or, in a repeat, gives the one that an
 *    earlier try has made, as it is now: one insight, whatever happens between the tries and however many run at once.
 *    If the reserved id turns out to be taken by an insight of somebody else, another one is reserved.
 * 8. `remove` of an insight erases the answer and the hash of the payload, and leaves that the key was used: `begin`
 *    then says `erased` to any payload, `create` throws `INS_IDEMPOTENCY_ERASED`, and a `complete` that comes later
 *    brings nothing back.
 * 9. `KEY_LIFE_MS` after its first `begin` a key is as if nobody had used it; its record goes soon afterwards.
 * 10. All times are by the clock of the store.
 */
export interface KeyStore {
  begin: (call: KeyedCall) => Promise<KeyState>
  complete: (hold: KeyHold, answer: KeptAnswer) => Promise<void>
  release: (hold: KeyHold) => Promise<void>
  forget: (hold: KeyHold) => Promise<void>
}
