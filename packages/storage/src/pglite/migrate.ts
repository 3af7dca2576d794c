import type { PGlite } from '@electric-sql/pglite'
import { translateErrors } from './errors.js'
import { sql as insights } from './migrations/001-insights.js'
import { sql as tokenStamps } from './migrations/002-token-stamps.js'
import { sql as lists } from './migrations/003-lists.js'
import { sql as removals } from './migrations/004-removals.js'
import { sql as platformState } from './migrations/006-platform-state.js'
import { sql as platformModes } from './migrations/007-platform-modes.js'
import { sql as observations } from './migrations/008-observations.js'
import { sql as idempotencyKeys } from './migrations/009-idempotency-keys.js'
import { sql as keptAnswers } from './migrations/010-kept-answers.js'

const MIGRATIONS: ReadonlyArray<{ number: number, sql: string }> = [
  { number: 1, sql: insights },
  { number: 2, sql: tokenStamps },
  { number: 3, sql: lists },
  { number: 4, sql: removals },
  { number: 6, sql: platformState },
  { number: 7, sql: platformModes },
  { number: 8, sql: observations },
  { number: 9, sql: idempotencyKeys },
  { number: 10, sql: keptAnswers }
]

const LEDGER = `
create schema if not exists insights;
create table if not exists insights.migrations (number integer primary key, applied_at timestamptz not null);
`

/**
 * Brings the schema of the store to the newest version; does nothing where it is. Run it first, alone: before the
 * store or the queue is used. Each step is one transaction, so that a crash leaves a whole version behind.
 *
 * @throws AppError `INS_STORE_UNAVAILABLE`, `INS_STORE_FULL`
 */
export async function migratePglite (db: PGlite): Promise<void> {
  await translateErrors(async () => {
    await db.exec(LEDGER)
    const applied = await db.query<{ number: number }>('select number from insights.migrations')
    const numbers = new Set(applied.rows.map(row => row.number))
    for (const migration of MIGRATIONS.filter(({ number }) => !numbers.has(number))) {
      await db.transaction(async tx => {
        await tx.exec(migration.sql)
        await tx.query('insert into insights.migrations values ($1, clock_timestamp())', [migration.number])
      })
    }
  })
}
