import { openPlatforms } from '@insights/platforms'
import { openQueues } from '@insights/queue'
import { openLimitStore } from '@insights/queue/limit-store'
import { openRedisState } from '@insights/queue/redis-state'
import { openMongo } from '@insights/storage/mongo'
import { isGraphOneApp, limitsOf, liveOptions, retentionsOf, toPlatformModes } from './platform-options.js'
import type { OpenMode } from './runtime.js'

/** MongoDB and Redis; a platform without credentials is not asked. */
export const openServices: OpenMode = async (config, { log, metrics }, closers) => {
  if (config.storage.kind !== 'mongo' || config.queue.kind !== 'redis') throw new Error('The configuration is half embedded')
  const mongo = await openMongo({ url: config.storage.url, log, historyLimits: retentionsOf(config) })
  closers.add(mongo.close)
  const queues = await openQueues({ backend: config.queue, log })
  closers.add(async () => { await queues.close() })
  const limits = await openLimitStore(config.queue.url)
  closers.add(limits.close)
  const state = await openRedisState(config.queue.url)
  closers.add(state.close)
  const platforms = openPlatforms(liveOptions(config), {
    deadlineMs: config.refresh.platformTimeoutMs,
    onCall: metrics.observePlatformCall,
    shared: state.shared,
    limits: limitsOf(config),
    graphIsOneApp: isGraphOneApp(config)
  })
  closers.add(platforms.close)
  return {
    store: mongo.insights,
    history: mongo.history,
    background: { store: mongo.insights, history: mongo.history },
    tokens: mongo.tokens,
    queues,
    platforms: platforms.loaders,
    platformModes: toPlatformModes(config),
    readPlatformStatus: platforms.readStatus,
    limitRedis: limits.redis
  }
}
