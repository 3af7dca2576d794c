import { randomUUID } from 'node:crypto'
import { openSandbox, type Sandbox } from '@insights/sandbox'
import { createApiClient, LOGGED_URL, runService, startRedis, startService, type ApiClient, type RedisServer, type ServiceProcess } from '@insights/testkit'
import { startMongo, type MongoServer } from '@insights/testkit/mongo-server'

type Tap = import('tap').Test

export const TOKEN = 'a-token-of-our-own-choice-for-the-tests'

/** The servers of the production mode, and ways to start the processes on them, all of it this test's own. */
export interface ProductionStack {
  mongo: MongoServer
  redis: RedisServer
  sandbox: Sandbox
  env: Record<string, string>
  startApi: (t: Tap, env?: Record<string, string>) => Promise<ServiceProcess & { api: ApiClient }>
  startWorker: (t: Tap, env?: Record<string, string>) => Promise<ServiceProcess>
}

/** These tests ask for more in a minute than the limits of the platforms let through in an hour. */
const WIDE_LIMITS = {
  YOUTUBE_UNITS_PER_DAY: '1000000',
  SOUNDCLOUD_CALLS_PER_SECOND: '100',
  X_CALLS_PER_15_MINUTES: '1000000',
  X_DAILY_SPEND_DOLLARS: '1000000',
  GRAPH_CALLS_PER_HOUR: '1000000'
}

/** Starts MongoDB, Redis and the sandbox, and makes the indexes. Everything ends with the test. */
export async function openProductionStack (t: Tap): Promise<ProductionStack> {
  const mongo = await startMongo()
  t.teardown(mongo.stop)
  const redis = await startRedis()
  t.teardown(redis.stop)
  const sandbox = await openSandbox()
  t.teardown(sandbox.close)
  const env = {
    STORAGE: 'mongo',
    QUEUE: 'redis',
    MONGO_URL: mongo.url(`insights-${randomUUID()}`),
    REDIS_URL: redis.url,
    BOOTSTRAP_TOKEN: TOKEN,
    WORKER_PORT: '0',
    PLANNER_INTERVAL_SECONDS: '1',
    ...WIDE_LIMITS,
    ...credentialsOf(sandbox)
  }
  const migrated = await runService({ node: ['apps/migrate/dist/main.js'], env })
  if (migrated.code !== 0) throw new Error(`The migration failed: ${migrated.stderr}`)
  const start = async (
    t: Tap, main: string, announcement: RegExp, changes: Record<string, string> = {}
  ): Promise<ServiceProcess> => {
    const service = await startService({ node: [main], env: { ...env, ...changes }, announcement })
    t.teardown(async () => { await service.end('SIGKILL') })
    return service
  }
  return {
    mongo,
    redis,
    sandbox,
    env,
    startApi: async (t, changes) => {
      const service = await start(t, 'apps/api/dist/main.js', LOGGED_URL, changes)
      return { ...service, api: createApiClient(service.url, TOKEN) }
    },
    startWorker: async (t, changes) => await start(t, 'apps/worker/dist/main.js', LOGGED_URL, changes)
  }
}

/** The sandbox as an operator would configure five real platforms. */
function credentialsOf ({ baseUrls, credentials }: Sandbox): Record<string, string> {
  return {
    YOUTUBE_BASE_URL: baseUrls.youtube,
    YOUTUBE_API_KEY: credentials.youtube.apiKey,
    SOUNDCLOUD_BASE_URL: baseUrls.soundcloud,
    SOUNDCLOUD_TOKEN_URL: baseUrls.soundcloudToken,
    SOUNDCLOUD_CLIENT_ID: credentials.soundcloud.clientId,
    SOUNDCLOUD_CLIENT_SECRET: credentials.soundcloud.clientSecret,
    X_BASE_URL: baseUrls.x,
    X_BEARER_TOKEN: credentials.x.bearerToken,
    FACEBOOK_BASE_URL: baseUrls.facebook,
    FACEBOOK_ACCESS_TOKEN: credentials.facebook.accessToken,
    INSTAGRAM_BASE_URL: baseUrls.instagram,
    INSTAGRAM_ACCESS_TOKEN: credentials.instagram.accessToken,
    INSTAGRAM_ACCOUNT_ID: credentials.instagram.accountId
  }
}
