import { randomBytes } from 'node:crypto'
import {
  MAX_EXAMINED, type InsightLists, type ListFilter, type ListKey, type ListOrder, type ListPage, type ListPosition, type ListQuery
} from '../list-port.js'
import type { Database } from './database.js'
import { translateErrors } from './errors.js'
import { INSIGHT_COLUMNS, toDocument, type InsightRow } from './mapping.js'

interface Key {
  /** The columns of the order; an index has the same ones. */
  columns: string
  /** Where a row stands in it, without loss, as text. */
  value: string
  /** Turns such a text back. */
  type: string
}

const KEYS: Record<Exclude<ListKey, 'id'>, Key> = {
  insight_score: { columns: 'score, id', value: 'score::text', type: 'numeric' },
  updated_at: {
    columns: 'updated_at, id',
    value: 'to_char(updated_at at time zone \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\')',
    type: 'timestamptz'
  }
}

/** The breakdown is most of a row, and lists do not show it. */
const LISTED_COLUMNS = INSIGHT_COLUMNS.replace(' breakdown,', ' null::json as breakdown,')

const RUNNING = 'coalesce(lease_until > statement_timestamp(), false)'
const STATES = {
  running: RUNNING,
  pending: `not ${RUNNING} and wanted > done`,
  done: `not ${RUNNING} and wanted <= done`
}

/** SQL text with the parameters that it names. */
interface Sql {
  conditions: string[]
  parameters: unknown[]
}

type ListedRow = InsightRow & { position: string }

export function createPgliteLists (db: Database): InsightLists {
  return {
    list: async query => await translateErrors(async () => await list(db, query)),
    cursorSecret: async () => await translateErrors(async () => {
      await db.query("insert into insights.secrets values ('cursors', $1) on conflict (name) do nothing", [randomBytes(32).toString('base64url')])
      const { rows } = await db.query<{ value: string }>("select value from insights.secrets where name = 'cursors'")
      return (rows[0] as { value: string }).value
    })
  }
}

async function list (db: Database, query: ListQuery): Promise<ListPage> {
  const until = isScan(query) ? await findBound(db, query) : null
  const { sql, parameters } = pageStatement(query, until)
  const { rows } = await db.query<ListedRow>(sql, parameters)
  const read = rows.slice(0, query.limit)
  const [first, last] = [read[0], read.at(-1)]
  const insights = read.map(row => withoutBreakdown(row))
  return {
    insights: query.isBackward ? insights.reverse() : insights,
    near: first === undefined ? null : positionOf(first),
    far: rows.length > query.limit && last !== undefined ? positionOf(last) : until
  }
}

/** Whether rows have to be looked at that are not given: a filter on anything but the key of the order, or one id. */
function isScan ({ order, filter }: ListQuery): boolean {
  const { minScore, maxScore, updatedSince, state, externalId, sourceStates = [] } = filter
  if (externalId !== undefined) return false
  const isByScore = minScore !== undefined || maxScore !== undefined
  return state !== undefined || sourceStates.length > 0 ||
    (isByScore && order.key !== 'insight_score') || (updatedSince !== undefined && order.key !== 'updated_at')
}

/** The place up to which a page looks; `null` = to the end. The index alone tells it. */
async function findBound (db: Database, query: ListQuery): Promise<ListPosition | null> {
  const { conditions, parameters } = rangeOf(query, null)
  const { rows } = await db.query<{ id: number, position: string }>(
    `select id, ${valueOf(query.order)} as position from insights.insights ${where(conditions)}
    ${orderBy(query)} offset ${MAX_EXAMINED - 1} limit 1`, parameters)
  return rows[0] === undefined ? null : positionOf(rows[0])
}

/** One row more than the page has, which tells whether there are more. */
export function pageStatement (query: ListQuery, until: ListPosition | null): { sql: string, parameters: unknown[] } {
  const { conditions, parameters } = rangeOf(query, until)
  addFilter({ conditions, parameters }, query.filter)
  return {
    sql: `select ${LISTED_COLUMNS}, ${valueOf(query.order)} as position from insights.insights
    ${where(conditions)} ${orderBy(query)} limit ${query.limit + 1}`,
    parameters
  }
}

function rangeOf ({ order, from, isBackward }: ListQuery, until: ListPosition | null): Sql {
  const sql: Sql = { conditions: [], parameters: [] }
  const isFalling = order.isDescending !== isBackward
  if (from !== null) addBound(sql, order, isFalling ? '<' : '>', from)
  if (until !== null) addBound(sql, order, isFalling ? '>=' : '<=', until)
  return sql
}

function addBound ({ conditions, parameters }: Sql, { key }: ListOrder, comparison: string, { value, id }: ListPosition): void {
  parameters.push(id)
  const idParameter = `$${parameters.length}::bigint`
  if (key === 'id') {
    conditions.push(`id ${comparison} ${idParameter}`)
    return
  }
  parameters.push(value)
  conditions.push(`(${KEYS[key].columns}) ${comparison} ($${parameters.length}::${KEYS[key].type}, ${idParameter})`)
}

function addFilter ({ conditions, parameters }: Sql, filter: ListFilter): void {
  const parameter = (value: unknown, type: string): string => `$${parameters.push(value)}::${type}`
  if (filter.minScore !== undefined) conditions.push(`score >= ${parameter(String(filter.minScore), 'numeric')}`)
  if (filter.maxScore !== undefined) conditions.push(`score <= ${parameter(String(filter.maxScore), 'numeric')}`)
  if (filter.updatedSince !== undefined) conditions.push(`updated_at >= ${parameter(filter.updatedSince, 'timestamptz')}`)
  if (filter.state !== undefined) conditions.push(STATES[filter.state])
  if (filter.externalId !== undefined) {
    // By its id, so that no order tempts the planner to look for it among all the others.
    conditions.push(`id = (select id from insights.insights where fields ->> 'external_id' = ${parameter(filter.externalId, 'text')})`)
  }
  for (const { platform, state } of filter.sourceStates ?? []) {
    const isOn = `source ->> 'platform' = ${parameter(platform, 'text')}`
    const some = (condition: string): string => `exists (select 1 from json_array_elements(sources) as source where ${condition})`
    conditions.push(state === 'not_provided' ? `not ${some(isOn)}` : some(`${isOn} and source ->> 'state' = ${parameter(state, 'text')}`))
  }
}

const where = (conditions: readonly string[]): string => conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`

function orderBy ({ order, isBackward }: ListQuery): string {
  const direction = order.isDescending !== isBackward ? 'desc' : 'asc'
  const columns = order.key === 'id' ? ['id'] : KEYS[order.key].columns.split(', ')
  return `order by ${columns.map(column => `${column} ${direction}`).join(', ')}`
}

function valueOf ({ key }: ListOrder): string {
  return key === 'id' ? "''" : KEYS[key].value
}

function positionOf ({ position, id }: { position: string, id: number }): ListPosition {
  return { value: position, id }
}

function withoutBreakdown (row: ListedRow): ListPage['insights'][number] {
  const { breakdown: _left, ...insight } = toDocument(row)
  return insight
}
