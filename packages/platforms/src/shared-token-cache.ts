/** SoundCloud's token for all processes: one grant serves them all, and a restart needs none. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock, Milliseconds, SharedState } from '@insights/shared'
import { timedOut, transient, CallError } from './failure.js'
import { LEDGER_RETRY_MS } from './governor.js'
import { createSeal } from './seal.js'
import type { AccessToken, TokenCache } from './token-cache.js'

export interface SharedTokenCacheOptions {
  /** How the platform is called in messages. */
  name: string
  shared: SharedState
  /** The time of `shared`. */
  clock: Clock
  /** The client secret: the token is kept encrypted under it, and is lost with it. */
  secret: string
  /** The longest that asking for a token may take. */
  deadlineMs: Milliseconds
}

const KEY = 'soundcloud-token'
const TURN = 'renewal'

/**
 * A turn lasts this long or two deadlines, whichever is longer: a renewal ends within one and has to be written then, and
 * a second one beside it would use the same refresh token. One whose process died is waited for no longer than this.
 */
const MIN_TURN_LEASE_MS: Milliseconds = 30_000
const LOOK_EVERY_MS: Milliseconds = 100

/** Between reading the version and writing the token. */
const MAX_AGE_MS: Milliseconds = 2_000

/** Another writer is one whose turn had ended without its knowing. */
const MAX_WRITES = 5

/** For one source of tokens, which asks for one renewal at a time. */
export function createSharedTokenCache ({ name, shared, clock, secret, deadlineMs }: SharedTokenCacheOptions): TokenCache {
  const leaseMs = Math.max(MIN_TURN_LEASE_MS, 2 * deadlineMs)
  const seal = createSeal(secret, KEY)
  let known: AccessToken | null = null
  /** The end of the turn that this process had last. */
  let ownTurnUntil: Milliseconds | null = null

  return {
    get: async () => {
      if (known === null || clock.now() >= known.renewAt) known = await readStored().catch(() => null) ?? known
      return known
    },
    replace: async renew => {
      await takeTurn()
      try {
        const newest = await unlessAway(readStored) ?? known
        const token = await renew(newest)
        if (token !== newest) await unlessAway(async () => { await store(token) })
        known = token
        return token
      } finally {
        // What can not be let go now is let go before the next turn, or ends with its lease.
        await letGo().catch(() => {})
      }
    }
  }

  async function takeTurn (): Promise<void> {
    const startedAt = performance.now()
    while (performance.now() - startedAt < leaseMs) {
      const { now, notes: [note] } = await unlessAway(async () =>
        await shared.claim(KEY, [TURN], { leaseMs, expiresAt: clock.now() + 10 * leaseMs }))
      if (note?.kind !== 'held') {
        ownTurnUntil = now + leaseMs
        return
      }
      // Its own turn, which is over, would hold it up like that of another process.
      if (note.until === ownTurnUntil) await unlessAway(letGo)
      await delay(LOOK_EVERY_MS)
    }
    throw timedOut(name)
  }

  async function letGo (): Promise<void> {
    await shared.keep(KEY, [[TURN, null]])
  }

  async function readStored (): Promise<AccessToken | null> {
    const { value } = await shared.read(KEY)
    // What can not be opened was granted to another secret, or is damaged: a new token is granted then.
    return value === null ? null : seal.open(value) as AccessToken | null
  }

  async function store (token: AccessToken): Promise<void> {
    for (let count = 0; count < MAX_WRITES; count++) {
      const { version, now } = await shared.read(KEY)
      const change = { from: version, to: version + 1, value: seal.close(token), notAfter: now + MAX_AGE_MS }
      if (await shared.swap(KEY, change)) return
    }
    throw new Error('The token is being replaced without end')
  }

  /** Without the shared state no call is made anyway. */
  async function unlessAway<T> (work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof CallError) throw error
      throw transient('INS_PLATFORM_LEDGER', `The token of ${name} can not be shared with the other processes at the moment.`, clock.now() + LEDGER_RETRY_MS)
    }
  }
}
