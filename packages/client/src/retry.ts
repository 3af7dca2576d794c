import { readRetryAfter } from './retry-after.js'

/** Why a call is sent once more, and when. */
export interface Retry {
  method: string
  url: string
  /** How often it was sent so far. */
  tries: number
  /** How long it waits now, in milliseconds. */
  delayMs: number
  /** The answer that is not taken for the last word; `null`: there was none. */
  status: number | null
  /** What was in the way of an answer; `null`: there was one. */
  error: unknown
}

/** When to give up, and what the outside world is. */
export interface RetryPolicy {
  /** The most time for a call with all its repeats and pauses, in milliseconds. */
  deadlineMs: number
  /** The most time for one try, in milliseconds. */
  tryMs: number
  /** The most tries in all, 1 or more. */
  tries: number
  onRetry: (retry: Retry) => void
  fetch: (request: Request, init: { signal: AbortSignal }) => Promise<Response>
  now: () => number
  /** From 0 to just below 1; spreads the pauses, so that clients do not come back together. */
  random: () => number
  /** Resolves after that time; rejects when the signal is given. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>
}

export interface SendOptions {
  /** Whether it does no harm when the service gets it twice. */
  isRepeatable: boolean
  /**
   * Whether the answer is handed on while it still comes in: then the limits of time end with its headers. For what is
   * also sent as a stream, and so is not repeatable, there are none: the answer waits for what is sent.
   */
  isStream: boolean
}

/** What became of a request. */
export interface Sent {
  /** `null`: there was no answer, `error` says why. */
  response: Response | null
  error: unknown
  /** How often it was sent. */
  tries: number
}

/** Pauses grow from 200 ms to 5 s, each drawn between 0 and that ("full jitter"). */
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 5_000

/** What a repeat may mend: too slow, too often, a gateway or a store that is away. */
const TRANSIENT = new Set([408, 429, 502, 503, 504])

/** Answers without a body, for which no `Response` may be given one. */
const NO_BODY = new Set([204, 205, 304])

/**
 * Sends a request until there is an answer that a repeat would not mend, or no time for one more try: a pause that the
 * service asks for in `Retry-After` is never cut short. Of a try without an answer nobody knows what it has done, so
 * only what is repeatable is sent again.
 *
 * @throws what the signal of the request was aborted with.
 */
export async function send (request: Request, options: SendOptions, policy: RetryPolicy): Promise<Sent> {
  const endsAt = policy.now() + policy.deadlineMs
  for (let tries = 1; ; tries++) {
    const outcome = await tryOnce(request, options, Math.min(policy.tryMs, endsAt - policy.now()), policy)
    request.signal.throwIfAborted()
    const delayMs = pauseAfter(outcome, tries, policy)
    const isLast = !options.isRepeatable || tries >= policy.tries || delayMs === null || policy.now() + delayMs >= endsAt
    if (isLast) return { ...outcome, tries }
    await outcome.response?.body?.cancel()
    const { response, error } = outcome
    policy.onRetry({ method: request.method, url: request.url, tries, delayMs, status: response?.status ?? null, error })
    await policy.wait(delayMs, request.signal)
  }
}

async function tryOnce (
  request: Request, { isRepeatable, isStream }: SendOptions, limitMs: number, policy: RetryPolicy
): Promise<Pick<Sent, 'response' | 'error'>> {
  const limit = new AbortController()
  const giveUp = (): void => { limit.abort(new Error(`There was no answer within ${Math.round(limitMs)} ms`)) }
  const timer = isStream && !isRepeatable ? undefined : setTimeout(giveUp, limitMs)
  try {
    // A body can be read once only. One that is a stream is not copied: it is never sent again.
    const sent = isRepeatable ? request.clone() : request
    const response = await policy.fetch(sent, { signal: AbortSignal.any([request.signal, limit.signal]) })
    return { response: isStream && response.ok ? response : await receive(response), error: null }
  } catch (error) {
    return { response: null, error }
  } finally {
    clearTimeout(timer)
  }
}

/** The answer with all of its body, so that one which breaks off in the middle counts as none. */
async function receive (response: Response): Promise<Response> {
  const { status, statusText, headers } = response
  const body = await response.arrayBuffer()
  return new Response(NO_BODY.has(status) ? null : body, { status, statusText, headers })
}

/** `null`: a repeat makes no sense. */
function pauseAfter ({ response }: Pick<Sent, 'response'>, tries: number, { now, random }: RetryPolicy): number | null {
  const asked = readRetryAfter(response?.headers.get('retry-after') ?? null, now())
  // The first of two requests with one key is still under way, and the service says when to ask again.
  const isUnderWay = response?.status === 409 && asked !== null
  if (response !== null && !TRANSIENT.has(response.status) && !isUnderWay) return null
  const jitterMs = random() * Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS)
  return (asked ?? 0) + jitterMs
}
