/**
 * Errors of SoundCloud's API and token host.
 *
 * Sources: SoundCloud developers, "API Guide", "Rate limits", read November 2026; the shapes of 429 as seen in
 * soundcloud/api issues. Headers named x-ratelimit-* hold nonsense there and are not read.
 */
import { Type } from '@sinclair/typebox'
import type { Milliseconds } from '@insights/shared'
import { type CallError, throttled } from './failure.js'
import { fromRetryAfter, instantAhead } from './instants.js'
import { headerOf, type Reply } from './receive.js'
import { createShape, peekJson, statusError } from './reply.js'

/** A 429 comes in four shapes; only those with a limit in them say until when. */
const limitShape = createShape(Type.Object({
  errors: Type.Array(Type.Object({ meta: Type.Object({ reset_time: Type.String() }) }), { minItems: 1 })
}))

/** What a reply that is no answer means. `now`: the time of day. */
export function soundcloudError (name: string, reply: Reply, now: Milliseconds): CallError {
  const body = peekJson(reply)
  if (reply.status === 429) return throttled(`${name} asks for a slower pace.`, resetOf(reply, body, now))
  // Bursts meet the network in front of the API, which answers with a page. The credentials are fine.
  if (reply.status === 403 && body === undefined) return throttled(`${name} turns away a burst of calls.`, null)
  return statusError(name, reply, now)
}

function resetOf (reply: Reply, body: unknown, now: Milliseconds): Milliseconds | null {
  const limits = limitShape.peek(body)?.errors ?? []
  const latest = limits.reduce((time, error) => Math.max(time, fromResetTime(error.meta.reset_time) ?? 0), 0)
  return instantAhead(latest, now) ?? fromRetryAfter(headerOf(reply, 'retry-after'), now)
}

/** `YYYY/MM/DD HH:MM:SS +0000`, which is not ISO 8601; `null` for anything else. */
function fromResetTime (text: string): Milliseconds | null {
  const match = /^(\d{4})\/(\d{2})\/(\d{2}) (\d{2}:\d{2}:\d{2}) \+0000$/.exec(text)
  if (match === null) return null
  const instant = Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}Z`)
  return Number.isNaN(instant) ? null : instant
}
