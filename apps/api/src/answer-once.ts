import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, isAppError } from '@insights/shared'
import { insightErased, type InsightStore, type KeptAnswer, type KeyHold, type KeyState, type KeyStore } from '@insights/storage'
import { hashPayload, nameKey, readKey } from './idempotency-key.js'

/** A repeat is answered as soon as the first request is, which takes some milliseconds. */
const RETRY_AFTER_SECONDS = 1

/** What was made, as it is to be answered. */
export interface Made {
  status: number
  headers: Record<string, string>
  body: object
}

export interface Once {
  store: Pick<InsightStore, 'keys'>
  request: FastifyRequest
  reply: FastifyReply
  /** Names the call, and what of its path belongs to it. */
  call: string
  /** All that decides what is made. */
  payload: unknown
}

/**
 * Answers a call that makes an insight. Under an `Idempotency-Key` it makes one, however often it is sent, and every
 * repeat gets the first answer. `make` gets the hold under which the store creates it.
 *
 * @throws `INS_IDEMPOTENCY_RUNNING`, `INS_IDEMPOTENCY_MISMATCH`, `INS_IDEMPOTENCY_ERASED`, and what `make` throws.
 */
export async function answerOnce (once: Once, make: (hold?: KeyHold) => Promise<Made>): Promise<FastifyReply> {
  const { store, request, reply } = once
  const key = readKey(request)
  if (key === null) return await sendMade(reply, await make())
  const { keys } = store
  const state = await keys.begin({ ...toCall(once, key), makes: 'insight' })
  if (state.kind === 'answered') return await sendKept(reply.header('idempotency-replayed', 'true'), state.answer)
  const hold = held(state)
  return await letGoOnError(keys, hold, request.log, async () => {
    const { status, headers, body } = await make(hold)
    const answer = { status, headers, body: String(reply.code(status).serialize(body)) }
    // An answer that could not be kept is not given: the repeat that then comes finds the insight and keeps its own.
    await keys.complete(hold, answer)
    return await sendKept(reply, answer)
  })
}

/**
 * Answers a call that makes the token with this id, which is shown once: under an `Idempotency-Key` it is made at most
 * once, and a repeat is told which one that was.
 *
 * @throws `INS_IDEMPOTENCY_RUNNING`, `INS_IDEMPOTENCY_MISMATCH`, `INS_IDEMPOTENCY_TOKEN`, and what `make` throws.
 */
export async function answerTokenOnce (once: Once, tokenId: string, make: () => Promise<Made>): Promise<FastifyReply> {
  const { store, request, reply } = once
  const key = readKey(request)
  if (key === null) return await sendMade(reply, await make())
  const { keys } = store
  const hold = held(await keys.begin({ ...toCall(once, key), makes: { tokenId } }))
  const made = await letGoOnError(keys, hold, request.log, make)
  // From now on the key only names the token, also if this fails and the lease has to end first.
  await keys.release(hold).catch((err: unknown) => { request.log.warn({ err }, 'a key was not let go') })
  return await sendMade(reply, made)
}

function toCall ({ request, call, payload }: Once, key: string): { key: string, payload: string } {
  return { key: nameKey(key, call, request), payload: hashPayload(payload) }
}

function held (state: KeyState): KeyHold {
  if (state.kind === 'held') return state.hold
  throw refusalOf(state)
}

function refusalOf (state: Exclude<KeyState, { kind: 'held' }>): AppError {
  switch (state.kind) {
    case 'other_payload':
      return new AppError('INS_IDEMPOTENCY_MISMATCH', 'This Idempotency-Key was used with another request: send another key, or the request that it was used with.')
    case 'erased':
      return insightErased()
    case 'token':
      return new AppError('INS_IDEMPOTENCY_TOKEN',
        `The token ${state.tokenId} was made under this Idempotency-Key, if the list of tokens has it, and can not be shown again: revoke it, and make another one under another key.`)
    default:
      return new AppError('INS_IDEMPOTENCY_RUNNING', 'A request with this Idempotency-Key is under way: repeat it in a moment.', { retryAfterSeconds: RETRY_AFTER_SECONDS })
  }
}

/**
 * Lets go of the key when `work` fails. A refusal has made nothing and leaves the key as if it had not been used; after
 * any other error something may be there, which a repeat then finds.
 */
async function letGoOnError<T> (keys: KeyStore, hold: KeyHold, log: FastifyBaseLogger, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isRefusal = isAppError(error) && error.statusCode < 500
    const gone = (isRefusal ? keys.forget(hold) : keys.release(hold))
      .catch((err: unknown) => { log.warn({ err }, 'a key was not let go; it is free when its lease is over') })
    // A store that is away is not waited for a second time.
    if (isRefusal) await gone
    throw error
  }
}

async function sendMade (reply: FastifyReply, { status, headers, body }: Made): Promise<FastifyReply> {
  return await reply.code(status).headers(headers).send(body)
}

async function sendKept (reply: FastifyReply, { status, headers, body }: KeptAnswer): Promise<FastifyReply> {
  return await reply.code(status).headers(headers).type('application/json; charset=utf-8').send(body)
}
