/** What no process has enough of to fill a call is gathered from all of them. */
import { Type, type Static } from '@sinclair/typebox'
import type { Milliseconds, Platform, SharedState } from '@insights/shared'
import { createShape } from './reply.js'
import { createSeal } from './seal.js'
import { withinASecond } from './within-a-second.js'

export interface Visit {
  /** Ids that are for this process to ask, and no longer in the pool. */
  taken: string[]
  /** Whether they fill a call. */
  isFull: boolean
  /** Those that are still in it. */
  left: ReadonlySet<string>
  /** Rises with every change of the pool. */
  version: number
}

/**
 * The ids of one platform that wait for others to fill a call with, in normal form, of all processes together.
 *
 * - Ids are in it once, and for ten seconds at most: who has put them in has taken them back by then.
 * - Nothing that tells whose they are can be read from outside: they are sealed under the credentials.
 * - Nothing here rejects or lasts longer than a second.
 */
export interface Pool {
  /**
   * Adds `ids`, and takes out those that fill a call, the oldest first, when there are so many; all, when nothing has
   * changed since the version `unchangedSince`, or when `takesAll`. `null`: the pool can not be reached.
   */
  visit: (ids: readonly string[], options?: VisitOptions) => Promise<Visit | null>
}

export interface VisitOptions {
  unchangedSince?: number
  takesAll?: boolean
}

export interface PoolOptions {
  platform: Platform
  shared: SharedState
  /** What the platform is asked with: other credentials, another pool. */
  credentials: object
  /** Whether a stand-in answers. */
  isStandIn: boolean
  maxBatchSize: number
}

/** How long a lookup may wait in the pool at most, and a little more. */
const POOLED_MS: Milliseconds = 10_000

/** Others come first at most so often in a row. */
const MAX_ROUNDS = 20

/** From reading the pool to replacing it. */
const MAX_AGE_MS: Milliseconds = 2_000

/** Ids, each with the time at which it was put in. */
const Contents = Type.Array(Type.Tuple([Type.String(), Type.Number()]))
const contents = createShape(Contents)

export function createPool ({ platform, shared, credentials, isStandIn, maxBatchSize }: PoolOptions): Pool {
  const key = `pool:${isStandIn ? 'sandbox-' : ''}${platform}`
  const seal = createSeal(JSON.stringify(credentials), 'insights pool')

  return { visit: async (ids, options = {}) => await withinASecond(visit(ids, options)) }

  async function visit (ids: readonly string[], { unchangedSince, takesAll = false }: VisitOptions): Promise<Visit> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const { version, value, now } = await shared.read(key)
      const waiting = new Map(read(value).filter(([, at]) => now - at < POOLED_MS))
      for (const id of ids) if (!waiting.has(id)) waiting.set(id, now)
      const isFull = waiting.size >= maxBatchSize
      const count = isFull ? maxBatchSize : takesAll || version === unchangedSince ? waiting.size : 0
      const taken = [...waiting.keys()].slice(0, count)
      for (const id of taken) waiting.delete(id)
      const left = new Set(waiting.keys())
      if (ids.length + taken.length === 0) return { taken, isFull, left, version }
      const next = { from: version, to: version + 1, value: seal.close([...waiting]), notAfter: now + MAX_AGE_MS }
      if (await shared.swap(key, next)) return { taken, isFull, left, version: next.to }
    }
    throw new Error('The pool of a platform is being changed without end')
  }

  function read (value: string | null): Static<typeof Contents> {
    return value === null ? [] : contents.peek(seal.open(value)) ?? []
  }
}
