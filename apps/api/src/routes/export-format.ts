import type { ListedInsight } from '@insights/storage'
import { toInsightAnswer } from './insight-answer.js'
import type { InsightAnswer } from './insight-schemas.js'

/** How an export is written. */
export interface ExportFormat {
  mediaType: string
  fileName: string
  /** What comes before all insights. */
  head: string
  toText: (insight: ListedInsight) => string
}

/** The columns, in this order; works are JSON text in one of them. */
export const CSV_COLUMNS = [
  'id', 'external_id', 'has_about', 'number_of_roles', 'number_of_acts', 'profile_views', 'profile_searches', 'connects',
  'facebook_page_id', 'twitter_handle', 'instagram_handle', 'insight_score', 'twitter_followers_count',
  'facebook_page_followers_count', 'instagram_followers_count', 'works'
] as const satisfies ReadonlyArray<keyof InsightAnswer>

export const FORMATS = {
  ndjson: {
    mediaType: 'application/x-ndjson',
    fileName: 'insights.ndjson',
    head: '',
    toText: insight => `${JSON.stringify(toInsightAnswer(insight))}\n`
  },
  csv: {
    mediaType: 'text/csv; charset=utf-8; header=present',
    fileName: 'insights.csv',
    head: toLine(CSV_COLUMNS),
    toText: insight => {
      const answer = toInsightAnswer(insight)
      return toLine(CSV_COLUMNS.map(column => toCell(answer[column])))
    }
  }
} as const satisfies Record<string, ExportFormat>
export type FormatName = keyof typeof FORMATS

/** CSV where it is asked for by name and nothing that is named is wanted more, otherwise NDJSON. */
export function formatOf (accept: string | undefined): FormatName {
  const wishes = (accept ?? '').split(',').map(wish => {
    const [type = '', ...parameters] = wish.split(';').map(part => part.trim().toLowerCase())
    const quality = parameters.find(parameter => parameter.startsWith('q='))?.slice(2)
    return { type, quality: quality === undefined ? 1 : Number(quality) || 0 }
  })
  const wishFor = (pattern: RegExp): number => Math.max(0, ...wishes.filter(({ type }) => pattern.test(type)).map(({ quality }) => quality))
  const csv = wishFor(/^text\/csv$/)
  return csv > 0 && csv >= wishFor(/^application\/(x-)?ndjson$/) ? 'csv' : 'ndjson'
}

/** A line of RFC 4180. */
function toLine (cells: readonly string[]): string {
  return `${cells.map(cell => /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell).join(',')}\r\n`
}

/** Unknown is an empty cell. */
function toCell (value: InsightAnswer[typeof CSV_COLUMNS[number]] | undefined): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? neutralised(value) : typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Programs for tables would compute a text that begins so; the apostrophe makes it text for them, and shows. */
function neutralised (text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
}
