/**
 * What Facebook and Instagram share: both are read through batch requests of the Graph API.
 *
 * Endpoint   POST /{version}/ with `batch`, a list of GETs; the answer is a list by position, 200 even if all fail
 * Version    Graph API v26.0 (July 2026). `GET /?ids=` is gone from every version and answers 500
 * Batch      50 parts; a part that timed out is `null` in the answer
 * Quota      each part counts as one call: a batch saves round trips, not quota. Calling on while throttled
 *            lengthens the throttle
 * Sources    Meta for Developers: "Batch Requests", "Rate Limits", "Access Tokens", "Versions", read November 2026
 */
import { createHmac } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import type { Platform } from '@insights/shared'
import { checkCredential, joinUrl, parseBaseUrl } from './base-url.js'
import { createClient, gateOf, type ClientSettings } from './client.js'
import type { Call } from './deadline.js'
import { badReply, failed, outcomeOf, timedOut, unlessRefused } from './failure.js'
import type { Pass } from './gate.js'
import { createAccessCheck } from './graph-access.js'
import { graphRetryAt, graphUsage, isPermission, peekGraphError, toFailure, type GraphError } from './graph-errors.js'
import { openHttp } from './http.js'
import type { CallFailure, CountOutcome, PlatformClient } from './port.js'
import type { Reply } from './receive.js'
import { createShape, parseJson, peekJson, readJson, statusError } from './reply.js'

export interface GraphOptions {
  /** With the version, e.g. `https://graph.facebook.com/v26.0`. */
  baseUrl: string
  accessToken: string
  /** Given, every call is signed with it (`appsecret_proof`), as an app may require. */
  appSecret?: string
}

/** What one platform says through the Graph API. */
export interface GraphDialect {
  platform: Platform
  name: string
  normaliseId: (id: string) => string | null
  /** The GET for one id, below the version, with its query encoded. */
  relativeUrl: (id: string) => string
  /** Reads the body of a good part. Throws `CallError` when it is not about this id. */
  readPart: (id: string, body: unknown) => CountOutcome
  /** What this error says about the id asked for, or `null` when it is about something else. */
  readError: (error: GraphError) => CountOutcome | null
  /** Whether the limit of a business use case, of page and system-user tokens, holds beside that of the app. */
  hasBusinessLimit: boolean
  /** An account that surely exists, in normal form; `null` = none is known. See graph-access.ts. */
  witness: string | null
}

const MAX_BATCH_SIZE = 50

const batchShape = createShape(Type.Array(Type.Unknown()))
const partShape = createShape(Type.Object({ code: Type.Integer(), body: Type.String() }))

/** @throws AppError `INS_CONFIG_INVALID` for an address or token that can not be used. */
export function openGraphClient (dialect: GraphDialect, options: GraphOptions, settings: ClientSettings): PlatformClient {
  const { name } = dialect
  const baseUrl = parseBaseUrl(name, options.baseUrl)
  checkCredential(name, options.accessToken)
  const http = openHttp(name, settings)
  const permissions = new WeakSet<CallFailure>()
  const access = createAccessCheck({
    name, witness: dialect.witness, isPermission: failure => permissions.has(failure), clock: settings.clock
  })
  const gate = gateOf(dialect.platform, settings)
  const fixedForm = { include_headers: 'false', ...proofOf(options) }

  return createClient({
    platform: dialect.platform,
    maxBatchSize: MAX_BATCH_SIZE,
    normaliseId: dialect.normaliseId,
    ask,
    gate,
    close: http.close
  }, settings.deadlineMs)

  /** When there are not calls enough left for all ids, the others get the reason why not. */
  async function ask (ids: readonly string[], call: Call): Promise<CountOutcome[]> {
    const pass = await reserve(ids, call)
    const granted = ids.slice(0, pass.granted)
    const outcomes = await access.review(
      granted, await askCompletely(granted, call, pass), async id => await askOne(id, call))
    const others = ids.slice(granted.length)
    if (others.length === 0) return outcomes
    return outcomes.concat(await unlessRefused(others, () => ask(others, call)))
  }

  /** One account besides, to judge those that have been asked for. */
  async function askOne (id: string, call: Call): Promise<CountOutcome> {
    const [outcome] = await unlessRefused([id], async () => await askGranted([id], call, await reserve([id], call, true)))
    return outcome ?? failed(timedOut(name))
  }

  /** Parts that the platform had no time for are asked for once more, unless another part tells that this is no use. */
  async function askCompletely (ids: readonly string[], call: Call, pass: Pass): Promise<CountOutcome[]> {
    const first = await askGranted(ids, call, pass)
    const silent = ids.filter((_, index) => first[index] === null)
    const second = silent.length === 0 || isRefusal(first.filter(outcome => outcome !== null))
      ? []
      : await unlessRefused(silent, async () => {
        const again = await reserve(silent, call, true)
        return await askGranted(silent.slice(0, again.granted), call, again)
      })
    return first.map(outcome => outcome ?? second.shift() ?? failed(timedOut(name)))
  }

  /** Each part costs one call of the account's hour. */
  function reserve (ids: readonly string[], call: Call, isFurther = false): Promise<Pass> {
    return gate.reserve({ charge: { calls: ids.length }, divisible: 'calls', isFurther }, call)
  }

  /** One outcome per id; `null` where the platform ran out of time. */
  async function askGranted (ids: readonly string[], call: Call, pass: Pass): Promise<Array<CountOutcome | null>> {
    const reply = await postBatch(ids, call, pass)
    const usage = graphUsage(reply, dialect.hasBusinessLimit)
    if (usage !== null) await gate.report(usage, call)
    const body = reply.status === 200 ? readJson(name, reply) : peekJson(reply)
    const error = peekGraphError(body)
    const retryAt = graphRetryAt(reply, settings.clock.now())
    if (error !== null) throw toFailure(name, error, reply.status, retryAt)
    if (reply.status !== 200) throw statusError(name, reply, settings.clock.now())
    const parts = batchShape.read(name, body)
    if (parts.length !== ids.length) throw badReply(name, 'has not one part per id')
    return ids.map((id, index) => readPart(id, parts[index], `/${index}`, retryAt))
  }

  /** A batch gets the whole deadline for one try: fifty parts take long, and repeating them costs fifty calls. */
  function postBatch (ids: readonly string[], call: Call, pass: Pass): Promise<Reply> {
    const batch = JSON.stringify(ids.map(id => ({ method: 'GET', relative_url: dialect.relativeUrl(id) })))
    return http.send({
      method: 'POST',
      url: joinUrl(baseUrl, '/'),
      headers: { authorization: `Bearer ${options.accessToken}` },
      form: { ...fixedForm, batch }
    }, { deadline: call, pass, timeoutMs: settings.deadlineMs, isFinal: reply => isFinal(name, reply) })
  }

  function readPart (id: string, part: unknown, where: string, retryAt: number | null): CountOutcome | null {
    if (part === null) return null
    return outcomeOf(() => {
      const { code, body: text } = partShape.read(name, part, where)
      const body = parseJson(name, text)
      if (code === 200) return dialect.readPart(id, body)
      const error = peekGraphError(body)
      if (error === null) throw badReply(name, `has a part with status ${code} and no error`)
      const known = dialect.readError(error)
      if (known !== null) return known
      const refused = toFailure(name, error, code, retryAt)
      if (isPermission(error)) permissions.add(refused.failure)
      return failed(refused)
    })
  }
}

/** Whether more calls would be refused as well, and make it worse. A part may be refused for its page's own sake. */
function isRefusal (answered: readonly CountOutcome[]): boolean {
  const reasons = answered.map(outcome => outcome.kind === 'failed' ? outcome.failure.reason : null)
  return reasons.some(reason => reason === 'throttled' || reason === 'quota') ||
    (reasons.length > 0 && reasons.every(reason => reason === 'auth'))
}

/** A status of 500 may carry an error that no repeat mends, e.g. "bad parameter" for a retired call. */
function isFinal (name: string, reply: Reply): boolean {
  const error = peekGraphError(peekJson(reply))
  return error !== null && toFailure(name, error, reply.status, null).failure.reason !== 'transient'
}

function proofOf ({ accessToken, appSecret }: GraphOptions): Record<string, string> {
  if (appSecret === undefined) return {}
  return { appsecret_proof: createHmac('sha256', appSecret).update(accessToken).digest('hex') }
}
