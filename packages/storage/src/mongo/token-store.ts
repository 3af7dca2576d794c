import { isTokenId, type Log, type Milliseconds } from '@insights/shared'
import mongoose from 'mongoose'
import type { NewToken, TokenRecord, TokenStore } from '../token-port.js'
import { isDuplicate, translateErrors } from './errors.js'
import { toTokenRecord } from './mapping.js'
import type { Models } from './models.js'
import * as pipelines from './pipelines.js'
import { DamagedValue } from './stored-values.js'

/** `TokenStore` on MongoDB. It borrows the connection of its models. */
export function createMongoTokenStore (
  { models: { tokens }, log, callLimitMs }: { models: Models, log: Log, callLimitMs: Milliseconds }
): TokenStore {
  const call = async <T>(work: () => Promise<T>): Promise<T> => await translateErrors(work, callLimitMs)
  /** Of two that add the same token at the same moment, one may be told that it is there already, or given nothing. */
  const upsert = async (token: NewToken): Promise<unknown> => {
    try {
      return await tokens.findOneAndUpdate(
        { _id: token.hash }, pipelines.addToken(token),
        { upsert: true, returnDocument: 'after', lean: true, updatePipeline: true, setDefaultsOnInsert: false })
    } catch (error) {
      if (!isDuplicate(error)) throw error
      return null
    }
  }
  /** One damaged record must not hide the others, nor let anybody in. */
  const read = (raw: unknown): TokenRecord | null => {
    try {
      return toTokenRecord(raw)
    } catch (error) {
      if (!(error instanceof DamagedValue)) throw error
      log.error({ reason: error.message }, 'a token is stored in a form that can not be read and counts as none')
      return null
    }
  }
  /** Changes the token of that id; `null` when there is none. */
  const change = async (id: string, pipeline: pipelines.Pipeline): Promise<TokenRecord | null> => {
    if (!isTokenId(id)) return null
    // Every hash that begins with the id, and none else: no hexadecimal digit comes after "f".
    const _id = mongoose.trusted({ $gte: id, $lt: `${id}g` })
    const raw = await tokens.findOneAndUpdate({ _id }, pipeline, { returnDocument: 'after', lean: true, updatePipeline: true })
    return raw === null ? null : read(raw)
  }
  return {
    add: async token => await call(async () => toTokenRecord(await upsert(token) ?? await upsert(token))),
    findByHash: async hash => await call(async () => {
      const raw = await tokens.findOne({ _id: hash }).lean()
      return raw === null ? null : read(raw)
    }),
    list: async () => await call(async () => {
      const raws = await tokens.find({}, null, { sort: { created_at: 1, _id: 1 }, lean: true })
      return raws.flatMap(raw => read(raw) ?? [])
    }),
    revoke: async id => await call(async () => await change(id, pipelines.revokeToken())),
    expire: async (id, at) => await call(async () => await change(id, pipelines.expireToken(at))),
    markUsed: async hash => await call(async () => {
      await tokens.updateOne({ _id: hash }, pipelines.markTokenUsed(), { updatePipeline: true })
    })
  }
}
