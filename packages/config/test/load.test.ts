import t from 'tap'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, isAppError } from '@insights/shared'
import { listVariables, loadConfig, type RawEnvironment, type ReadFile } from '../src/index.js'

/** The message that refuses this environment, or '' when it is taken. */
function refusal (env: RawEnvironment, readFile?: ReadFile): string {
  try {
    loadConfig(env, readFile === undefined ? {} : { readFile })
    return ''
  } catch (error) {
    if (!isAppError(error, 'INS_CONFIG_INVALID')) throw error
    return error.message
  }
}

/** The lines of a refusal without its heading, trimmed. */
function faultLines (env: RawEnvironment, readFile?: ReadFile): string[] {
  return refusal(env, readFile).split('\n').slice(1).map(line => line.trim())
}

const HTTPS_RULE = 'must be an https address (http only for localhost, 127.0.0.0/8 and [::1]) without user name, password, query and fragment'

t.test('an empty environment gives the embedded mode on this machine with no platform live', async t => {
  t.same(loadConfig({}), {
    http: { host: '127.0.0.1', port: 3000, publicUrl: null, bodyLimitBytes: 1048576, requestTimeoutMs: 30_000, rateLimitPerMinute: 60_000, maxEventLoopDelayMs: 1000, corsOrigins: [], drainMs: 0 },
    workerPort: 3001,
    dashboard: { isEnabled: true, isWritable: false },
    dataDir: './data',
    storage: { kind: 'embedded' },
    queue: { kind: 'embedded' },
    logLevel: 'info',
    bootstrapToken: null,
    platforms: {
      youtube: { baseUrl: 'https://www.googleapis.com/youtube/v3', credentials: null, intervalMs: 86_400_000, retentionMs: 2_419_200_000 },
      soundcloud: {
        baseUrl: 'https://api.soundcloud.com',
        tokenUrl: 'https://secure.soundcloud.com/oauth/token',
        credentials: null,
        intervalMs: 21_600_000
      },
      x: { baseUrl: 'https://api.x.com', credentials: null, intervalMs: 86_400_000 },
      facebook: { baseUrl: 'https://graph.facebook.com/v26.0', credentials: null, intervalMs: 86_400_000 },
      instagram: { baseUrl: 'https://graph.facebook.com/v26.0', credentials: null, intervalMs: 86_400_000 }
    },
    limits: {
      youtube: { unitsPerDay: 9500 },
      soundcloud: { callsPerSecond: 3, grantsPer12Hours: 40 },
      x: { callsPer15Minutes: 300, centsPerDay: 1000 },
      graph: { callsPerHour: 150, isOneApp: 'auto' }
    },
    refresh: { plannerIntervalMs: 5000, concurrency: 10, platformTimeoutMs: 10_000 },
    shutdownTimeoutMs: 30_000
  })
})

t.test('an environment that sets every variable reaches every field', async t => {
  const config = loadConfig({
    HOST: '::',
    PORT: '0',
    PUBLIC_URL: 'https://insights.example/base/',
    DATA_DIR: 'var/insights',
    LOG_LEVEL: 'silent',
    CORS_ORIGINS: 'https://a.example,http://localhost:8080',
    BOOTSTRAP_TOKEN: 'b'.repeat(32),
    BODY_LIMIT_BYTES: '1024',
    RATE_LIMIT_PER_MINUTE: '0',
    MAX_EVENT_LOOP_DELAY_MILLISECONDS: '7',
    DRAIN_SECONDS: '8',
    WORKER_PORT: '9',
    DASHBOARD: 'on',
    DASHBOARD_WRITABLE: 'true',
    REQUEST_TIMEOUT_SECONDS: '1',
    SHUTDOWN_TIMEOUT_SECONDS: '300',
    STORAGE: 'mongo',
    MONGO_URL: 'mongodb://u:p@m1:27017,m2/insights?replicaSet=rs',
    QUEUE: 'redis',
    REDIS_URL: 'rediss://:p@r:6380/1',
    PLANNER_INTERVAL_SECONDS: '2',
    REFRESH_CONCURRENCY: '3',
    PLATFORM_TIMEOUT_SECONDS: '4',
    YOUTUBE_BASE_URL: 'http://127.0.0.1:1/youtube/',
    YOUTUBE_API_KEY: 'yk',
    YOUTUBE_INTERVAL_SECONDS: '2332800',
    YOUTUBE_RETENTION_DAYS: '30',
    SOUNDCLOUD_BASE_URL: 'http://localhost:2',
    SOUNDCLOUD_TOKEN_URL: 'http://[::1]:2/token/',
    SOUNDCLOUD_CLIENT_ID: 'si',
    SOUNDCLOUD_CLIENT_SECRET: 'ss',
    SOUNDCLOUD_INTERVAL_SECONDS: '900',
    X_BASE_URL: 'HTTPS://X.example',
    X_BEARER_TOKEN: 'xt',
    X_INTERVAL_SECONDS: '901',
    FACEBOOK_BASE_URL: 'https://f.example/v1',
    FACEBOOK_ACCESS_TOKEN: 'ft',
    FACEBOOK_APP_SECRET: 'fs',
    FACEBOOK_INTERVAL_SECONDS: '902',
    INSTAGRAM_BASE_URL: 'https://i.example',
    INSTAGRAM_ACCESS_TOKEN: 'it',
    INSTAGRAM_ACCOUNT_ID: '17841405309211844',
    INSTAGRAM_APP_SECRET: 'is',
    INSTAGRAM_INTERVAL_SECONDS: '2592000',
    YOUTUBE_UNITS_PER_DAY: '11',
    SOUNDCLOUD_CALLS_PER_SECOND: '12',
    SOUNDCLOUD_GRANTS_PER_12_HOURS: '13',
    X_CALLS_PER_15_MINUTES: '14',
    X_DAILY_SPEND_DOLLARS: '15',
    GRAPH_CALLS_PER_HOUR: '16',
    GRAPH_ONE_APP: 'false'
  })
  t.same(config, {
    http: { host: '::', port: 0, publicUrl: 'https://insights.example/base', bodyLimitBytes: 1024, requestTimeoutMs: 1000, rateLimitPerMinute: 0, maxEventLoopDelayMs: 7, corsOrigins: ['https://a.example', 'http://localhost:8080'], drainMs: 8000 },
    workerPort: 9,
    dashboard: { isEnabled: true, isWritable: true },
    dataDir: 'var/insights',
    storage: { kind: 'mongo', url: 'mongodb://u:p@m1:27017,m2/insights?replicaSet=rs' },
    queue: { kind: 'redis', url: 'rediss://:p@r:6380/1' },
    logLevel: 'silent',
    bootstrapToken: 'b'.repeat(32),
    platforms: {
      youtube: { baseUrl: 'http://127.0.0.1:1/youtube', credentials: { apiKey: 'yk' }, intervalMs: 2_332_800_000, retentionMs: 2_592_000_000 },
      soundcloud: {
        baseUrl: 'http://localhost:2',
        tokenUrl: 'http://[::1]:2/token/',
        credentials: { clientId: 'si', clientSecret: 'ss' },
        intervalMs: 900_000
      },
      x: { baseUrl: 'https://x.example', credentials: { bearerToken: 'xt' }, intervalMs: 901_000 },
      facebook: { baseUrl: 'https://f.example/v1', credentials: { accessToken: 'ft', appSecret: 'fs' }, intervalMs: 902_000 },
      instagram: {
        baseUrl: 'https://i.example',
        credentials: { accessToken: 'it', accountId: '17841405309211844', appSecret: 'is' },
        intervalMs: 2_592_000_000
      }
    },
    limits: {
      youtube: { unitsPerDay: 11 },
      soundcloud: { callsPerSecond: 12, grantsPer12Hours: 13 },
      x: { callsPer15Minutes: 14, centsPerDay: 1500 },
      graph: { callsPerHour: 16, isOneApp: 'false' }
    },
    refresh: { plannerIntervalMs: 2000, concurrency: 3, platformTimeoutMs: 4000 },
    shutdownTimeoutMs: 300_000
  })
})

t.test('the dashboard is there by itself in the embedded mode only', async t => {
  const production = { STORAGE: 'mongo', QUEUE: 'redis', MONGO_URL: 'mongodb://m', REDIS_URL: 'redis://r' }
  t.same(loadConfig(production).dashboard, { isEnabled: false, isWritable: false })
  t.match(loadConfig({ ...production, DASHBOARD: 'on' }).dashboard, { isEnabled: true })
  t.match(loadConfig({ DASHBOARD: 'off' }).dashboard, { isEnabled: false })
})

t.test('every variable wrong at once is one error that names each, once, in the documented order, and shows no value', async t => {
  const wrong = 'wr\u00f6ng value'
  const names = listVariables().map(variable => variable.name)
  const env = Object.fromEntries(names.map(name => [name, name === 'DATA_DIR' ? ' ' : wrong]))
  const lines = faultLines(env)
  t.same(lines.map(line => line.split(' ')[0]), names)
  t.notMatch(refusal(env), wrong)
})

t.test('the error is an AppError that is not retryable and has no cause that could show a value', async t => {
  const load = () => loadConfig({ PORT: 'x', MONGO_URL: 'nope' })
  t.throws(load, AppError)
  t.throws(load, { code: 'INS_CONFIG_INVALID', retryable: false, cause: undefined })
})

t.test('variables of other programs and unknown ones are ignored', async t => {
  t.same(loadConfig({ PATH: '/bin', PORTS: 'x', HOST_FILE: '/nowhere', INSIGHTS: undefined }), loadConfig({}))
})

t.test('an empty variable counts as not set', async t => {
  const names = listVariables().flatMap(({ name, secret }) => secret ? [name, `${name}_FILE`] : [name])
  t.same(loadConfig(Object.fromEntries(names.map(name => [name, '']))), loadConfig({}))
})

t.test('loading changes neither the environment nor the next result', async t => {
  const env = Object.freeze({ PORT: '8080' })
  t.same(loadConfig(env), loadConfig(env))
  t.equal(loadConfig({}).http.port, 3000)
})

t.test('a number must be plain decimal digits within its range', async t => {
  for (const PORT of ['65536', '-1', '1.5', '1e3', '0x10', ' 80', '80 ', '+80', '8_0', 'NaN', 'Infinity', '9'.repeat(30)]) {
    t.same(faultLines({ PORT }), ['PORT must be a whole number from 0 to 65535'], PORT)
  }
  t.equal(loadConfig({ PORT: '65535' }).http.port, 65535)
})

t.test('a value just outside of its documented range is refused and the limits are taken', async t => {
  for (const { name, accepts } of listVariables().filter(variable => variable.type === 'integer')) {
    const [low, high] = [...accepts.matchAll(/\d+/g)].map(Number) as [number, number]
    t.equal(refusal({ [name]: String(low) }), '', `${name} takes ${low}`)
    t.equal(refusal({ [name]: String(high) }), '', `${name} takes ${high}`)
    t.match(refusal({ [name]: String(high + 1) }), `${name} must be ${accepts}`)
    t.match(refusal({ [name]: String(low - 1) }), `${name} must be ${accepts}`)
  }
})

t.test('YouTube statistics can not be left or kept for longer than its terms allow', async t => {
  t.same(faultLines({ YOUTUBE_INTERVAL_SECONDS: '2332801' }), ['YOUTUBE_INTERVAL_SECONDS must be a whole number from 900 to 2332800 (seconds)'])
  t.same(faultLines({ YOUTUBE_RETENTION_DAYS: '31' }), ['YOUTUBE_RETENTION_DAYS must be a whole number from 2 to 30 (days)'])
})

t.test('a log level that the logger does not have is refused with the list of those that it has', async t => {
  t.same(faultLines({ LOG_LEVEL: 'INFO' }), ['LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent'])
})

t.test('a bootstrap token is at least 32 visible ASCII characters', async t => {
  for (const BOOTSTRAP_TOKEN of ['b'.repeat(31), 'b'.repeat(31) + ' ', 'b'.repeat(32) + '\u00e9', 'b'.repeat(16) + '\n' + 'b'.repeat(16)]) {
    t.same(faultLines({ BOOTSTRAP_TOKEN }), ['BOOTSTRAP_TOKEN must be at least 32 visible ASCII characters without spaces ' +
      '(one that starts with ins_ must be a whole token made by this service)'])
  }
})

t.test('a base address with plain http is taken for this machine only', async t => {
  t.same(faultLines({ X_BASE_URL: 'http://x.example' }), [`X_BASE_URL ${HTTPS_RULE}`])
  t.same(faultLines({ SOUNDCLOUD_TOKEN_URL: 'http://s.example/token' }), [`SOUNDCLOUD_TOKEN_URL ${HTTPS_RULE}`])
  t.equal(loadConfig({ X_BASE_URL: 'http://127.9.9.9:80/' }).platforms.x.baseUrl, 'http://127.9.9.9')
})

t.test('faults of all kinds are reported together', async t => {
  const readFile = () => { throw new Error('no such file') }
  t.same(faultLines({
    PORT: 'x', STORAGE: 'mongo', INSTAGRAM_ACCOUNT_ID: '1', SOUNDCLOUD_CLIENT_SECRET_FILE: '/nowhere', BOOTSTRAP_TOKEN: 'short'
  }, readFile).map(line => line.split(' ')[0]), [
    'PORT', 'BOOTSTRAP_TOKEN', 'STORAGE', 'MONGO_URL', 'SOUNDCLOUD_CLIENT_ID', 'SOUNDCLOUD_CLIENT_SECRET_FILE', 'INSTAGRAM_ACCESS_TOKEN'
  ])
})

t.test('a variable that has a fault already is not reported as missing too', async t => {
  const readFile = () => { throw new Error('no such file') }
  t.same(faultLines({ STORAGE: 'mongo', QUEUE: 'redis', MONGO_URL: 'x', REDIS_URL_FILE: '/nowhere' }, readFile).map(line => line.split(' ')[0]),
    ['MONGO_URL', 'REDIS_URL_FILE'])
})

t.test('a bad secret from a file is reported under the variable that names the file', async t => {
  t.same(faultLines({ X_BEARER_TOKEN_FILE: '/run/x' }, () => 'two words'), ['X_BEARER_TOKEN_FILE must hold visible ASCII characters without spaces'])
})

t.test('a secret is read from disk when no reader is given', async t => {
  const path = join(t.testdir({}), 'key')
  writeFileSync(path, 'from-disk\n')
  t.same(loadConfig({ YOUTUBE_API_KEY_FILE: path }).platforms.youtube.credentials, { apiKey: 'from-disk' })
})
