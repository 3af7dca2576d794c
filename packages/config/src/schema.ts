import { Type, type Static, type TSchema } from '@sinclair/typebox'
import {
  facebookVariables, graphVariables, instagramVariables, soundcloudVariables, xVariables, youtubeVariables
} from './platform-variables.js'
import { accepts, choice, integer, optionalText, secret, text, type Unit } from './variable-types.js'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const serverVariables = {
  HOST: text('Address to listen on; only this machine by default, a container wants 0.0.0.0.', 'host', '127.0.0.1'),
  PORT: integer('Port to listen on; 0 takes any free one and prints it.', { minimum: 0, maximum: 65535, default: 3000 }),
  PUBLIC_URL: optionalText('Address at which clients reach the API, with which links to pages and Location begin; set it behind a proxy that changes scheme, host or path, otherwise links begin as the request was addressed.', 'http-url'),
  BODY_LIMIT_BYTES: integer('Largest request body, or in bulk the largest line; bounds the memory that one request can take.',
    { minimum: 1024, maximum: 16777216, default: 1048576, unit: 'bytes' }),
  REQUEST_TIMEOUT_SECONDS: integer('Time that a client has to send a whole request, or in bulk the next line; keeps slow ones from holding connections.',
    { minimum: 1, maximum: 300, default: 30, unit: 'seconds' }),
  SHUTDOWN_TIMEOUT_SECONDS: integer('Time that running requests and jobs have to end after SIGTERM and DRAIN_SECONDS; keep it above PLATFORM_TIMEOUT_SECONDS and below the grace period of your container runtime.',
    { minimum: 1, maximum: 300, default: 30, unit: 'seconds' }),
  DRAIN_SECONDS: integer('Time after SIGTERM during which requests are still taken while /readyz already answers 503, so that a load balancer can turn away.',
    { minimum: 0, maximum: 60, default: 0, unit: 'seconds' }),
  WORKER_PORT: integer('Port on which a worker process answers /livez, /readyz and /metrics; 0 takes any free one.',
    { minimum: 0, maximum: 65535, default: 3001 }),
  CORS_ORIGINS: optionalText('Origins of web pages that may call the API from browsers; without it no page of another origin can.', 'origins'),
  LOG_LEVEL: choice('Least severe level that is logged.', LOG_LEVELS, 'info'),
  BOOTSTRAP_TOKEN: secret('API token of your choice, registered with every scope at start, for containers and tests.', 'token', 32)
}

const limitVariables = {
  RATE_LIMIT_PER_MINUTE: integer('Requests that one token may make in a minute, over all processes; 0 sets no limit.',
    { minimum: 0, maximum: 10000000, default: 60000 }),
  MAX_EVENT_LOOP_DELAY_MILLISECONDS: integer('Delay of the event loop above which requests are turned away with 503, because all would only get slower; 0 never does.',
    { minimum: 0, maximum: 60000, default: 1000, unit: 'milliseconds' })
}

const dashboardVariables = {
  DASHBOARD: choice('Whether the queue dashboard is served at /queues; auto serves it in the embedded mode only.', ['auto', 'on', 'off'], 'auto'),
  DASHBOARD_WRITABLE: choice('Whether jobs can be retried, removed and added in the dashboard; otherwise it only shows them.', ['true', 'false'], 'false')
}

const modeVariables = {
  STORAGE: choice('Where insights are kept: in the embedded database under DATA_DIR, or in MongoDB.', ['embedded', 'mongo'], 'embedded'),
  QUEUE: choice('Where jobs are kept: in the embedded database, or in Redis; goes with STORAGE.', ['embedded', 'redis'], 'embedded'),
  DATA_DIR: text('Directory of the embedded database, relative to the working directory; one process at a time can use it.', 'path', './data'),
  MONGO_URL: secret('Connection string of MongoDB; required with STORAGE=mongo, unused otherwise.', 'mongo-url'),
  REDIS_URL: secret('Address of Redis, of its Sentinels or of some nodes of a cluster; user and password are those of Redis itself; required with QUEUE=redis, unused otherwise.', 'redis-url')
}

const refreshVariables = {
  PLANNER_INTERVAL_SECONDS: integer('Time between two looks for insights that are due; bounds how long a refresh whose job was lost has to wait.',
    { minimum: 1, maximum: 300, default: 5, unit: 'seconds' }),
  REFRESH_CONCURRENCY: integer('Refresh jobs that one worker runs at the same time; jobs that overlap share platform calls.',
    { minimum: 1, maximum: 100, default: 10 }),
  PLATFORM_TIMEOUT_SECONDS: integer('Deadline of one platform lookup with its retries; a slow platform holds a refresh up no longer than this.',
    { minimum: 1, maximum: 60, default: 10, unit: 'seconds' })
}

/** Every environment variable by its name, after conversion. An optional one that is not set has no key. */
export const EnvironmentSchema = Type.Object({
  ...serverVariables,
  ...limitVariables,
  ...dashboardVariables,
  ...modeVariables,
  ...refreshVariables,
  ...youtubeVariables,
  ...soundcloudVariables,
  ...xVariables,
  ...facebookVariables,
  ...instagramVariables,
  ...graphVariables
}, { additionalProperties: false })
export type Environment = Static<typeof EnvironmentSchema>
export type VariableName = keyof typeof EnvironmentSchema.properties

const AREAS: ReadonlyArray<readonly [title: string, variables: Record<string, TSchema>]> = [
  ['Server', serverVariables],
  ['Limits', limitVariables],
  ['Dashboard', dashboardVariables],
  ['Store and queue', modeVariables],
  ['Refreshes', refreshVariables],
  ['YouTube', youtubeVariables],
  ['SoundCloud', soundcloudVariables],
  ['X', xVariables],
  ['Facebook', facebookVariables],
  ['Instagram', instagramVariables],
  ['Facebook and Instagram', graphVariables]
]

/** One environment variable, described for people. */
export interface Variable {
  readonly name: VariableName
  /** Heading that it stands under. Variables of an area follow one another. */
  readonly area: string
  readonly type: 'integer' | 'string'
  /** What it takes, in words that fit after "must be". */
  readonly accepts: string
  /** `null`: a text or a plain number. */
  readonly unit: Unit | null
  /** As it would be written in the environment; `null`: not set. */
  readonly default: string | null
  /** One sentence. */
  readonly description: string
  /** Whether the value must never be shown. Only these can also be given as the path of a file, in `<name>_FILE`. */
  readonly secret: boolean
}

/** Lists every environment variable of the service, by area, in the order in which documents show them. */
export function listVariables (): Variable[] {
  return AREAS.flatMap(([area, variables]) =>
    Object.entries(variables).map(([name, schema]) => toVariable(area, name as VariableName, schema)))
}

function toVariable (area: string, name: VariableName, schema: TSchema): Variable {
  return {
    name,
    area,
    type: schema.type,
    accepts: accepts(schema),
    unit: schema.unit ?? null,
    default: schema.default === undefined ? null : String(schema.default),
    description: schema.description as string,
    secret: schema.secret === true
  }
}
