import type { Milliseconds } from '@insights/shared'
import { describeToken, type IssuedToken, type TokenDescription, type TokenRecord } from '@insights/storage'

/** What a command writes. */
export interface Outcome {
  /** What was asked for, for standard output. */
  output: string
  /** What a person should know of it, for standard error; empty with `--json`. */
  remark: string
}

export interface Presentation {
  isJson: boolean
  now: Milliseconds
}

const KEEP_IT = 'Keep it: it is shown this once and stored only as a hash.'

export function presentCreated ({ token, record }: IssuedToken, { isJson, now }: Presentation): Outcome {
  if (isJson) return toJson({ ...describeToken(record, now), token })
  return { output: `${token}\n`, remark: `${introduce(record)}\n${KEEP_IT}\n` }
}

export function presentRotated (
  { token, record, replaced }: IssuedToken & { replaced: TokenRecord }, { isJson, now }: Presentation
): Outcome {
  const replaces = { id: replaced.id, expires_at: replaced.expires_at }
  if (isJson) return toJson({ ...describeToken(record, now), token, replaces })
  return {
    output: `${token}\n`,
    remark: `${introduce(record)}\n${KEEP_IT}\nThe old one, ${replaced.id}, is accepted until ${String(replaced.expires_at)}.\n`
  }
}

export function presentRevoked (record: TokenRecord, { isJson, now }: Presentation): Outcome {
  if (isJson) return toJson(describeToken(record, now))
  return { output: `Token ${record.id} (${printable(record.name)}) is revoked. Within 5 seconds every process refuses it.\n`, remark: '' }
}

export function presentList (records: readonly TokenRecord[], { isJson, now }: Presentation): Outcome {
  const results = records.map(record => describeToken(record, now))
  if (isJson) return toJson({ results })
  if (results.length === 0) return { output: '', remark: 'There are no tokens yet.\n' }
  const head = ['ID', 'STATE', 'SCOPES', 'CREATED', 'EXPIRES', 'LAST USED', 'NAME']
  return { output: toColumns([head, ...results.map(toRow)]), remark: '' }
}

function introduce ({ id, name, scopes, expires_at: expiresAt }: TokenRecord): string {
  return `Token ${id} (${printable(name)}): scopes ${scopes.join(', ')}; ${expiresAt === null ? 'never expires' : `expires at ${expiresAt}`}.`
}

function toRow (token: TokenDescription): string[] {
  return [
    token.id,
    token.is_active ? 'active' : token.revoked_at === null ? 'expired' : 'revoked',
    token.scopes.join(','),
    token.created_at,
    token.expires_at ?? 'never',
    token.last_used_at ?? 'never',
    printable(token.name)
  ]
}

function toColumns (rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows.map(row => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()}\n`).join('')
}

function toJson (value: object): Outcome {
  return { output: `${JSON.stringify(value, null, 2)}\n`, remark: '' }
}

/** A name may hold anything; what would move the cursor or end the line is not for a terminal. */
function printable (text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}
