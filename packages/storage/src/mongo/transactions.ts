import { performance } from 'node:perf_hooks'
import type { Milliseconds } from '@insights/shared'
import type { Connection, mongo } from 'mongoose'
import { unavailable } from './errors.js'

/** After this no further try begins: whoever waits has been answered by then. */
const PATIENCE_MS: Milliseconds = 10_000

/** Of the server: IllegalOperation, which is what a standalone one says of every transaction. */
const NO_TRANSACTIONS = 20

/** What the writes of one transaction need. */
export interface Scope {
  /** For each command of it; empty = this server has no transactions. */
  options: { session?: mongo.ClientSession }
  /** What takes a write back on a server without transactions; elsewhere nothing calls it. */
  whenTakenBack: (undo: () => Promise<unknown>) => void
  /** Undoes all writes so far; nothing may be written afterwards. A `work` that throws need not call it. */
  takeBack: () => Promise<void>
}

/**
 * Writes that happen together or not at all. `work` runs again when another write came in between, and must do nothing
 * else. On a standalone server its writes happen one after the other and are taken back if it fails, as far as the
 * server can be reached.
 */
export type Atomically = <T>(work: (scope: Scope) => Promise<T>) => Promise<T>

export function createAtomically (connection: Connection): Atomically {
  let hasTransactions = true

  return async work => {
    if (!hasTransactions) return await inSteps(work)
    try {
      return await inTransaction(connection, work)
    } catch (error) {
      if (!isWithoutTransactions(error)) throw error
      hasTransactions = false
      return await inSteps(work)
    }
  }
}

async function inTransaction<T> (connection: Connection, work: (scope: Scope) => Promise<T>): Promise<T> {
  const until = performance.now() + PATIENCE_MS
  const session = await connection.startSession()
  try {
    return await session.withTransaction(async () => {
      if (performance.now() > until) throw unavailable('The insight is being changed by too many at once.')
      return await work({ options: { session }, whenTakenBack: () => {}, takeBack: async () => { await session.abortTransaction() } })
    }, { writeConcern: { w: 'majority' } })
  } finally {
    await session.endSession()
  }
}

async function inSteps<T> (work: (scope: Scope) => Promise<T>): Promise<T> {
  const undos: Array<() => Promise<unknown>> = []
  const takeBack = async (): Promise<void> => {
    for (const undo of undos.splice(0).reverse()) await undo()
  }
  try {
    return await work({ options: {}, whenTakenBack: undo => { undos.push(undo) }, takeBack })
  } catch (error) {
    await takeBack().catch(() => { /* what went wrong first is what the caller has to know */ })
    throw error
  }
}

/** Where the driver took the write for one that it may repeat, it puts words of its own around the server's error. */
function isWithoutTransactions (error: unknown): boolean {
  const { code, originalError } = Object(error) as { code?: unknown, originalError?: { code?: unknown } }
  return code === NO_TRANSACTIONS || originalError?.code === NO_TRANSACTIONS
}
