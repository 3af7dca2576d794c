import type { IncomingHttpHeaders } from 'node:http'
import type { Platform } from '@insights/shared'
import type { SandboxClock } from './clock.js'
import type { Entities } from './entities.js'
import type { Settings } from './settings.js'

/** What the platforms of one sandbox have in common. */
export interface World {
  clock: SandboxClock
  entities: Entities
  settings: Settings
}

/** One request as a platform sees it. */
export interface Call {
  method: string
  /** Below the platform's base URL, percent-decoded, with a leading slash. */
  path: string
  query: URLSearchParams
  /** The fields of a urlencoded body; empty for any other. */
  form: URLSearchParams
  headers: IncomingHttpHeaders
  /** The platform's base URL as the caller reached it, for links in answers. */
  baseUrl: string
}

/** What goes back. `text` is the body as it is sent. */
export interface Answer {
  status: number
  headers: Record<string, string>
  text: string
  /** See `LoggedCall.cost`. */
  cost: number
}

/** Trouble inside an otherwise good answer. */
export interface Damage {
  /** Ids that the answer silently leaves out. */
  leftOut: ReadonlySet<string>
  /** What happens to single parts of a Graph batch; `ids` empty = to every part. */
  parts: Array<{ kind: 'null' | 'malformed' | 'error', error: string, ids: readonly string[] }>
}

/** One platform. It never throws for anything a caller can send. */
export interface StandIn {
  platform: Platform
  /** The ids that a call names, as sent, in order, with repeats. */
  idsOf: (call: Call) => string[]
  answer: (call: Call, damage: Damage) => Answer
  /** The names that `error` takes. */
  errorNames: readonly string[]
  /** The answer that stands for a named trouble of this platform. */
  error: (name: string, call: Call) => Answer
  /** Forgets quota use, charges and tokens. */
  reset: () => void
}

export function jsonAnswer (status: number, value: unknown, extra: { headers?: Record<string, string>, cost?: number } = {}): Answer {
  const headers = { 'content-type': 'application/json; charset=UTF-8', ...extra.headers }
  return { status, headers, text: JSON.stringify(value), cost: extra.cost ?? 0 }
}

export function htmlAnswer (status: number, title: string): Answer {
  const text = `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`
  return { status, headers: { 'content-type': 'text/html; charset=UTF-8' }, text, cost: 0 }
}

/** The items of a comma-separated parameter; none when it is absent or empty. */
export function listOf (text: string | null): string[] {
  return text === null || text === '' ? [] : text.split(',')
}

/** Each value once, in the order of first mention. */
export function unique (values: readonly string[]): string[] {
  return [...new Set(values)]
}

/** Percent-decoded, or as it is when the escapes are broken. */
export function decode (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A broken escape is the caller's text, not a fault of the sandbox: it then names nothing that exists.
    return text
  }
}
