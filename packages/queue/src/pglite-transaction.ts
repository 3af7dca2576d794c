import { AsyncLocalStorage } from 'node:async_hooks'
import type { PGlite, Transaction } from '@electric-sql/pglite'

const current = new AsyncLocalStorage<{ db: PGlite, tx: Transaction }>()

/**
 * Runs `work` in a transaction of the embedded database. Jobs that `work` adds to queues on the same database, however
 * deep in its calls, become part of it: they are there after the commit, or never. Within another such transaction
 * `work` joins that one. Everybody else waits until it ends, so it must be short, and `work` must use `tx` and never
 * the instance itself, which waits too, for ever.
 */
export async function runInTransaction<T> (db: PGlite, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const outer = openTransaction(db)
  if (outer !== undefined) return await work(outer)
  return await db.transaction(async tx => await current.run({ db, tx }, async () => await work(tx)))
}

/** The transaction of `runInTransaction` that the caller runs in, while it is open. */
export function openTransaction (db: PGlite): Transaction | undefined {
  const context = current.getStore()
  // What was started in a transaction and outlives it, such as a worker's loop, still carries it.
  return context?.db === db && !context.tx.closed ? context.tx : undefined
}
