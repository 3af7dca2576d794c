import createClient, { mergeHeaders, type HeadersOptions } from 'openapi-fetch'
import type { Answer, Calls } from './calls.js'
import { InsightsError, toInsightsError, type Fault } from './errors.js'
import { readJsonLines, toJsonLines } from './lines.js'
import { send, type Retry, type RetryPolicy, type Sent } from './retry.js'
import { KEYED_POSTS, type components, type operations, type paths } from './schema.js'

/** An insight as it is answered. */
export type Insight = components['schemas']['Insight']
/** What a host says of an artist; an `Insight` that was read may be sent back as it is. */
export type InsightInput = components['schemas']['InsightInput']

/** What became of one line of an import, `line` from 1: where the insight is, or what was wrong with it. */
export type ImportResult =
  | { line: number, status: 200 | 201, id: number, code?: never }
  | { line: number, status: number, id?: never, code: string, detail: string, errors?: readonly Fault[] }

export interface InsightsClientOptions {
  /** Where the service is, such as `http://127.0.0.1:3000`. */
  baseUrl: string
  /** An access token with the scopes that the calls need. */
  token: string
  /** The most time for a call with all its repeats, in milliseconds; 30,000 unless given. Lines are read without a limit. */
  deadlineMs?: number
  /** The most time for one try, in milliseconds; 10,000 unless given. */
  tryMs?: number
  /** The most tries of a call; 4 unless given, 1 for none but the first. */
  tries?: number
  /** Is told of each repeat before it waits, for a log. */
  onRetry?: (retry: Retry) => void
  /** Instead of the global one. */
  fetch?: typeof globalThis.fetch
}

export interface InsightsClient {
  GET: Calls<'get'>
  /** One that creates carries an `Idempotency-Key`: yours, if you give one in `params.header` or `headers`, or one made for the call. */
  POST: Calls<'post'>
  PUT: Calls<'put'>
  PATCH: Calls<'patch'>
  DELETE: Calls<'delete'>
  /** All insights that the filters select, in the order that is asked for; pages are read when they are needed. */
  listInsights: (query?: ListQuery) => AsyncGenerator<Insight, void>
  /** The same in one answer, by id; for many. Throws when the answer breaks off. */
  exportInsights: (filters?: ExportQuery) => AsyncGenerator<Insight, void>
  /**
   * Stores many, each read from `insights` when it can be sent. Read the results while it sends. It is not repeated: with
   * an `external_id` in each, it can be called again after a failure.
   */
  importInsights: (insights: Iterable<InsightInput> | AsyncIterable<InsightInput>) => AsyncGenerator<ImportResult, void>
}

export type ListQuery = Omit<NonNullable<operations['listInsights']['parameters']['query']>, 'cursor'>
export type ExportQuery = Omit<NonNullable<operations['exportInsights']['parameters']['query']>, 'format'>

const DEADLINE_MS = 30_000
const TRY_MS = 10_000
const TRIES = 4

const KEY_HEADER = 'idempotency-key'

/** POSTs that may be repeated without a key: one stores nothing, and of the other the service makes one refresh. */
const HARMLESS_POSTS: ReadonlyArray<keyof paths> = ['/api/score', '/api/user_insights/{id}/refresh']

/** The part of what a call is given that is looked at here. */
interface Init {
  params?: { header?: Record<string, unknown>, query?: object }
  headers?: Record<string, unknown>
  parseAs?: string
  [option: string]: unknown
}

type LooseRequest = (method: string, path: string, init: Init) => Promise<{ data?: unknown, error?: unknown, response: Response }>

/**
 * Makes a client of the service. It opens nothing and has nothing to close.
 *
 * Every call throws `InsightsError` unless it succeeded. What a repeat may mend (no connection, no answer in time, 408,
 * 429, 502, 503, 504) is sent again after a pause; where the service says how long in `Retry-After`, never sooner.
 */
export function createInsightsClient (options: InsightsClientOptions): InsightsClient {
  const { baseUrl, token, deadlineMs = DEADLINE_MS, tryMs = TRY_MS, tries = TRIES, onRetry = () => {}, fetch = globalThis.fetch } = options
  const policy: RetryPolicy = { deadlineMs, tryMs, tries, onRetry, fetch, now: Date.now, random: Math.random, wait }
  // What fits to which path is the business of `Calls`.
  const request = createClient({ baseUrl: new URL(baseUrl).href, headers: { authorization: `Token ${token}` } }).request as unknown as LooseRequest

  async function call (method: string, path: string, given: Init = {}): Promise<Answer<any>> {
    const isStream = given.parseAs === 'stream'
    const init = withKey(method, path, given)
    const options = { isStream, isRepeatable: isRepeatable(method, path, init) }
    let sent: Sent | undefined
    const fetch = async (request: Request): Promise<Response> => {
      sent = await send(request, options, policy)
      if (sent.response === null) throw noAnswer(`${method} ${path}`, sent)
      return sent.response
    }
    const { data, error, response } = await request(method, path, { parseAs: 'text', ...init, fetch })
    if (!response.ok && response.status !== 304) throw toInsightsError(`${method} ${path}`, response, error, sent?.tries ?? 1)
    const isJson = given.parseAs === undefined && /[/+]json\b/.test(response.headers.get('content-type') ?? '')
    return { data: isJson && data !== undefined ? JSON.parse(String(data)) : data, response }
  }

  async function * lines<T> (method: string, path: keyof paths, init: Init, signal?: AbortSignal): AsyncGenerator<T, void> {
    const { data } = await call(method, path, { ...init, parseAs: 'stream' })
    yield * readJsonLines<T>(data as ReadableStream<Uint8Array>, signal)
  }

  async function * importInsights (insights: Iterable<InsightInput> | AsyncIterable<InsightInput>): AsyncGenerator<ImportResult, void> {
    const { body, stop, failed } = toJsonLines(insights)
    try {
      yield * lines<ImportResult>('POST', '/api/user_insights/bulk', {
        headers: { 'content-type': 'application/x-ndjson' }, body, bodySerializer: (body: unknown) => body, duplex: 'half'
      }, failed)
    } catch (error) {
      // Where that failed, everything else follows from it.
      failed.throwIfAborted()
      throw error
    } finally {
      // Leaving an answer does not yet end what is sent.
      stop()
    }
  }

  async function * listInsights (query: ListQuery = {}): AsyncGenerator<Insight, void> {
    let cursor: string | null | undefined
    do {
      const { data } = await call('GET', '/api/user_insights', { params: { query: { ...query, cursor } } })
      yield * data.results as Insight[]
      cursor = data.next === null ? null : new URL(data.next, baseUrl).searchParams.get('cursor')
    } while (cursor !== null)
  }

  const calls = (method: string): any => async (path: string, init?: Init) => await call(method, path, init)
  return {
    GET: calls('GET'),
    POST: calls('POST'),
    PUT: calls('PUT'),
    PATCH: calls('PATCH'),
    DELETE: calls('DELETE'),
    listInsights,
    exportInsights: (filters = {}) => lines('GET', '/api/user_insights/export', { params: { query: { ...filters, format: 'ndjson' } } }),
    importInsights
  }
}

/** The key is the same for all repeats of the call. */
function withKey (method: string, path: string, init: Init): Init {
  const { params = {} } = init
  if (method !== 'POST' || !KEYED_POSTS.includes(path as keyof paths) || hasKey(init)) return init
  return { ...init, params: { ...params, header: { ...params.header, [KEY_HEADER]: crypto.randomUUID() } } }
}

/** Whether a key is sent, wherever it was given and however its name is written. */
function hasKey ({ headers, params = {} }: Init): boolean {
  return mergeHeaders(headers as HeadersOptions | undefined, params.header as HeadersOptions | undefined).has(KEY_HEADER)
}

/** A PATCH here is one: it sets fields to values. */
function isRepeatable (method: string, path: string, init: Init): boolean {
  return method !== 'POST' || hasKey(init) || HARMLESS_POSTS.includes(path as keyof paths)
}

function noAnswer (call: string, { error, tries }: Sent): InsightsError {
  const reasons = [error, Object(error).cause].map(reason => reason instanceof Error ? reason.message : '').filter(reason => reason !== '')
  return new InsightsError(`${call}: no answer${tries > 1 ? ` in ${tries} tries` : ''}: ${reasons.join(': ')}`, { status: null, tries, cause: error })
}

async function wait (ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>(resolve => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
  signal.throwIfAborted()
}
