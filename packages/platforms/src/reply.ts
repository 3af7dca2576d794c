/** Turns replies into checked values, and statuses into failures. */
import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { Static, TSchema } from '@sinclair/typebox'
import { CountSchema, type Milliseconds } from '@insights/shared'
import { parse } from 'secure-json-parse'
import { type CallError, authRefused, badReply, requestRefused, throttled, transient } from './failure.js'
import { fromRetryAfter } from './instants.js'
import type { CountOutcome } from './port.js'
import { headerOf, type Reply } from './receive.js'

export interface Shape<T> {
  /** The value when it has this shape. Throws `CallError` naming the first field that is missing or wrong. */
  read: (name: string, value: unknown, where?: string) => T
  /** The value when it has this shape, otherwise `null`. For errors, where nothing may be relied on. */
  peek: (value: unknown) => T | null
}

/** Fields beyond the schema are fine. */
export function createShape<S extends TSchema> (schema: S): Shape<Static<S>> {
  const checker = TypeCompiler.Compile(schema)
  return {
    read (name, value, where = '') {
      if (checker.Check(value)) return value
      const path = where + (checker.Errors(value).First()?.path ?? '')
      throw badReply(name, path === '' ? 'is not of the expected type' : `lacks a usable ${path}`)
    },
    peek: value => checker.Check(value) ? value : null
  }
}

const countShape = createShape(CountSchema)

/** `where` is the path of the count in the reply. Throws `CallError` for what is no count. */
export function readCount (name: string, value: unknown, where: string): CountOutcome {
  // Adding 0 makes a plain 0 of -0, which JSON has too.
  return { kind: 'ok', count: countShape.read(name, value, where) + 0 }
}

/** The JSON of a reply that should be a good one. Throws `CallError` when there is none. */
export function readJson (name: string, reply: Reply): unknown {
  if (reply.text === null) throw badReply(name, reply.fault)
  if (!isJson(headerOf(reply, 'content-type'))) throw badReply(name, 'is not JSON by its content type')
  return parseJson(name, reply.text)
}

/** Refuses keys such as `__proto__`. Throws `CallError`. */
export function parseJson (name: string, text: string): unknown {
  try {
    return parse(text) as unknown
  } catch {
    // The parser's message repeats a piece of the reply.
    throw badReply(name, 'is not usable JSON')
  }
}

/** The JSON of an error reply, or `undefined` when it has none, e.g. a gateway's HTML. */
export function peekJson (reply: Reply): unknown {
  return reply.text === null || !isJson(headerOf(reply, 'content-type')) ? undefined : peekJsonText(reply.text)
}

/** The value of a JSON text that only adds detail, or `undefined` when it is none. */
export function peekJsonText (text: string): unknown {
  try {
    return parse(text) as unknown
  } catch {
    // Without the detail there is still the status.
    return undefined
  }
}

/** Graph API answers have also come as JavaScript. */
function isJson (contentType: string | undefined): boolean {
  return /^(?:application\/(?:[\w.-]{1,60}\+)?json|(?:text|application)\/javascript)\s*(?:;|$)/i.test(contentType ?? '')
}

/** What a status means when the platform's own rules say nothing better. `now`: the time of day. */
export function statusError (name: string, reply: Reply, now: Milliseconds): CallError {
  const { status } = reply
  const answered = `${name} answered with status ${status}`
  const retryAt = fromRetryAfter(headerOf(reply, 'retry-after'), now)
  if (status >= 500) return transient('INS_PLATFORM_STATUS', `${answered}.`, retryAt)
  if (status === 429) return throttled(`${name} asks for a slower pace.`, retryAt)
  if (status < 300) return badReply(name, `has the unexpected status ${status}`)
  if (status < 400) return badReply(name, 'is a redirect, which is not followed')
  // Platforms say in JSON what they refuse, so this page comes from something in between.
  const hasNoReason = status === 403 && peekJson(reply) === undefined
  if (hasNoReason || status === 408) return transient('INS_PLATFORM_STATUS', `${answered}.`, retryAt)
  return status === 401 || status === 403
    ? authRefused(`${name} refuses the credentials (status ${status}).`)
    : requestRefused(`${name} refuses the request (status ${status}).`)
}
