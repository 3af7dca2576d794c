import { clampInstant, readInstant, toTimestamp, type Fault, type Milliseconds, type Platform, type SourceLink, type Timestamp } from '@insights/shared'
import { invalidRequest } from '../invalid-request.js'
import type { HistoryQuery, Interval } from './history-schemas.js'

const DEFAULT_SPAN_MS: Milliseconds = 30 * 86_400_000

/** What is asked for, with everything said that can be left out. */
export interface HistoryQuestion {
  interval: Interval
  /** Included. */
  from: Timestamp
  /** Not included. */
  to: Timestamp
  /** Whether a source is asked for. */
  isWanted: (source: SourceLink) => boolean
  /** The answer begins with the first source after this one; `null` = with the first. */
  after: SourceLink | null
}

const AFTER_TO: Fault = { pointer: '/from', code: 'range', detail: 'must not be after `to`' }
const NO_CURSOR: Fault = { pointer: '/cursor', code: 'value', detail: 'must be one from a link of another answer' }

/** @throws `INS_REQUEST_INVALID`, which names every parameter that does not fit. */
export function toQuestion (query: HistoryQuery, now: Milliseconds): HistoryQuestion {
  const to = query.to === undefined ? now : readInstant(query.to)
  const from = query.from === undefined ? to - DEFAULT_SPAN_MS : readInstant(query.from)
  const after = query.cursor === undefined ? null : readCursor(query.cursor)
  const faults: Fault[] = [
    ...(query.from !== undefined && Number.isNaN(from) ? [missingDay('/from')] : []),
    ...(query.to !== undefined && Number.isNaN(to) ? [missingDay('/to')] : []),
    ...(from > to ? [AFTER_TO] : []),
    ...(after === undefined ? [NO_CURSOR] : [])
  ]
  if (faults.length > 0 || after === undefined) throw invalidRequest(faults)
  const { source: wanted, interval = 'day' } = query
  return {
    interval,
    from: toTimestamp(clampInstant(from)),
    to: toTimestamp(clampInstant(to)),
    isWanted: ({ platform, source_id: id }) => wanted === undefined || wanted.includes(platform) || wanted.includes(`${platform}:${id}`),
    after
  }
}

/** A place among the sources of an insight. It is no secret, and a made-up one gives what it names: nothing to sign. */
export function writeCursor ({ platform, source_id: id }: SourceLink): string {
  return Buffer.from(JSON.stringify([platform, id])).toString('base64url')
}

/** `undefined` = no cursor. */
function readCursor (cursor: string): SourceLink | undefined {
  try {
    const [platform, id, ...more] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    if (typeof platform !== 'string' || typeof id !== 'string' || more.length > 0) return undefined
    const place = { platform: platform as Platform, source_id: id }
    return writeCursor(place) === cursor ? place : undefined
  } catch {
    // Whatever is wrong with it, it is none of ours.
    return undefined
  }
}

function missingDay (pointer: string): Fault {
  return { pointer, code: 'format', detail: 'must be a time that exists' }
}
