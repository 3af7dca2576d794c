/**
 * Presents one PGlite instance as the small part of a node-postgres pool that BullMQ's PostgreSQL backend uses. There
 * is only one connection, so a client is no more than a place to keep who listens and who is in a transaction.
 */
import { EventEmitter } from 'node:events'
import type { PGlite, QueryOptions, Transaction } from '@electric-sql/pglite'
import type { PgPool, PgPoolClient, PgQueryResult } from 'bullmq'
import { openTransaction } from './pglite-transaction.js'

type Parameters = readonly unknown[] | undefined
type Runner = Pick<PGlite, 'query' | 'exec'>

/** PGlite reads a bigint as a number, node-postgres as text; all other types that BullMQ selects come out the same. */
const LIKE_NODE_POSTGRES: QueryOptions = { parsers: { 20: (value: string) => value } }

/** BullMQ knows this sentence of node-postgres as that of a pool that has gone. */
const ENDED = 'Cannot use a pool after calling end on the pool'

/** Statements that concern the session, which all share here. */
const SESSION_STATEMENT = /^(begin|commit|rollback|listen|unlisten)\b\s*"?(\w*)/i

interface HeldTransaction {
  tx: Transaction
  /** Ends the transaction: commits it, unless it was rolled back. */
  end: () => Promise<void>
}

export class PglitePool extends EventEmitter implements PgPool {
  readonly #db: PGlite
  readonly #releases = new Set<Promise<void>>()
  #isEnded = false

  /** @param db Borrowed: `end` leaves it open. */
  constructor (db: PGlite) {
    super()
    this.#db = db
  }

  async query<R> (text: string, parameters?: Parameters): Promise<PgQueryResult<R>> {
    if (this.#isEnded) throw new Error(ENDED)
    return await run<R>(openTransaction(this.#db) ?? this.#db, text, parameters)
  }

  async connect (): Promise<PgPoolClient> {
    if (this.#isEnded) throw new Error(ENDED)
    return new PgliteClient(this.#db, release => { this.#track(release) })
  }

  /** Resolves when everything that released clients held is given back. */
  async end (): Promise<void> {
    this.#isEnded = true
    await Promise.all(this.#releases)
  }

  #track (release: Promise<void>): void {
    // A release fails only when the database has gone, and then there is nothing to give back.
    const settled = release.catch(() => {}).finally(() => { this.#releases.delete(settled) })
    this.#releases.add(settled)
  }
}

class PgliteClient extends EventEmitter implements PgPoolClient {
  readonly #db: PGlite
  readonly #onRelease: (release: Promise<void>) => void
  readonly #channels = new Map<string, Promise<() => Promise<void>>>()
  #held: HeldTransaction | undefined

  constructor (db: PGlite, onRelease: (release: Promise<void>) => void) {
    super()
    this.#db = db
    this.#onRelease = onRelease
  }

  async query<R> (text: string, parameters?: Parameters): Promise<PgQueryResult<R>> {
    const [, command, name = ''] = SESSION_STATEMENT.exec(withoutLeadingComments(text)) ?? []
    switch (command?.toLowerCase()) {
      case 'begin': await this.#begin(); break
      case 'commit': await this.#commit(); break
      case 'rollback': await this.#rollback(); break
      case 'listen': await this.#listen(name); break
      case 'unlisten': await this.#unlisten(name); break
      default: return await run<R>(this.#runner(), text, parameters)
    }
    return { rows: [], rowCount: null }
  }

  release (): void {
    this.removeAllListeners()
    this.#onRelease(Promise.all([this.#rollback(), this.#unlisten('')]).then(() => {}))
  }

  #runner (): Runner {
    return this.#held?.tx ?? openTransaction(this.#db) ?? this.#db
  }

  async #begin (): Promise<void> {
    if (openTransaction(this.#db) !== undefined) {
      throw new Error('A transaction is open here already: waiting for its end would never end')
    }
    this.#held = await holdTransaction(this.#db)
  }

  async #commit (): Promise<void> {
    const held = this.#held
    this.#held = undefined
    await held?.end()
  }

  async #rollback (): Promise<void> {
    const held = this.#held
    this.#held = undefined
    if (held === undefined) return
    await held.tx.rollback()
    await held.end()
  }

  async #listen (channel: string): Promise<void> {
    if (this.#channels.has(channel)) return
    const notify = (payload: string): void => { this.emit('notification', { channel, payload }) }
    const listening = this.#db.listen(channel, notify, this.#held?.tx ?? openTransaction(this.#db))
    this.#channels.set(channel, listening)
    try {
      await listening
    } catch (error) {
      this.#channels.delete(channel)
      throw error
    }
  }

  /** `''` stands for all channels, which SQL writes as `*`. */
  async #unlisten (channel: string): Promise<void> {
    const names = channel === '' ? [...this.#channels.keys()] : [channel]
    await Promise.all(names.map(async name => {
      const listening = this.#channels.get(name)
      this.#channels.delete(name)
      const stop = await listening
      if (stop !== undefined) await stop()
    }))
  }
}

/**
 * Opens a transaction that lasts until it is told to end. It runs in PGlite's own `transaction`, which makes all others
 * wait: a BEGIN sent by hand would take in their statements, and a rollback would undo them.
 */
async function holdTransaction (db: PGlite): Promise<HeldTransaction> {
  return await new Promise((resolve, reject) => {
    let release = (): void => {}
    const released = new Promise<void>(resolve => { release = resolve })
    const ended = db.transaction(async tx => {
      resolve({ tx, end: async () => { release(); await ended } })
      await released
    })
    ended.catch(reject)
  })
}

/** Like node-postgres: without parameters a text may hold several statements, of which the last one's result counts. */
async function run<R> (runner: Runner, text: string, parameters: Parameters = []): Promise<PgQueryResult<R>> {
  const result = parameters.length === 0
    ? (await runner.exec(text, LIKE_NODE_POSTGRES)).at(-1)
    : await runner.query<R>(text, [...parameters], LIKE_NODE_POSTGRES)
  return { rows: (result?.rows ?? []) as R[], rowCount: result?.rowCount ?? null }
}

/** BullMQ's statements begin with comments. Only the first word tells: function bodies hold a BEGIN of their own. */
function withoutLeadingComments (text: string): string {
  return text.replace(/^(?:\s|--.*)+/, '')
}
