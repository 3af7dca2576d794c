import type { Log, Milliseconds } from '@insights/shared'
import type { HistoryStore } from '../history-port.js'
import { HISTORY_LIMITS, type HistoryLimits } from '../history-rules.js'
import type { InsightStore } from '../port.js'
import type { TokenStore } from '../token-port.js'
import { link } from './connection.js'
import { createMongoHistoryStore } from './history.js'
import { createMongoInsightStore } from './insight-store.js'
import { createModels } from './models.js'
import { serverNow } from './server-clock.js'
import { createMongoTokenStore } from './token-store.js'

/** A missing server is noticed within this; with what a call needs beside it stays below two seconds. */
const SERVER_SELECTION_MS = 1_500
const BESIDE_MS = 400

/** A batch of insights may be some megabytes: on a slow line or under load it takes its time. */
const BULK_LIMIT_MS = 10_000

const ID_BLOCK_SIZE = 20

export interface OpenMongoOptions {
  /** `mongodb://` or `mongodb+srv://`; without a database in it, `insights` is used. Secret. */
  url: string
  log: Log
  /** How long a call waits for a primary, in milliseconds; default 1,500. */
  serverSelectionTimeoutMs?: Milliseconds
  /** How many ids a process takes from the counter at a time: the most that a crash leaves unused; default 20. */
  idBlockSize?: number
  /** For how long observations are kept; default `HISTORY_LIMITS`. */
  historyLimits?: HistoryLimits
}

/**
 * Opens the stores on MongoDB; the collections and indexes are made by `migrateMongo`, before. A server that is away
 * neither fails nor holds it up for longer than `serverSelectionTimeoutMs`: it is looked for in the background, and
 * until it is there every call rejects with `INS_STORE_UNAVAILABLE` within two seconds. Where a server is there and
 * does not answer, so do the calls about one insight; those about many, of workers, lists and imports, within ten.
 *
 * Every write waits for a majority of the replica set. A write that is rejected may have happened all the same: no
 * reply, or no majority in time. An insight whose `create` was rejected is removed again as soon as the server can be
 * asked, so that a client's repeat does not make a second one; only when this process dies before may it stay. One
 * with an `external_id` stays: a repeat is `INS_EXTERNAL_ID_TAKEN`, or makes it where only the external id was taken.
 * Under a key the repeat gets it. A rejected `replaceFields` may be there: under `ifRev` a repeat then is
 * `INS_INSIGHT_CHANGED`.
 *
 * @throws AppError `INS_CONFIG_INVALID` when the connection string can not be used.
 */
export async function openMongo (
  options: OpenMongoOptions
): Promise<{ insights: InsightStore, history: HistoryStore, tokens: TokenStore, close: () => Promise<void> }> {
  const { url, log, serverSelectionTimeoutMs = SERVER_SELECTION_MS, idBlockSize = ID_BLOCK_SIZE, historyLimits = HISTORY_LIMITS } = options
  const { connection, close } = await link({ url, log, serverSelectionTimeoutMs })
  const models = createModels(connection)
  const callLimitMs = serverSelectionTimeoutMs + BESIDE_MS
  const bulkLimitMs = Math.max(BULK_LIMIT_MS, callLimitMs)
  const insights = createMongoInsightStore({ connection, models, log, idBlockSize, callLimitMs, bulkLimitMs })
  return {
    insights: insights.store,
    history: createMongoHistoryStore({
      models, log, limits: historyLimits, serverNow: async () => await serverNow(connection), callLimitMs, bulkLimitMs
    }),
    tokens: createMongoTokenStore({ models, log, callLimitMs }),
    close: async () => {
      insights.close()
      await close()
    }
  }
}
