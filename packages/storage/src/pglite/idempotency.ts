import { randomUUID } from 'node:crypto'
import type { Transaction } from '@electric-sql/pglite'
import { alignSources, AppError, type InsightFields } from '@insights/shared'
import { KEY_LEASE_MS, KEY_LIFE_MS, type KeyedCall, type KeyHold, type KeyState, type KeyStore } from '../idempotency-port.js'
import { insightErased, reservedId, toHeldState, toSettledState, type KeyRecord } from '../key-states.js'
import type { InsightDocument } from '../port.js'
import type { Database } from './database.js'
import { translateErrors } from './errors.js'
import { INSIGHT_COLUMNS, toDocument, type InsightRow } from './mapping.js'

const COLUMNS = 'payload, insight_id, token_id, tries, answer, is_erased'
const LEASE_END = `statement_timestamp() + interval '${KEY_LEASE_MS} milliseconds'`

/**
 * $1 key, $2 payload, $3 id of the token or null, $4 holder. No row: the key is not free. One that has expired counts
 * as new.
 */
const BEGIN = `
insert into insights.idempotency_keys as known (key, payload, insight_id, token_id, holder, lease_until, expires_at)
select $1, $2, case when $3::text is null then nextval(pg_get_serial_sequence('insights.insights', 'id')) end, $3, $4,
  ${LEASE_END}, statement_timestamp() + interval '${KEY_LIFE_MS} milliseconds'
on conflict (key) do update set
  payload = excluded.payload, holder = excluded.holder, lease_until = excluded.lease_until, answer = null, is_erased = false,
  insight_id = case when known.expires_at <= statement_timestamp() then excluded.insight_id else known.insight_id end,
  token_id = case when known.expires_at <= statement_timestamp() then excluded.token_id else known.token_id end,
  tries = case when known.expires_at <= statement_timestamp() then 1 else known.tries + 1 end,
  expires_at = case when known.expires_at <= statement_timestamp() then excluded.expires_at else known.expires_at end
where known.expires_at <= statement_timestamp() or (
  known.payload = excluded.payload and known.answer is null and not known.is_erased and known.token_id is null
  and known.lease_until <= statement_timestamp()
)
returning ${COLUMNS}`

/** $1 key. */
const READ = `
select ${COLUMNS}, lease_until > statement_timestamp() as is_held from insights.idempotency_keys where key = $1`

/** $1 key, $2 answer. */
const COMPLETE = `
update insights.idempotency_keys set answer = $2::json, lease_until = statement_timestamp()
where key = $1 and answer is null and not is_erased`

/** $1 key, $2 holder. */
const RELEASE = 'update insights.idempotency_keys set lease_until = statement_timestamp() where key = $1 and holder = $2'

/** $1 key, $2 holder. Only the first try knows that nothing was made. */
const FORGET = `
delete from insights.idempotency_keys
where key = $1 and holder = $2 and tries = 1 and answer is null and not is_erased returning 1`

/** $1 id. */
const ERASE = 'update insights.idempotency_keys set payload = null, answer = null, is_erased = true where insight_id = $1'

const SWEEP = 'delete from insights.idempotency_keys where expires_at <= statement_timestamp()'

/** $1 id, $2 fields, $3 sources. Does nothing where an earlier try has made the insight. */
const CREATE = `
insert into insights.insights (id, fields, sources, due_at, asked_at, created_at, updated_at)
overriding system value
select $1, $2::json, $3::json, now, now, now, now from clock_timestamp() as now
on conflict (id) do nothing`

/** `KeyStore` on the embedded database. */
export function createPgliteKeyStore (db: Database): KeyStore {
  const query = async <R>(sql: string, parameters: unknown[]): Promise<R[]> =>
    await translateErrors(async () => (await db.query<R>(sql, parameters)).rows)
  const release = async ({ key, holder }: KeyHold): Promise<void> => { await query(RELEASE, [key, holder]) }

  /** `null`: the key has become free since it was asked for. */
  const tryToBegin = async (call: KeyedCall): Promise<KeyState | null> => {
    const holder = randomUUID()
    const tokenId = call.makes === 'insight' ? null : call.makes.tokenId
    const [taken] = await query<KeyRecord>(BEGIN, [call.key, call.payload, tokenId, holder])
    if (taken !== undefined) return toHeldState(taken, call, holder)
    const [known] = await query<KeyRecord & { is_held: boolean }>(READ, [call.key])
    if (known === undefined) return null
    const settled = toSettledState(known, call)
    if (settled !== null || known.is_held) return settled ?? { kind: 'running' }
    return known.token_id === null ? null : { kind: 'token', tokenId: known.token_id }
  }
  return {
    begin: async call => await tryToBegin(call) ?? await tryToBegin(call) ?? { kind: 'running' },
    complete: async ({ key }, answer) => { await query(COMPLETE, [key, JSON.stringify(answer)]) },
    release,
    forget: async hold => {
      const forgotten = await query(FORGET, [hold.key, hold.holder])
      if (forgotten.length === 0) await release(hold)
    }
  }
}

/** `create` under a key: one transaction, so that no removal comes in between. */
export async function createOnce (db: Database, fields: InsightFields, hold: KeyHold): Promise<InsightDocument> {
  const id = reservedId(hold)
  return await translateErrors(async () => await db.transaction(async tx => {
    const { rows: [key] } = await tx.query<{ is_erased: boolean }>(
      'select is_erased from insights.idempotency_keys where key = $1 and insight_id = $2', [hold.key, id])
    if (key === undefined) throw new AppError('INS_SERVICE_BUSY', 'The key has expired while it was held: repeat the request.')
    if (key.is_erased) throw insightErased()
    await tx.query(CREATE, [id, JSON.stringify(fields), JSON.stringify(alignSources(fields, []))])
    const { rows } = await tx.query<InsightRow>(`select ${INSIGHT_COLUMNS} from insights.insights where id = $1`, [id])
    return toDocument(rows[0] as InsightRow)
  }))
}

/** Erases what is kept under the key of an insight, in the transaction that erases the insight. */
export async function eraseKeys (tx: Transaction, id: number): Promise<void> {
  await tx.query(ERASE, [id])
}

/** Deletes the keys whose time is over. */
export async function sweepKeys (db: Database): Promise<void> {
  await translateErrors(async () => { await db.query(SWEEP) })
}
