import type { PGlite } from '@electric-sql/pglite'

/** What the stores need of an embedded database. */
export type Database = Pick<PGlite, 'query' | 'exec' | 'transaction'>
