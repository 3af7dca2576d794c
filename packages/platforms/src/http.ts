/**
 * HTTP to one platform, on undici (imported in this file only): one pool per origin, no redirects, no compression,
 * a limit on the bytes and the time of every reply, and repeats of what a repeat can mend.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Pool, errors, type Dispatcher } from 'undici'
import type { Clock, Milliseconds } from '@insights/shared'
import type { Deadline } from './deadline.js'
import { CallError, badReply, timedOut, transient } from './failure.js'
import type { Pass } from './gate.js'
import { fromRetryAfter } from './instants.js'
import { headerOf, receiveReply, type Reply } from './receive.js'

export interface HttpSettings {
  /** The longest that one try may take. */
  timeoutMs: Milliseconds
  /** The most bytes of a body that are read. */
  maxReplyBytes: number
  userAgent: string
  clock: Clock
  /** From 0 to just below 1; spreads the pauses between tries. */
  random: () => number
}

export interface HttpRequest {
  method: 'GET' | 'POST'
  url: URL
  headers: Readonly<Record<string, string>>
  /** Sent as `application/x-www-form-urlencoded`. */
  form?: Readonly<Record<string, string>>
}

export interface SendOptions {
  deadline: Deadline
  /** Leave to send: asked before each try and told of each end. */
  pass: Pass
  /** The most tries in all; 3 unless given. */
  tries?: number
  /** The longest that one try may take, instead of the setting. */
  timeoutMs?: Milliseconds
  /** Whether a repeat can not mend this reply although its status says so. */
  isFinal?: (reply: Reply) => boolean
}

export interface Http {
  /** Resolves to whatever was answered. Throws `CallError` when nothing was, or when nothing may be sent. */
  send: (request: HttpRequest, options: SendOptions) => Promise<Reply>
  /** Cuts every connection; calls under way and later ones throw `CallError`. */
  close: () => Promise<void>
}

const CONNECT_TIMEOUT_MS = 3000

/**
 * The most requests under way, so that none waits for a connection while its time runs: a loader makes five calls at a
 * time, and one of SoundCloud asks for four tracks at a time.
 */
const MAX_CONNECTIONS = 20

const MAX_TRIES = 3

/** Pauses grow from 200 ms to 2 s, each drawn between 0 and that ("full jitter"), so that clients do not repeat in step. */
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 2000

/** `name` is the platform as people call it. */
export function openHttp (name: string, settings: HttpSettings): Http {
  const pools = new Map<string, Pool>()
  const underWay = new Set<AbortController>()
  const isClosed = transient('INS_PLATFORM_UNREACHABLE', `The client of ${name} is closed.`)
  /** Ends of tries that the deadline of their call left less than half of the usual time. */
  const ownCuts = new WeakSet<CallError>()
  let closed = false

  return { send, close }

  async function send (request: HttpRequest, options: SendOptions): Promise<Reply> {
    await options.pass.beforeTry(1)
    for (let tried = 1; ; tried++) {
      const result = await attempt(request, options)
      const isAlive = verdictOn(result, options)
      if (isAlive !== null) await options.pass.afterTry(isAlive)
      const pauseMs = tried < (options.tries ?? MAX_TRIES) ? pauseBefore(tried, result, options) : null
      if (pauseMs === null || pauseMs >= options.deadline.remainingMs()) return settle(result)
      await cancellable(options.deadline.remainingMs(), signal => delay(pauseMs, undefined, { signal }))
      if (!await mayRepeat(options.pass, tried + 1)) return settle(result)
    }
  }

  /** Whether the platform works, be it that it refuses. `null`: what this process has cut off itself says nothing of it. */
  function verdictOn (result: Reply | CallError, options: SendOptions): boolean | null {
    if (result instanceof CallError) return result === isClosed || ownCuts.has(result) ? null : false
    return result.status < 500 || result.status === 501 || options.isFinal?.(result) === true
  }

  async function attempt (request: HttpRequest, options: SendOptions): Promise<Reply | CallError> {
    const usualMs = options.timeoutMs ?? settings.timeoutMs
    const limitMs = Math.min(usualMs, options.deadline.remainingMs())
    const cut = timedOut(name)
    if (limitMs < usualMs / 2) ownCuts.add(cut)
    if (limitMs <= 0) return cut
    try {
      return await cancellable(limitMs, signal => exchange(request, signal), cut)
    } catch (error) {
      return toCallError(name, error)
    }
  }

  async function exchange (request: HttpRequest, signal: AbortSignal): Promise<Reply> {
    const response = await poolOf(request.url).request(toUndici(request, settings.userAgent, signal))
    return receiveReply(response, settings.maxReplyBytes)
  }

  /** Ends at the limit or at `close`, also where undici does not: it lets a request wait for a connection to open. */
  async function cancellable<T> (
    limitMs: Milliseconds, work: (signal: AbortSignal) => Promise<T>, cut = timedOut(name)
  ): Promise<T> {
    if (closed) throw isClosed
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(cut), limitMs)
    underWay.add(controller)
    try {
      return await unlessAborted(work(controller.signal), controller.signal)
    } finally {
      clearTimeout(timer)
      underWay.delete(controller)
    }
  }

  function poolOf (url: URL): Pool {
    const known = pools.get(url.origin)
    if (known !== undefined) return known
    // The timeouts of undici are off: a try has one limit, from the connection to the last byte.
    const pool = new Pool(url.origin, {
      connections: MAX_CONNECTIONS,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: 0,
      bodyTimeout: 0
    })
    pools.set(url.origin, pool)
    return pool
  }

  /** `null` when a repeat makes no sense. A `Retry-After` that is longer than the pause is kept. */
  function pauseBefore (tried: number, result: Reply | CallError, options: SendOptions): Milliseconds | null {
    if (closed) return null
    const pauseMs = settings.random() * Math.min(FIRST_PAUSE_MS * 2 ** (tried - 1), LONGEST_PAUSE_MS)
    if (result instanceof CallError) return result.failure.code === 'INS_PLATFORM_REPLY' ? null : pauseMs
    if (result.status < 500 || result.status === 501 || options.isFinal?.(result) === true) return null
    const now = settings.clock.now()
    return Math.max(pauseMs, (fromRetryAfter(headerOf(result, 'retry-after'), now) ?? now) - now)
  }

  async function close (): Promise<void> {
    closed = true
    for (const controller of underWay) controller.abort(isClosed)
    await Promise.all([...pools.values()].map(pool => pool.destroy()))
  }
}

/** A repeat that must not be made leaves the result of the try before it. */
async function mayRepeat (pass: Pass, tried: number): Promise<boolean> {
  try {
    await pass.beforeTry(tried)
    return true
  } catch (error) {
    if (error instanceof CallError) return false
    throw error
  }
}

function settle (result: Reply | CallError): Reply {
  if (result instanceof CallError) throw result
  return result
}

function toUndici (request: HttpRequest, userAgent: string, signal: AbortSignal): Dispatcher.RequestOptions {
  const headers: Record<string, string> = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': userAgent,
    ...request.headers
  }
  if (request.form !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded'
  return {
    method: request.method,
    path: request.url.pathname + request.url.search,
    headers,
    body: request.form === undefined ? null : new URLSearchParams({ ...request.form }).toString(),
    signal
  }
}

function unlessAborted<T> (work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    work.then(resolve, reject)
  })
}

/** The one place where errors of undici, sockets and TLS become ours. An argument that undici refuses is a bug and passes. */
function toCallError (name: string, error: unknown): CallError {
  if (error instanceof CallError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (/^(UND_ERR|ERR)_INVALID_/.test(code)) throw error
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return timedOut(name)
  const isNoHttp = error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError
  if (isNoHttp) return badReply(name, 'is not proper HTTP')
  const tag = /^[A-Z0-9_]{2,50}$/.test(code) ? ` (${code})` : ''
  return transient('INS_PLATFORM_UNREACHABLE', `${name} can not be reached${tag}.`)
}
