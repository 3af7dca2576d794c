import type { Transaction } from '@electric-sql/pglite'
import { alignSources, type InsightFields } from '@insights/shared'
import type { ImportOutcome } from '../import-port.js'
import type { InsightDocument } from '../port.js'
import { splitAtRepeats } from '../split-at-repeats.js'
import type { Database } from './database.js'
import { translateErrors } from './errors.js'
import { INSIGHT_COLUMNS, toDocument, type InsightRow } from './mapping.js'

/** $1 external ids. That they are there is said once more for the index, which has only such rows. */
const FIND_NAMED = `
select ${INSIGHT_COLUMNS} from insights.insights
where fields ->> 'external_id' = any($1::text[]) and fields ->> 'external_id' is not null
for update`

/** $1 [{n, fields, sources}]. The ids are given in the order of `n`. */
const CREATE_MANY = `
insert into insights.insights (fields, sources, due_at, asked_at, created_at, updated_at)
select r.fields, r.sources, now, now, now, now
from json_to_recordset($1::json) as r (n integer, fields json, sources json), clock_timestamp() as now
order by r.n
returning id`

/** Replaces the fields of an insight that the transaction has locked. */
export type Replace = (tx: Transaction, current: InsightDocument, fields: InsightFields) => Promise<InsightDocument>

/** One transaction for all: what is new by one statement, what is there by one each. */
export async function importMany (db: Database, insights: readonly InsightFields[], replace: Replace): Promise<ImportOutcome[]> {
  return await translateErrors(async () => await db.transaction(async tx => {
    const outcomes: ImportOutcome[] = []
    for (const part of splitAtRepeats(insights)) outcomes.push(...await importPart(tx, part, replace))
    return outcomes
  }))
}

async function importPart (tx: Transaction, part: readonly InsightFields[], replace: Replace): Promise<ImportOutcome[]> {
  const known = await findNamed(tx, part.flatMap(({ external_id: name }) => name ?? []))
  const currentOf = ({ external_id: name }: InsightFields): InsightDocument | undefined => name === null ? undefined : known.get(name)
  const newIds = await createMany(tx, part.filter(fields => currentOf(fields) === undefined))
  const outcomes: ImportOutcome[] = []
  for (const fields of part) {
    const current = currentOf(fields)
    if (current === undefined) outcomes.push({ id: newIds.shift() as number, isNew: true })
    else outcomes.push({ id: (await replace(tx, current, fields)).id, isNew: false })
  }
  return outcomes
}

async function findNamed (tx: Transaction, names: readonly string[]): Promise<Map<string | null, InsightDocument>> {
  if (names.length === 0) return new Map()
  const { rows } = await tx.query<InsightRow>(FIND_NAMED, [[...names]])
  return new Map(rows.map(toDocument).map(document => [document.fields.external_id, document]))
}

async function createMany (tx: Transaction, wanted: readonly InsightFields[]): Promise<number[]> {
  if (wanted.length === 0) return []
  const rows = JSON.stringify(wanted.map((fields, n) => ({ n, fields, sources: alignSources(fields, []) })))
  const created = await tx.query<{ id: number }>(CREATE_MANY, [rows])
  return created.rows.map(({ id }) => id).sort((a, b) => a - b)
}
