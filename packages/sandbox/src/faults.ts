import { validateHeaderName, validateHeaderValue } from 'node:http'
import { PLATFORMS, type Milliseconds, type Platform } from '@insights/shared'
import { readChoice, readCount, readRecord, readText, readTexts, refuse } from './check.js'
import type { Damage } from './exchange.js'

/**
 * What goes wrong. `reset_mid_body`, `truncated_json`, `partial`, `drip`, `count`, `reversed`, `strangers`, the two of
 * parts and `error` in parts spoil the real answer, and the call is charged as usual; the others take its place, and it
 * costs nothing.
 */
export type FaultKind =
  /** Answers `status` (200 to 599). `body`: text is sent as it is, anything else as JSON; default empty. */
  | { kind: 'status', status: number, body?: unknown, headers?: Record<string, string> }
  /** A trouble that the platform is known to report, by its name in `sandbox.faults.errorNames(platform)`.
   *  `level: 'parts'`: Facebook and Instagram only, in the parts of a batch that stands otherwise. */
  | { kind: 'error', error: string, level?: 'call' | 'parts' }
  /** Waits this long, in real time, before whatever else happens. */
  | { kind: 'delay', ms: Milliseconds }
  /** Resets the connection before the first byte of an answer. */
  | { kind: 'reset' }
  /** A page of HTML; default status 200. */
  | { kind: 'html', status?: number }
  /** No body; default status 200. */
  | { kind: 'empty', status?: number }
  /** JSON of the wrong type with status 200: `[]`, `null`, a text; default `null`. */
  | { kind: 'wrong_type', body?: unknown }
  /** Sends the headers and half of the body, then cuts the connection. */
  | { kind: 'reset_mid_body' }
  /** Sends half of the body as if it were all of it. */
  | { kind: 'truncated_json' }
  /** YouTube, SoundCloud, X: silently leaves out `ids`, or every second id asked for. */
  | { kind: 'partial' }
  /** Facebook, Instagram: the part is `null` (it timed out), or its `body` is broken JSON; `ids`, or every part. */
  | { kind: 'null_part' | 'malformed_part' }
  /** Sends the body a byte at a time, so many per second, 1 unless given; at most 1,000. */
  | { kind: 'drip', bytesPerSecond?: number }
  /** A body without end. */
  | { kind: 'endless' }
  /** A body of so many bytes, announced; a billion unless given. Or a small one that unpacks to that many. */
  | { kind: 'huge' | 'gzip_bomb', bytes?: number }
  /** `json`, a JSON text such as `1e400` or `"12"`, in the place of every count. */
  | { kind: 'count', json: string }
  /** The items in the opposite order. */
  | { kind: 'reversed' }
  /** Every item under an id that nobody asked for. */
  | { kind: 'strangers' }

/** Which calls go wrong, and how often. */
export interface FaultTarget {
  platform: Platform
  /** The path as in the call log; `*` at the end stands for any rest. Default: every path. */
  path?: string
  /** Only calls that ask for one of these ids, compared as sent; and of a batch only these parts. */
  ids?: string[]
  /** How many calls; default 1. `Infinity`, or `'always'` in JSON: until cleared. */
  times?: number | 'always'
}

export type Fault = FaultTarget & FaultKind

/** Trouble on demand. Faults are tried in the order they were added; a call meets every delay and one other fault. */
export interface Faults {
  /** @throws INS_REQUEST_INVALID naming the field. */
  add: (fault: Fault) => void
  /** Those that have shots left, in order; `times` is what is left. */
  list: () => Fault[]
  /** The names that `{ kind: 'error' }` takes for a platform. */
  errorNames: (platform: Platform) => readonly string[]
  clear: (platform?: Platform) => void
}

export interface TakenFaults {
  delayMs: Milliseconds
  /** What happens besides waiting; `null` = nothing. */
  fault: Fault | null
}

export interface FireableFaults extends Faults {
  /** Takes one shot of each fault that this call meets. */
  take: (platform: Platform, path: string, ids: readonly string[]) => TakenFaults
}

export function createFaults (errorNames: (platform: Platform) => readonly string[]): FireableFaults {
  let waiting: Fault[] = []

  function take (platform: Platform, path: string, ids: readonly string[]): TakenFaults {
    const taken: TakenFaults = { delayMs: 0, fault: null }
    for (const fault of waiting) {
      if (!isMet(fault, platform, path, ids)) continue
      if (fault.kind === 'delay') taken.delayMs += fault.ms
      else if (taken.fault === null) taken.fault = fault
      else continue
      if (typeof fault.times === 'number') fault.times -= 1
    }
    waiting = waiting.filter(fault => fault.times !== 0)
    return taken
  }

  return {
    add: fault => {
      waiting.push(readFault(fault, errorNames))
    },
    list: () => waiting.map(fault => ({ ...fault })),
    errorNames,
    clear: platform => {
      waiting = waiting.filter(fault => platform !== undefined && fault.platform !== platform)
    },
    take
  }
}

function isMet (fault: Fault, platform: Platform, path: string, ids: readonly string[]): boolean {
  if (fault.platform !== platform) return false
  if (fault.path !== undefined && !isPathMet(fault.path, path)) return false
  return fault.ids === undefined || fault.ids.some(id => ids.includes(id))
}

function isPathMet (pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern
}

/** What a fault does to an answer that is otherwise the real one. */
export function damageOf (fault: Fault | null, ids: readonly string[]): Damage {
  const leftOut = fault?.kind === 'partial' ? fault.ids ?? ids.filter((_, index) => index % 2 === 1) : []
  return { leftOut: new Set(leftOut), parts: fault === null ? [] : partDamage(fault) }
}

function partDamage (fault: Fault): Damage['parts'] {
  const ids = fault.ids ?? []
  switch (fault.kind) {
    case 'null_part': return [{ kind: 'null', error: '', ids }]
    case 'malformed_part': return [{ kind: 'malformed', error: '', ids }]
    case 'error': return fault.level === 'parts' ? [{ kind: 'error', error: fault.error, ids }] : []
    default: return []
  }
}

const FIELDS: Record<Fault['kind'], readonly string[]> = {
  status: ['status', 'body', 'headers'],
  error: ['error', 'level'],
  delay: ['ms'],
  reset: [],
  html: ['status'],
  empty: ['status'],
  wrong_type: ['body'],
  reset_mid_body: [],
  truncated_json: [],
  partial: [],
  null_part: [],
  malformed_part: [],
  drip: ['bytesPerSecond'],
  endless: [],
  huge: ['bytes'],
  gzip_bomb: ['bytes'],
  count: ['json'],
  reversed: [],
  strangers: []
}
const KINDS = Object.keys(FIELDS) as Array<Fault['kind']>
const PART_KINDS: ReadonlyArray<Fault['kind']> = ['null_part', 'malformed_part']

function readFault (value: unknown, errorNames: Faults['errorNames']): Fault {
  const { kind: givenKind } = Object(value) as { kind?: unknown }
  const kind = readChoice(givenKind, '/kind', KINDS)
  const given = readRecord(value, '', ['kind', 'platform', 'path', 'ids', 'times', ...FIELDS[kind]])
  const platform = readChoice(given.platform, '/platform', PLATFORMS)
  checkDetails(kind, given, platform, errorNames)
  return {
    ...given,
    kind,
    platform,
    ...given.path !== undefined && { path: readText(given.path, '/path') },
    ...given.ids !== undefined && { ids: readTexts(given.ids, '/ids') },
    ...given.headers !== undefined && { headers: readHeaders(given.headers) },
    times: readTimes(given.times)
  } as Fault
}

function readTimes (value: unknown = 1): number | 'always' {
  return value === 'always' || value === Infinity ? 'always' : readCount(value, '/times', 1)
}

function checkDetails (kind: Fault['kind'], given: Record<string, unknown>, platform: Platform, errorNames: Faults['errorNames']): void {
  const isGraph = platform === 'facebook' || platform === 'instagram'
  if (PART_KINDS.includes(kind) && !isGraph) refuse('/kind', 'value', `${kind} is for facebook and instagram`)
  if (kind === 'partial' && isGraph) refuse('/kind', 'value', 'partial is not for facebook and instagram; use null_part')
  if (kind === 'delay') readCount(given.ms, '/ms')
  if (kind === 'error') readChoice(given.error, '/error', errorNames(platform))
  if (given.level !== undefined) readChoice(given.level, '/level', isGraph ? ['call', 'parts'] : ['call'])
  if (kind === 'status' || given.status !== undefined) readStatus(given.status)
  if (kind === 'count') readText(given.json, '/json')
  if (given.bytes !== undefined) readCount(given.bytes, '/bytes', 1)
  if (given.bytesPerSecond !== undefined) readDripRate(given.bytesPerSecond)
}

function readDripRate (value: unknown): void {
  if (readCount(value, '/bytesPerSecond', 1) > 1000) refuse('/bytesPerSecond', 'range', 'must be from 1 to 1000')
}

function readStatus (value: unknown): void {
  if (readCount(value, '/status', 200) > 599) refuse('/status', 'range', 'must be from 200 to 599')
}

/** Names in lower case, so that none is sent twice beside our own. */
function readHeaders (value: unknown): Record<string, string> {
  const given = readRecord(value, '/headers', Object.keys(Object(value)))
  return Object.fromEntries(Object.entries(given).map(([name, text]) => [name.toLowerCase(), readHeader(name, text)]))
}

function readHeader (name: string, value: unknown): string {
  const text = readText(value, `/headers/${name}`)
  try {
    validateHeaderName(name)
    validateHeaderValue(name, text)
  } catch (error) {
    refuse(`/headers/${name}`, 'format', (error as Error).message)
  }
  return text
}
