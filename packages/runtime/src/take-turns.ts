import type { PGlite, QueryOptions, Transaction } from '@electric-sql/pglite'
import { createTurns, type Rank, type Turns } from './turns.js'

/** The calls that wait for the one connection. */
export type Statements = Pick<PGlite, 'query' | 'exec' | 'transaction'>

/**
 * Makes statements and transactions take turns: what is asked of `db` itself goes before what is asked of the returned
 * entrance for work that nobody waits for. PGlite alone takes them in the order of asking, and a client whose request
 * needs ten statements waits ten times for those of all the jobs. What happens within a transaction is of its turn.
 */
export function takeTurns (db: PGlite, turns: Turns = createTurns()): Statements {
  const entrances = { query: db.query.bind(db), exec: db.exec.bind(db), transaction: db.transaction.bind(db) }
  const close = db.close.bind(db)
  Object.assign(db, inTurn(entrances, turns, 'waited_for'))
  db.close = async () => {
    await turns.end()
    await close()
  }
  return inTurn(entrances, turns, 'background')
}

function inTurn (db: Statements, turns: Turns, rank: Rank): Statements {
  return {
    query: async <T>(text: string, parameters?: unknown[], options?: QueryOptions) =>
      await turns.take(rank, async () => await db.query<T>(text, parameters, options)),
    exec: async (text: string, options?: QueryOptions) => await turns.take(rank, async () => await db.exec(text, options)),
    transaction: async <T>(work: (tx: Transaction) => Promise<T>) =>
      await turns.take(rank, async () => await db.transaction(work))
  }
}
