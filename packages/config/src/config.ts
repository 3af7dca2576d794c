import type { Milliseconds } from '@insights/shared'
import type { Environment, LOG_LEVELS } from './schema.js'

/** How to reach one platform, and how often to ask it. */
export interface PlatformConfig<Credentials> {
  /** Without a slash at the end. */
  readonly baseUrl: string
  /** `null`: none are configured, the platform is not live. */
  readonly credentials: Readonly<Credentials> | null
  /** Time between two fetches of one count, 15 minutes to 30 days. */
  readonly intervalMs: Milliseconds
}

/** A Graph app secret is `null` when the app does not demand an `appsecret_proof`. */
export interface GraphCredentials {
  readonly accessToken: string
  readonly appSecret: string | null
}

/** Everything that an operator can set, checked and complete. Holds secrets: never log it. */
export interface Config {
  readonly http: {
    readonly host: string
    /** 0 = any free port. */
    readonly port: number
    /** Without a slash at the end; `null`: links begin as the request was addressed. */
    readonly publicUrl: string | null
    readonly bodyLimitBytes: number
    readonly requestTimeoutMs: Milliseconds
    /** 0: no limit. */
    readonly rateLimitPerMinute: number
    /** 0: none is turned away. */
    readonly maxEventLoopDelayMs: Milliseconds
    /** Origins whose pages may call the API from browsers; empty = none. */
    readonly corsOrigins: readonly string[]
    /** Between the first 503 of `/readyz` and the end of listening. */
    readonly drainMs: Milliseconds
  }
  /** Port of a worker's own listener; 0 = any free one. */
  readonly workerPort: number
  readonly dashboard: { readonly isEnabled: boolean, readonly isWritable: boolean }
  /** As given: a relative path counts from the working directory. */
  readonly dataDir: string
  /** `storage` and `queue` are both embedded or both not. */
  readonly storage: { readonly kind: 'embedded' } | { readonly kind: 'mongo', readonly url: string }
  readonly queue: { readonly kind: 'embedded' } | { readonly kind: 'redis', readonly url: string }
  readonly logLevel: typeof LOG_LEVELS[number]
  /** `null`: register no token of the operator's choice. */
  readonly bootstrapToken: string | null
  readonly platforms: {
    readonly youtube: PlatformConfig<{ apiKey: string }> & {
      /** How long a count may be kept that can not be fetched again, 2 to 30 days. */
      readonly retentionMs: Milliseconds
    }
    readonly soundcloud: PlatformConfig<{ clientId: string, clientSecret: string }> & { readonly tokenUrl: string }
    readonly x: PlatformConfig<{ bearerToken: string }>
    readonly facebook: PlatformConfig<GraphCredentials>
    readonly instagram: PlatformConfig<GraphCredentials & { accountId: string }>
  }
  /** What may be asked of the platforms, of all workers together. */
  readonly limits: {
    readonly youtube: { readonly unitsPerDay: number }
    readonly soundcloud: { readonly callsPerSecond: number, readonly grantsPer12Hours: number }
    /** 0 cents: no account may be asked for. */
    readonly x: { readonly callsPer15Minutes: number, readonly centsPerDay: number }
    readonly graph: { readonly callsPerHour: number, readonly isOneApp: 'auto' | 'true' | 'false' }
  }
  readonly refresh: {
    readonly plannerIntervalMs: Milliseconds
    /** Refresh jobs that one worker runs at the same time. */
    readonly concurrency: number
    /** Deadline of one lookup with its retries. */
    readonly platformTimeoutMs: Milliseconds
  }
  readonly shutdownTimeoutMs: Milliseconds
}

/** Arranges an environment that has passed every check. */
export function toConfig (env: Environment): Config {
  return {
    http: {
      host: env.HOST,
      port: env.PORT,
      publicUrl: env.PUBLIC_URL === undefined ? null : withoutSlash(env.PUBLIC_URL),
      bodyLimitBytes: env.BODY_LIMIT_BYTES,
      requestTimeoutMs: toMs(env.REQUEST_TIMEOUT_SECONDS),
      rateLimitPerMinute: env.RATE_LIMIT_PER_MINUTE,
      maxEventLoopDelayMs: env.MAX_EVENT_LOOP_DELAY_MILLISECONDS,
      corsOrigins: env.CORS_ORIGINS?.split(',') ?? [],
      drainMs: toMs(env.DRAIN_SECONDS)
    },
    workerPort: env.WORKER_PORT,
    dashboard: {
      isEnabled: env.DASHBOARD === 'on' || (env.DASHBOARD === 'auto' && env.STORAGE === 'embedded'),
      isWritable: env.DASHBOARD_WRITABLE === 'true'
    },
    dataDir: env.DATA_DIR,
    // The rules have made sure of the two addresses.
    storage: env.STORAGE === 'mongo' ? { kind: 'mongo', url: env.MONGO_URL as string } : { kind: 'embedded' },
    queue: env.QUEUE === 'redis' ? { kind: 'redis', url: env.REDIS_URL as string } : { kind: 'embedded' },
    logLevel: env.LOG_LEVEL,
    bootstrapToken: env.BOOTSTRAP_TOKEN ?? null,
    platforms: toPlatforms(env),
    limits: {
      youtube: { unitsPerDay: env.YOUTUBE_UNITS_PER_DAY },
      soundcloud: { callsPerSecond: env.SOUNDCLOUD_CALLS_PER_SECOND, grantsPer12Hours: env.SOUNDCLOUD_GRANTS_PER_12_HOURS },
      x: { callsPer15Minutes: env.X_CALLS_PER_15_MINUTES, centsPerDay: env.X_DAILY_SPEND_DOLLARS * 100 },
      graph: { callsPerHour: env.GRAPH_CALLS_PER_HOUR, isOneApp: env.GRAPH_ONE_APP }
    },
    refresh: {
      plannerIntervalMs: toMs(env.PLANNER_INTERVAL_SECONDS),
      concurrency: env.REFRESH_CONCURRENCY,
      platformTimeoutMs: toMs(env.PLATFORM_TIMEOUT_SECONDS)
    },
    shutdownTimeoutMs: toMs(env.SHUTDOWN_TIMEOUT_SECONDS)
  }
}

function toPlatforms (env: Environment): Config['platforms'] {
  return {
    youtube: {
      ...toPlatform(env.YOUTUBE_BASE_URL, env.YOUTUBE_INTERVAL_SECONDS, { apiKey: env.YOUTUBE_API_KEY }),
      retentionMs: toMs(env.YOUTUBE_RETENTION_DAYS * 86_400)
    },
    soundcloud: {
      ...toPlatform(env.SOUNDCLOUD_BASE_URL, env.SOUNDCLOUD_INTERVAL_SECONDS, {
        clientId: env.SOUNDCLOUD_CLIENT_ID,
        clientSecret: env.SOUNDCLOUD_CLIENT_SECRET
      }),
      tokenUrl: new URL(env.SOUNDCLOUD_TOKEN_URL).href
    },
    x: toPlatform(env.X_BASE_URL, env.X_INTERVAL_SECONDS, { bearerToken: env.X_BEARER_TOKEN }),
    facebook: toPlatform(env.FACEBOOK_BASE_URL, env.FACEBOOK_INTERVAL_SECONDS, {
      accessToken: env.FACEBOOK_ACCESS_TOKEN,
      appSecret: env.FACEBOOK_APP_SECRET ?? null
    }),
    instagram: toPlatform(env.INSTAGRAM_BASE_URL, env.INSTAGRAM_INTERVAL_SECONDS, {
      accessToken: env.INSTAGRAM_ACCESS_TOKEN,
      accountId: env.INSTAGRAM_ACCOUNT_ID,
      appSecret: env.INSTAGRAM_APP_SECRET ?? null
    })
  }
}

type Complete<Credentials> = { [Key in keyof Credentials]: Exclude<Credentials[Key], undefined> }

/** Credentials with a part that is `undefined` are none: the rules have refused those of which only a part is set. */
function toPlatform<Credentials extends object> (
  baseUrl: string, intervalSeconds: number, credentials: Credentials
): PlatformConfig<Complete<Credentials>> {
  const isComplete = !Object.values(credentials).includes(undefined)
  return {
    baseUrl: withoutSlash(baseUrl),
    credentials: isComplete ? credentials as Complete<Credentials> : null,
    intervalMs: toMs(intervalSeconds)
  }
}

function withoutSlash (url: string): string {
  return new URL(url).href.replace(/\/+$/, '')
}

function toMs (seconds: number): Milliseconds {
  return seconds * 1000
}
