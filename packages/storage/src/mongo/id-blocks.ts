import { AppError } from '@insights/shared'
import mongoose from 'mongoose'
import { isDuplicate } from './errors.js'
import { INSIGHT_COUNTER, type Models } from './models.js'
import * as pipelines from './pipelines.js'

/** Hands out ids, each once in all processes. */
export interface IdBlocks {
  next: () => Promise<number>
  /** For an id that turned out to be taken: sets the counter right and forgets the rest of the block it came from. */
  skipTaken: (id: number) => Promise<void>
}

/**
 * Takes ids from the one counter document in blocks of `size` and hands them out from memory: that document would
 * otherwise hold back every create behind the one before it. All who wait share one fetch. A process that ends leaves
 * a gap of less than `size`; ids that were handed out are never given back.
 */
export function createIdBlocks (models: Models, size: number): IdBlocks {
  const block = { next: 1, last: 0 }
  let fetching: Promise<void> | null = null
  let lifting: Promise<unknown> | null = null

  const fetch = async (): Promise<void> => {
    block.last = await takeBlock(models, size)
    block.next = block.last - size + 1
  }
  return {
    next: async () => {
      while (block.next > block.last) {
        fetching ??= fetch().finally(() => { fetching = null })
        await fetching
      }
      return block.next++
    },
    skipTaken: async id => {
      lifting ??= liftIdCounter(models).finally(() => { lifting = null })
      await lifting
      const isOfThisBlock = id > block.last - size && id <= block.last
      if (isOfThisBlock) block.next = block.last + 1
    }
  }
}

/**
 * Sets the counter to the highest id that is stored, if it is behind: so it is on a database restored from a backup.
 * `from` is `null` where there was no counter.
 */
export async function liftIdCounter (models: Models): Promise<{ from: number | null, to: number }> {
  const ids = mongoose.trusted({ $gte: 0, $lte: Number.MAX_SAFE_INTEGER })
  const highest = await models.insights.findOne({ _id: ids }, { _id: 1 }, { sort: { _id: -1 }, lean: true })
  const floor = Math.ceil(highest?._id ?? 0)
  const before = await onceMore(async () => await models.counters.findOneAndUpdate(
    { _id: INSIGHT_COUNTER }, pipelines.liftCounter(floor),
    { upsert: true, returnDocument: 'before', lean: true, updatePipeline: true, setDefaultsOnInsert: false }))
  const from = before?.seq ?? null
  return { from, to: Math.max(from ?? 0, floor) }
}

/** @returns the last id of the block. */
async function takeBlock (models: Models, size: number): Promise<number> {
  const counter = await onceMore(async () => await models.counters.findOneAndUpdate(
    { _id: INSIGHT_COUNTER }, { $inc: { seq: size } }, { upsert: true, returnDocument: 'after', lean: true }))
  if (counter === null || !Number.isSafeInteger(counter.seq)) {
    throw new AppError('INS_INTERNAL', 'The counter of insight ids holds no whole number below 2^53: run the migration, which sets it.')
  }
  return counter.seq
}

/** Two processes that make the counter at the same moment: one of them finds it made. */
async function onceMore<T> (upsert: () => Promise<T>): Promise<T> {
  try {
    return await upsert()
  } catch (error) {
    if (!isDuplicate(error)) throw error
    return await upsert()
  }
}
