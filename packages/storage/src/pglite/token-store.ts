import type { PGlite } from '@electric-sql/pglite'
import type { TokenStore } from '../token-port.js'
import { translateErrors } from './errors.js'
import { toTokenRecord, type TokenRow } from './mapping.js'

const COLUMNS = 'hash, name, scopes, created_at, expires_at'

const ADD = `
insert into insights.tokens (hash, name, scopes, created_at, expires_at)
values ($1, $2, $3::text[], clock_timestamp(), $4::timestamptz)
on conflict (hash) do update set name = excluded.name, scopes = excluded.scopes, expires_at = excluded.expires_at
returning ${COLUMNS}`

/** `TokenStore` on the embedded database. It borrows `db`, which must be migrated; closing it is the caller's. */
export function createPgliteTokenStore (db: PGlite): TokenStore {
  const query = async (sql: string, parameters: unknown[] = []): Promise<TokenRow[]> =>
    await translateErrors(async () => (await db.query<TokenRow>(sql, parameters)).rows)

  return {
    add: async token => {
      const rows = await query(ADD, [token.hash, token.name, [...token.scopes], token.expires_at])
      return toTokenRecord(rows[0] as TokenRow)
    },
    findByHash: async hash => {
      const [row] = await query(`select ${COLUMNS} from insights.tokens where hash = $1`, [hash])
      return row === undefined ? null : toTokenRecord(row)
    },
    list: async () => (await query(`select ${COLUMNS} from insights.tokens order by created_at, hash`)).map(toTokenRecord)
  }
}
