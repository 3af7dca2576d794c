/**
 * Errors of the Graph API, which has one envelope for all. The code tells what happened; the HTTP status does not:
 * throttles come as 400 or 403, a refused token as 400.
 *
 * Sources: Meta for Developers, "Handle Errors", "Rate Limits", read November 2026; codes 80001, 80002, 110 and 803
 * and the texts below as seen in real answers.
 */
import { Type, type Static } from '@sinclair/typebox'
import type { Milliseconds } from '@insights/shared'
import { type CallError, authRefused, requestRefused, throttled, transient } from './failure.js'
import { fromRetryAfter, instantAhead } from './instants.js'
import { headerOf, type Reply } from './receive.js'
import { createShape, peekJsonText } from './reply.js'

const GraphErrorSchema = Type.Object({
  code: Type.Integer(),
  error_subcode: Type.Optional(Type.Integer()),
  is_transient: Type.Optional(Type.Boolean()),
  message: Type.Optional(Type.String())
})
export type GraphError = Static<typeof GraphErrorSchema>

const envelopeShape = createShape(Type.Object({ error: GraphErrorSchema }))

/** Application (4, 341), user (17), page (32), custom (613) and business-use-case limits (80001 Pages, 80002 Instagram). */
const THROTTLE_CODES = [4, 17, 32, 341, 613, 80001, 80002]

/** Token (190), session (102), capability (3), blocked for policy reasons (368); permissions are told by `isPermission`. */
const AUTH_CODES = [3, 102, 190, 368]

/** "Unknown" and "service unavailable". */
const TRANSIENT_CODES = [1, 2]

/** The two ways in which code 100, "bad parameter", is about the app's rights or secret after all. */
const AUTH_TEXT = /reviewable feature|appsecret_proof/i

/** The error in a body, or `null` when there is none. */
export function peekGraphError (body: unknown): GraphError | null {
  return envelopeShape.peek(body)?.error ?? null
}

/** "Object does not exist, or you lack permission": also what a lost feature of the app looks like. */
export function isUnknownObject (error: GraphError): boolean {
  return error.code === 100 && error.error_subcode === 33
}

/** A permission that is missing, be it the app's or only that of one page, which the code does not tell. */
export function isPermission ({ code }: GraphError): boolean {
  return code === 10 || (code >= 200 && code <= 299)
}

/** What an error means that is not about a missing account. `retryAt`: what the reply says of the time. */
export function toFailure (name: string, error: GraphError, status: number, retryAt: Milliseconds | null): CallError {
  const { code } = error
  const label = `code ${code}${error.error_subcode === undefined ? '' : `, subcode ${error.error_subcode}`}`
  if (THROTTLE_CODES.includes(code) || status === 429) return throttled(`${name} asks for a slower pace (${label}).`, retryAt)
  const isAuth = AUTH_CODES.includes(code) || isPermission(error) ||
    (code === 100 && AUTH_TEXT.test(error.message ?? ''))
  if (isAuth) return authRefused(`${name} refuses the credentials (${label}).`)
  if (error.is_transient === true || TRANSIENT_CODES.includes(code) || (status >= 500 && code !== 100)) {
    return transient('INS_PLATFORM_STATUS', `${name} answered with an error (${label}).`, retryAt)
  }
  return requestRefused(`${name} refuses the request (${label}).`)
}

/** Shares of the limit in per cent, the time in minutes. */
const BusinessUsageSchema = Type.Object({
  call_count: Type.Optional(Type.Number()),
  total_time: Type.Optional(Type.Number()),
  total_cputime: Type.Optional(Type.Number()),
  estimated_time_to_regain_access: Type.Optional(Type.Number())
})
type BusinessUsage = Static<typeof BusinessUsageSchema>

const businessUsageShape = createShape(Type.Record(Type.String(), Type.Array(BusinessUsageSchema)))

/** From when on calls count again: the longest of the times of the usage header, which are in minutes. */
export function graphRetryAt (reply: Reply, now: Milliseconds): Milliseconds | null {
  const minutes = businessUsagesOf(reply).reduce((most, usage) => Math.max(most, usage.estimated_time_to_regain_access ?? 0), 0)
  return instantAhead(now + minutes * 60_000, now) ?? fromRetryAfter(headerOf(reply, 'retry-after'), now)
}

function businessUsagesOf (reply: Reply): BusinessUsage[] {
  const header = headerOf(reply, 'x-business-use-case-usage')
  const usages = header === undefined ? null : businessUsageShape.peek(peekJsonText(header))
  return Object.values(usages ?? {}).flat()
}

const appUsageShape = createShape(Type.Record(Type.String(), Type.Number()))

/**
 * How much of its limit is used, in per cent: the largest figure that the reply names for the app and, with
 * `hasBusinessLimit`, for the business; `null` = it does not say.
 */
export function graphUsage (reply: Reply, hasBusinessLimit: boolean): number | null {
  const header = headerOf(reply, 'x-app-usage')
  const app = header === undefined ? null : appUsageShape.peek(peekJsonText(header))
  const business = hasBusinessLimit ? businessUsagesOf(reply).flatMap(percentagesOf) : []
  const percent = Math.max(...Object.values(app ?? {}), ...business)
  return percent >= 0 && Number.isFinite(percent) ? percent : null
}

function percentagesOf ({ call_count: calls = 0, total_time: time = 0, total_cputime: cpuTime = 0 }: BusinessUsage): number[] {
  return [calls, time, cpuTime]
}
