import type { PGlite } from '@electric-sql/pglite'
import type { TokenRecord, TokenStore } from '../token-port.js'
import { translateErrors } from './errors.js'
import { toTokenRecord, type TokenRow } from './mapping.js'

const COLUMNS = 'hash, name, scopes, created_at, expires_at, last_used_at, revoked_at'

const ADD = `
insert into insights.tokens (hash, name, scopes, created_at, expires_at)
values ($1, $2, $3::text[], clock_timestamp(), $4::timestamptz)
on conflict (hash) do update set name = excluded.name, scopes = excluded.scopes, expires_at = excluded.expires_at
returning ${COLUMNS}`

/** $1 id. */
const REVOKE = `
update insights.tokens set revoked_at = coalesce(revoked_at, clock_timestamp())
where left(hash, 16) = $1 returning ${COLUMNS}`

/** $1 id, $2 when. `least` takes no notice of a null. */
const EXPIRE = `
update insights.tokens set expires_at = least(expires_at, $2::timestamptz)
where left(hash, 16) = $1 returning ${COLUMNS}`

/** $1 hash. */
const MARK_USED = 'update insights.tokens set last_used_at = greatest(last_used_at, clock_timestamp()) where hash = $1'

/** `TokenStore` on the embedded database. It borrows `db`, which must be migrated; closing it is the caller's. */
export function createPgliteTokenStore (db: PGlite): TokenStore {
  const query = async (sql: string, parameters: unknown[] = []): Promise<TokenRow[]> =>
    await translateErrors(async () => (await db.query<TokenRow>(sql, parameters)).rows)
  const queryOne = async (sql: string, parameters: unknown[]): Promise<TokenRecord | null> => {
    const [row] = await query(sql, parameters)
    return row === undefined ? null : toTokenRecord(row)
  }

  return {
    add: async token => {
      const rows = await query(ADD, [token.hash, token.name, [...token.scopes], token.expires_at])
      return toTokenRecord(rows[0] as TokenRow)
    },
    findByHash: async hash => await queryOne(`select ${COLUMNS} from insights.tokens where hash = $1`, [hash]),
    list: async () => (await query(`select ${COLUMNS} from insights.tokens order by created_at, hash`)).map(toTokenRecord),
    revoke: async id => await queryOne(REVOKE, [id]),
    expire: async (id, at) => await queryOne(EXPIRE, [id, at]),
    markUsed: async hash => { await query(MARK_USED, [hash]) }
  }
}
