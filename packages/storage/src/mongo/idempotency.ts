import { randomUUID } from 'node:crypto'
import type { Milliseconds } from '@insights/shared'
import type { KeptAnswer, KeyedCall, KeyHold, KeyState, KeyStore } from '../idempotency-port.js'
import { toHeldState, toSettledState, type KeyRecord } from '../key-states.js'
import { isDuplicate } from './errors.js'
import type { IdBlocks } from './id-blocks.js'
import type { Models, StoredKey } from './models.js'
import * as pipelines from './pipelines.js'
import { readCount, readFlag, readOptional, readRecord, readText, readTime } from './stored-values.js'

export interface KeyStoreOptions {
  models: Models
  ids: IdBlocks
  serverNow: () => Promise<Milliseconds>
  /** Runs a call within its limit of time, with the driver's errors translated. */
  call: <T>(work: () => Promise<T>) => Promise<T>
}

const ONE_NEW = { upsert: true, returnDocument: 'after', lean: true, updatePipeline: true, setDefaultsOnInsert: false } as const

/** `KeyStore` on MongoDB: one document for each key, changed by conditional updates. */
export function createMongoKeyStore ({ models, ids, serverNow, call }: KeyStoreOptions): KeyStore {
  const { keys } = models
  /** What is stored under the key afterwards. Of two that make it at once, one may be told that it is there, or given nothing. */
  const upsert = async (asked: KeyedCall, holder: string): Promise<StoredKey> => {
    const isOfInsight = asked.makes === 'insight'
    const pipeline = pipelines.beginKey({
      payload: asked.payload,
      insightId: isOfInsight ? await ids.next() : null,
      tokenId: asked.makes === 'insight' ? null : asked.makes.tokenId,
      holder
    })
    const write = async (): Promise<StoredKey | null> => await keys.findOneAndUpdate({ _id: asked.key }, pipeline, ONE_NEW)
    const stored = await write().catch((error: unknown) => {
      if (isDuplicate(error)) return null
      throw error
    })
    return stored ?? await write() as StoredKey
  }
  /** `null`: the key has become free since it was asked for. */
  const tryToBegin = async (asked: KeyedCall): Promise<KeyState | null> => {
    const holder = randomUUID()
    const stored = await upsert(asked, holder)
    const record = toKeyRecord(stored)
    if (stored.holder === holder) return toHeldState(record, asked, holder)
    const settled = toSettledState(record, asked)
    if (settled !== null) return settled
    if (Date.parse(readTime(stored.lease_until, 'lease_until')) > await serverNow()) return { kind: 'running' }
    return record.token_id === null ? null : { kind: 'token', tokenId: record.token_id }
  }
  const release = async ({ key, holder }: KeyHold): Promise<void> => {
    await keys.updateOne({ _id: key, holder }, pipelines.endLease(), { updatePipeline: true })
  }
  return {
    begin: async asked => await call(async () => await tryToBegin(asked) ?? await tryToBegin(asked) ?? { kind: 'running' }),
    complete: async ({ key }, answer) => await call(async () => {
      const { matchedCount } = await keys.updateOne({ _id: key, answer: null, is_erased: false }, pipelines.completeKey(answer), { updatePipeline: true })
      if (matchedCount === 0) await dropRaised(models, key)
    }),
    release: async hold => { await call(async () => { await release(hold) }) },
    forget: async hold => await call(async () => {
      const { deletedCount } = await keys.deleteOne({ _id: hold.key, holder: hold.holder, tries: 1, answer: null, is_erased: false })
      if (deletedCount === 0) await release(hold)
    })
  }
}

/** The stamp of an insight that is made under the key. */
export const stampOf = (key: string): string => `key ${key}`

/**
 * A try that stood still for longer than its lease may store its insight after a repeat has made it and it was removed.
 * Once that is noted under the key, an insight with its stamp can only be of this kind.
 */
async function dropRaised ({ keys, insights, externalIds }: Models, key: string): Promise<void> {
  const erased = await keys.findOne({ _id: key, is_erased: true }).lean()
  if (erased?.insight_id == null) return
  const { deletedCount } = await insights.deleteOne({ _id: erased.insight_id, 'stamps.created': stampOf(key) })
  if (deletedCount > 0) await externalIds.deleteMany({ insight_id: erased.insight_id })
}

/** Erases what is kept under the key of an insight that is gone. */
export async function eraseKeys ({ keys }: Models, insightId: number): Promise<void> {
  await keys.updateMany({ insight_id: insightId }, { payload: null, answer: null, is_erased: true })
}

/**
 * Reserves `next` in the place of `taken`, and gives the id that is reserved then: another try may have been faster.
 * `null`: the key has expired.
 */
export async function reserveOther ({ keys }: Models, key: string, taken: number, next: number): Promise<number | null> {
  const reserved = await keys.findOneAndUpdate(
    { _id: key, insight_id: taken }, { insight_id: next }, { returnDocument: 'after', lean: true }) ?? await keys.findOne({ _id: key }).lean()
  return reserved?.insight_id ?? null
}

function toKeyRecord (stored: StoredKey): KeyRecord {
  return {
    payload: readOptional(stored.payload, 'payload', readText),
    insight_id: readOptional(stored.insight_id, 'insight_id', readCount),
    token_id: readOptional(stored.token_id, 'token_id', readText),
    tries: readCount(stored.tries, 'tries'),
    answer: readOptional(stored.answer, 'answer', toAnswer),
    is_erased: readFlag(stored.is_erased, 'is_erased')
  }
}

function toAnswer (value: unknown, path: string): KeptAnswer {
  const { status, headers, body } = readRecord(value, path)
  const texts = Object.entries(readRecord(headers, `${path}.headers`)).map(([name, text]) => [name, readText(text, `${path}.headers`)])
  return { status: readCount(status, `${path}.status`), headers: Object.fromEntries(texts), body: readText(body, `${path}.body`) }
}
