import { AppError, isAppError, type InsightFields } from '@insights/shared'
import { MAX_IMPORTED, type ImportOutcome, type InsightStore } from '@insights/storage'
import { decodeUtf8 } from '../bodies/decode.js'
import type { Line } from '../bodies/lines.js'
import { MalformedJson, parseJson } from '../bodies/parse-json.js'
import { InvalidInput, invalidRequest } from '../invalid-request.js'
import { toProblem } from '../problem.js'
import { toAppError } from '../to-app-error.js'
import { validatorCompiler } from '../validation/compiler.js'
import { toFields } from './insight-input.js'
import { InsightInputSchema, type InsightInput } from './insight-schemas.js'

/** What is answered for one line: where the insight is, or what was wrong. */
export type LineResult =
  | { line: number, status: 200 | 201, id: number }
  | { line: number, status: number, code: string, detail: string, errors?: readonly object[] }

type Validate = (sent: unknown) => { value: unknown } | { error: InvalidInput }

/** The check of the bodies of single insights; it wants to be told nothing of a route. */
const validate = validatorCompiler({ schema: InsightInputSchema, method: 'POST', url: '', httpPart: 'body' }) as unknown as Validate

/** Stores the insights of some lines and tells what became of each, in order. A line that is wrong harms no other. */
export async function importLines (store: InsightStore, lines: readonly Line[], maxLineBytes: number): Promise<LineResult[]> {
  const read = lines.map(line => ({ line: line.number, fields: readFields(line, maxLineBytes) }))
  const outcomes = await importAll(store, read.flatMap(({ fields }) => fields instanceof Error ? [] : [fields]))
  return read.map(({ line, fields }) => toResult(line, fields instanceof Error ? { error: fields } : outcomes.shift() as ImportOutcome))
}

/** What a call of the store can not do, it can not do for all that were in it. */
async function importAll (store: InsightStore, insights: readonly InsightFields[]): Promise<ImportOutcome[]> {
  const outcomes: ImportOutcome[] = []
  for (let from = 0; from < insights.length; from += MAX_IMPORTED) {
    const batch = insights.slice(from, from + MAX_IMPORTED)
    outcomes.push(...await store.importMany(batch).catch((error: unknown) => {
      const failed = { error: toAppError(error, { bodyLimitBytes: 0, isReceived: true }) }
      return batch.map(() => failed)
    }))
  }
  return outcomes
}

function readFields ({ bytes }: Line, maxLineBytes: number): InsightFields | AppError {
  if (bytes === null) return new AppError('INS_REQUEST_TOO_LARGE', `The line may have at most ${maxLineBytes} bytes.`)
  try {
    const { value, faults } = parseJson(decodeUtf8(bytes))
    if (faults.length > 0) return invalidRequest(faults)
    const checked = validate(value)
    return 'error' in checked ? invalidRequest(checked.error.faults) : toFields(checked.value as InsightInput)
  } catch (error) {
    if (isAppError(error)) return new AppError('INS_REQUEST_MALFORMED', 'The line is not valid UTF-8.')
    if (!(error instanceof MalformedJson)) throw error
    return new AppError('INS_REQUEST_MALFORMED', `The line is not JSON: ${error.message}.`)
  }
}

function toResult (line: number, outcome: ImportOutcome): LineResult {
  if (!('error' in outcome)) return { line, status: outcome.isNew ? 201 : 200, id: outcome.id }
  const { status, code, detail, errors } = toProblem(outcome.error, '')
  return { line, status, code, detail, ...(errors !== undefined && { errors }) }
}
