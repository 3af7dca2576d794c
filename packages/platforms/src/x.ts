/**
 * X: follower counts of accounts, by handle.
 *
 * Endpoint   GET /2/users/by?usernames=...&user.fields=public_metrics
 * Version    X API v2 (OpenAPI 2.167, August 2026)
 * Batch      100 handles per call; one malformed handle makes the whole call fail, so each is checked before
 * Quota      300 calls per 15 minutes per app, and $0.010 per user returned, charged once per user and UTC day:
 *            a batch saves calls, not money. An empty account answers 402, a reached spend cap 403
 * Sources    docs.x.com: "Get Users by Usernames", "Rate limits", "Pricing", "Usage and billing", read November 2026;
 *            error bodies as reported by developers
 */
import { Type } from '@sinclair/typebox'
import type { Milliseconds } from '@insights/shared'
import { checkCredential, joinUrl, parseBaseUrl } from './base-url.js'
import { createClient, gateOf, type ClientSettings } from './client.js'
import type { Call } from './deadline.js'
import { type CallError, badReply, failed, outcomeOf, quotaUsedUp, throttled, transient, unlessRefused } from './failure.js'
import type { Pass } from './gate.js'
import { openHttp } from './http.js'
import { normaliseXHandle } from './ids.js'
import { fromRetryAfter, instantAhead } from './instants.js'
import { matchItems, missing, type Item } from './match.js'
import type { CountOutcome, PlatformClient } from './port.js'
import { headerOf, type Reply } from './receive.js'
import { createShape, peekJson, readCount, readJson, statusError } from './reply.js'

export interface XOptions {
  /** Without the version, e.g. `https://api.x.com`. */
  baseUrl: string
  /** App-only; it does not expire. */
  bearerToken: string
}

const NAME = 'X'

const MAX_BATCH_SIZE = 100

/**
 * What an account costs on a day that it is asked for. It is taken for each try: that the same account is free for the
 * rest of the day is no promise of X.
 */
const CENTS_PER_ACCOUNT = 1

/** Waited beyond the reset that X names, whose clock need not agree with ours. */
const RESET_MARGIN_MS: Milliseconds = 2000

/** With no account found there is no `data`, with all found no `errors`. */
const List = Type.Optional(Type.Array(Type.Unknown()))
const usersShape = createShape(Type.Object({ data: List, errors: List }))

const userIdShape = createShape(Type.Object({ username: Type.String() }))
const userShape = createShape(Type.Object({ public_metrics: Type.Object({ followers_count: Type.Unknown() }) }))

const problemIdShape = createShape(Type.Object({
  resource_id: Type.Optional(Type.String()),
  value: Type.Optional(Type.String())
}))
const problemShape = createShape(Type.Object({
  type: Type.Optional(Type.String()),
  title: Type.Optional(Type.String()),
  reset_date: Type.Optional(Type.String())
}))

/** @throws AppError `INS_CONFIG_INVALID` for an address or token that can not be used. */
export function openXClient (options: XOptions, settings: ClientSettings): PlatformClient {
  const baseUrl = parseBaseUrl(NAME, options.baseUrl)
  checkCredential(NAME, options.bearerToken)
  const http = openHttp(NAME, settings)
  const gate = gateOf('x', settings)

  return createClient({
    platform: 'x',
    maxBatchSize: MAX_BATCH_SIZE,
    normaliseId: normaliseXHandle,
    ask,
    gate,
    close: http.close
  }, settings.deadlineMs)

  /** When there is not money enough left for all accounts, the others get the reason why not. */
  async function ask (handles: readonly string[], call: Call): Promise<CountOutcome[]> {
    const pass = await gate.reserve({ charge: { calls: 1, spend: handles.length * CENTS_PER_ACCOUNT }, divisible: 'spend' }, call)
    const granted = handles.slice(0, Math.max(1, Math.floor(pass.granted / CENTS_PER_ACCOUNT)))
    const outcomes = await askGranted(granted, call, pass)
    const others = handles.slice(granted.length)
    if (others.length === 0) return outcomes
    return outcomes.concat(await unlessRefused(others, async () => await ask(others, call)))
  }

  async function askGranted (handles: readonly string[], call: Call, pass: Pass): Promise<CountOutcome[]> {
    const url = joinUrl(baseUrl, '/2/users/by', { usernames: handles.join(','), 'user.fields': 'public_metrics' })
    const headers = { authorization: `Bearer ${options.bearerToken}` }
    const reply = await http.send({ method: 'GET', url, headers }, { deadline: call, pass })
    if (reply.status !== 200) throw xError(reply, settings.clock.now())
    return readUsers(handles, reply)
  }
}

/** The reply writes handles with their own capitals, ours are in lower case. */
function readUsers (handles: readonly string[], reply: Reply): CountOutcome[] {
  const { data, errors } = usersShape.read(NAME, readJson(NAME, reply))
  if (data === undefined && errors === undefined) throw badReply(NAME, 'lacks a usable /data')
  const users = matchItems(handles, data ?? [], '/data', user => userIdShape.peek(user)?.username.toLowerCase() ?? null)
  const problems = matchItems(handles, errors ?? [], '/errors', problem => {
    const { resource_id: id, value } = problemIdShape.peek(problem) ?? {}
    return (id ?? value)?.toLowerCase() ?? null
  })
  return handles.map(handle => {
    const user = users.get(handle)
    if (user !== undefined) return outcomeOf(() => readUser(user))
    const problem = problems.get(handle)
    return problem === undefined ? missing(NAME, users.isSound && problems.isSound) : readProblem(problem)
  })
}

function readUser ({ value, where }: Item): CountOutcome {
  const user = userShape.read(NAME, value, where)
  return readCount(NAME, user.public_metrics.followers_count, `${where}/public_metrics/followers_count`)
}

/** A suspended account is "not found" too, with another title. */
function readProblem ({ value }: Item): CountOutcome {
  if (problemType(value) === 'resource-not-found') return { kind: 'not_found' }
  return failed(transient('INS_PLATFORM_STATUS', `${NAME} could not read the account.`))
}

/** Problem types are addresses on one of two hosts; what they mean is in the last part. */
function problemType (problem: unknown): string {
  return problemShape.peek(problem)?.type?.split('/').at(-1) ?? ''
}

/** A 403 is either about the credentials or about money, and only the body tells which. */
function xError (reply: Reply, now: Milliseconds): CallError {
  const problem = peekJson(reply)
  const { title, reset_date: resetDate } = problemShape.peek(problem) ?? {}
  const isMoney = problemType(problem) === 'credits' || title === 'SpendCapReached' || title === 'CreditsDepleted'
  if (reply.status === 402) return quotaUsedUp(`The account at ${NAME} has no credits left.`, fromDate(resetDate, now))
  if (reply.status === 403 && isMoney) {
    return quotaUsedUp(`The account at ${NAME} has reached its spend cap.`, fromDate(resetDate, now))
  }
  if (reply.status === 429) return throttled(`${NAME} asks for a slower pace.`, resetOf(reply, now))
  return statusError(NAME, reply, now)
}

function fromDate (date: string | undefined, now: Milliseconds): Milliseconds | null {
  return date !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(date) ? instantAhead(Date.parse(date), now) : null
}

/** Some 429s carry a reset that has passed, or none. */
function resetOf (reply: Reply, now: Milliseconds): Milliseconds | null {
  const seconds = headerOf(reply, 'x-rate-limit-reset') ?? ''
  const reset = /^\d{1,11}$/.test(seconds) ? instantAhead(Number(seconds) * 1000, now) : null
  return reset === null ? fromRetryAfter(headerOf(reply, 'retry-after'), now) : reset + RESET_MARGIN_MS
}
