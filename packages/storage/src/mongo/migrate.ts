import type { Log } from '@insights/shared'
import type { Model } from 'mongoose'
import { linkForMigration, warnIfStandalone } from './connection.js'
import { translateErrors } from './errors.js'
import { repairExternalIds } from './external-id-repair.js'
import { liftIdCounter } from './id-blocks.js'
import { createModels, type Models } from './models.js'
import { serverNow } from './server-clock.js'

const SERVER_SELECTION_MS = 1_500

/** Building an index over some million documents takes minutes; nothing is served by cutting it short. */
const LIMIT_MS = 24 * 3_600_000

/** Of the server: NamespaceExists. */
const EXISTS = 48

/**
 * Makes the collections, the indexes and the counter of ids where they are missing, lifts the counter above the highest
 * id that is stored, and makes external ids and insights agree, as a database restored from a backup may need. Safe to run twice, from several processes,
 * and while the service runs. Warns when the server is a standalone one.
 *
 * @returns what it made or changed, in words; empty when everything was there.
 * @throws AppError `INS_STORE_UNAVAILABLE`, `INS_STORE_FULL`, `INS_CONFIG_INVALID`; `INS_INTERNAL` when an index of the
 *   same name has other keys.
 */
export async function migrateMongo ({ url, log }: { url: string, log: Log }): Promise<{ created: string[] }> {
  return await translateErrors(async () => {
    const { connection, close } = await linkForMigration({ url, log, serverSelectionTimeoutMs: SERVER_SELECTION_MS })
    try {
      await warnIfStandalone(connection, log)
      const models = createModels(connection)
      return { created: [...await repairExternalIds(models, await serverNow(connection), log), ...await createCollections(models), ...await liftCounter(models)] }
    } finally {
      await close()
    }
  }, LIMIT_MS)
}

async function createCollections (models: Models): Promise<string[]> {
  const created: string[] = []
  const existing = new Set((await models.insights.db.listCollections()).map(({ name }) => name))
  for (const model of Object.values(models) as Array<Model<unknown>>) {
    if (!existing.has(model.collection.name) && await createCollection(model)) created.push(`collection ${model.collection.name}`)
    const before = new Set((await model.listIndexes()).map(({ name }) => name as string))
    await model.createIndexes()
    const after = (await model.listIndexes()).map(({ name }) => name as string)
    created.push(...after.filter(name => !before.has(name)).map(name => `index ${name}`))
  }
  return created
}

/** @returns whether it was this process that made it. */
async function createCollection (model: Model<unknown>): Promise<boolean> {
  try {
    await model.db.createCollection(model.collection.name)
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code !== EXISTS) throw error
    return false
  }
}

async function liftCounter (models: Models): Promise<string[]> {
  const { from, to } = await liftIdCounter(models)
  if (from === null) return [`counter of insight ids, at ${to}`]
  return to > from ? [`counter of insight ids, from ${from} to ${to}`] : []
}
