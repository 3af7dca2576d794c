import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { t } from 'tap'
import { openEmbeddedDatabase } from '@insights/runtime/embedded-db'
import { openSandbox, type Sandbox } from '@insights/sandbox'
import { PLATFORMS } from '@insights/shared'
import { createApiClient, findRedis, LOGGED_URL, runService, startRedis, startService, type ServiceProcess } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'
import { createPlanted, type Planted } from '../support/planted.js'
import { send, sendBytes, type PlainAnswer, type PlainRequest } from '../support/http-requests.js'

type Tap = import('tap').Test

const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** Two platforms accept what they get and then send secrets back, three refuse credentials that are secrets themselves. */
function environment ({ baseUrls, credentials }: Sandbox, secrets: Planted): Record<string, string> {
  const { watch, secret } = secrets
  return {
    BOOTSTRAP_TOKEN: secret('bootstrap token'),
    YOUTUBE_BASE_URL: baseUrls.youtube,
    YOUTUBE_API_KEY: watch('key of YouTube', credentials.youtube.apiKey),
    X_BASE_URL: baseUrls.x,
    X_BEARER_TOKEN: watch('token of X', credentials.x.bearerToken),
    SOUNDCLOUD_BASE_URL: baseUrls.soundcloud,
    SOUNDCLOUD_TOKEN_URL: baseUrls.soundcloudToken,
    SOUNDCLOUD_CLIENT_ID: secret('client of SoundCloud'),
    SOUNDCLOUD_CLIENT_SECRET: secret('client secret of SoundCloud'),
    FACEBOOK_BASE_URL: baseUrls.facebook,
    FACEBOOK_ACCESS_TOKEN: secret('token of Facebook'),
    FACEBOOK_APP_SECRET: secret('app secret of Facebook'),
    INSTAGRAM_BASE_URL: baseUrls.instagram,
    INSTAGRAM_ACCESS_TOKEN: secret('token of Instagram'),
    INSTAGRAM_ACCOUNT_ID: '17841405309211844'
  }
}

/** Whatever a platform answers may hold secrets: its own, or ours echoed. */
function plantInPlatforms (sandbox: Sandbox, { secret }: Planted): void {
  for (const platform of PLATFORMS) {
    const headers = { 'x-secret': secret(`header of ${platform}`), location: `https://example.org/${secret(`redirect of ${platform}`)}` }
    sandbox.faults.add({ platform, kind: 'status', status: 500, body: { error: { message: secret(`error body of ${platform}`) } }, headers })
    sandbox.faults.add({ platform, kind: 'status', status: 302, body: secret(`redirect body of ${platform}`), headers })
    sandbox.faults.add({ platform, kind: 'status', status: 200, body: { items: [{ id: 1, note: secret(`strange reply of ${platform}`) }] }, headers })
    sandbox.faults.add({ platform, kind: 'reset_mid_body' })
    // At last, since a platform that refuses is left alone afterwards.
    sandbox.faults.add({ platform, kind: 'status', status: 403, body: `<html>${secret(`page of ${platform}`)}</html>`, headers })
  }
}

/** An artist: what the host may see in its own insight, and nobody else anywhere. */
function artistOf (persons: Planted) {
  const { watch } = persons
  return {
    twitter_handle: watch('X handle', 'jolene_private'),
    instagram_handle: watch('Instagram handle', 'jolene.secret.life'),
    facebook_page_id: Number(watch('Facebook page', '738291046573829')),
    works: [
      { item_id: watch('YouTube id', 'Jo1enePriv8'), source_type: 1, is_individual_work: true, in_app_plays: 1 },
      { item_id: watch('SoundCloud id', '918273645546372819'), source_type: 2, is_individual_work: true, in_app_plays: 1 },
      { item_id: watch('nonsense id', 'jolene+mail@example.org'), source_type: 1, is_individual_work: true, in_app_plays: 1 }
    ]
  }
}

/** Requests that are refused, with a secret in every place that a request has. */
function hostileRequests ({ secret, watch }: Planted, token: string): PlainRequest[] {
  const good = { authorization: `Token ${token}` }
  const json = { ...good, 'content-type': 'application/json' }
  const post = (headers: Record<string, string>, body: string): PlainRequest => ({ method: 'POST', path: '/api/user_insights/', headers, body })
  const mine = { 'x-insights': 'planted' }
  return [
    { path: '/api/user_insights/1', headers: { ...mine, authorization: `Token ${secret('Token')}` } },
    { path: '/api/user_insights/1', headers: { authorization: `Bearer ${secret('Bearer')}` } },
    { path: '/api/user_insights/1', headers: { authorization: `Bearer ${watch('token of our form', `ins_${'q'.repeat(43)}_00000000`)}` } },
    { path: '/api/user_insights/1', headers: { authorization: basic(secret('user'), secret('password')) } },
    { path: '/metrics', headers: { authorization: basic(secret('user of metrics'), secret('password of metrics')) } },
    { path: '/queues', headers: { authorization: basic('anybody', secret('password of the dashboard')) } },
    { path: '/api/user_insights/1', headers: { authorization: secret('authorization without a scheme') } },
    { path: `/api/user_insights/1?token=${secret('query')}`, headers: { cookie: `session=${secret('cookie')}` } },
    { path: `/api/user_insights/${secret('id')}?key=${secret('query of a bad id')}`, headers: good },
    { path: `/${secret('path')}/${secret('deeper path')}?key=${secret('query of no route')}`, headers: good },
    { path: `/api/user_insights/%zz${secret('path that can not be read')}`, headers: good },
    { path: '/api/user_insights/999999', headers: { ...good, 'x-request-id': `${secret('request id')} @`, traceparent: `00-${secret('traceparent')}` } },
    { path: '/api/user_insights/999999', headers: { ...good, 'user-agent': secret('user agent'), referer: `https://a/${secret('referer')}`, 'x-forwarded-for': secret('forwarded'), 'x-api-key': secret('other header') } },
    post(json, JSON.stringify({ [secret('unknown field')]: secret('value of an unknown field') })),
    post(json, JSON.stringify({ has_about: secret('value of a wrong type'), works: secret('list of a wrong type') })),
    post(json, `{"twitter_handle":"${secret('broken JSON')}`),
    post(json, `{"__proto__":{"a":"${secret('poisoned JSON')}"}}`),
    post({ ...good, 'content-type': `application/${secret('media type')}` }, secret('body of an unknown type')),
    post({ ...json, 'content-type': `application/json; charset=${secret('charset')}` }, '{}'),
    post({ ...json, 'content-encoding': secret('encoding') }, '{}'),
    post({ ...good, 'content-type': 'application/x-www-form-urlencoded' }, `works=${secret('form')}&has_about=${secret('flag in a form')}`),
    post({ ...good, 'content-type': 'multipart/form-data; boundary=b' }, `--b\r\ncontent-disposition: form-data; name="x"; filename="${secret('file name')}"\r\n\r\n${secret('file')}\r\n--b--\r\n`),
    post({ ...json, 'idempotency-key': secret('idempotency key') }, '[]'),
    { method: 'PATCH', path: '/livez', headers: json, body: secret('body of a wrong method') },
    { method: 'POST', path: '/api/tokens', headers: json, body: JSON.stringify({ name: 7, scopes: [secret('scope')] }) },
    { method: 'DELETE', path: `/api/tokens/${secret('token instead of its id')}`, headers: good }
  ]
}

/** Reads until the open refresh is done; gives the answer about it as text. */
async function refreshed (service: ServiceProcess, token: string, id: number): Promise<string> {
  const api = createApiClient(service.url, token)
  await api.refreshed(id)
  return JSON.stringify((await api.get(`/api/user_insights/${id}/refresh`)).body)
}

/** Every row of every table in these schemas, as one text for each group of them. */
async function dump (path: string, groups: ReadonlyArray<readonly string[]>): Promise<string[]> {
  const { db, close } = await openEmbeddedDatabase(path)
  try {
    return await Promise.all(groups.map(async schemas => {
      const { rows } = await db.query<{ name: string }>(
        "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_schema = any($1::text[]) and table_type = 'BASE TABLE'", [schemas])
      const tables = await Promise.all(rows.map(async ({ name }) => (await db.query<{ row: string }>(`select t::text as row from ${name} as t`)).rows.map(({ row }) => row)))
      return tables.flat().join('\n')
    }))
  } finally {
    await close()
  }
}

t.test('row 47: secrets planted wherever a request or a platform can carry them are found nowhere', async t => {
  const [secrets, persons] = [createPlanted(), createPlanted()]
  const sandbox = await openSandbox()
  t.teardown(sandbox.close)
  const dir = await makeDataDirectory(t)
  const env = environment(sandbox, secrets)
  const token = env['BOOTSTRAP_TOKEN'] ?? ''
  const service = await startService({ node: ['apps/standalone/dist/main.js'], env: { DATA_DIR: dir, LOG_LEVEL: 'trace', ...env } })
  t.teardown(async () => { await service.end('SIGKILL') })
  const ask = async (request: PlainRequest): Promise<PlainAnswer> => await send(service.url, request)
  const good = { authorization: `Token ${token}` }
  const isClean = (t: Tap, text: string, what: string): void => {
    t.same(secrets.foundIn(text), [], `${what} holds no secret`)
    t.same(persons.foundIn(text), [], `${what} names nobody`)
  }

  await t.test('refreshes of platforms that answer with secrets, or refuse them', async t => {
    const artist = artistOf(persons)
    // Before anything is asked: the credentials are wrong, and a platform that has refused them is left alone.
    plantInPlatforms(sandbox, secrets)
    const created = await ask({ method: 'POST', path: `/api/user_insights/?key=${secrets.secret('query of a good request')}`, headers: { ...good, cookie: secrets.secret('cookie of a good request'), 'content-type': 'application/json' }, body: JSON.stringify(artist) })
    t.equal(created.status, 201)
    t.same(secrets.foundIn(created.text), [])
    t.ok(persons.foundIn(created.text).length > 0, 'its own insight names the artist')
    const { id } = JSON.parse(created.body)
    t.same(secrets.foundIn(await refreshed(service, token, id)), [])
    for (let round = 0; round < 3; round++) {
      const { body } = await ask({ method: 'POST', path: '/api/user_insights/', headers: { ...good, 'content-type': 'application/json' }, body: JSON.stringify(artist) })
      t.same(secrets.foundIn(await refreshed(service, token, JSON.parse(body).id)), [], `refresh ${round}`)
    }
    for (const platform of PLATFORMS) t.ok(sandbox.calls.list(platform).some(({ status }) => status !== 200), `${platform} answered with trouble`)
    const left = sandbox.faults.list()
    t.same(left.filter(({ platform }) => platform !== 'soundcloud'), [], 'every planted answer was fetched')
    t.ok(left.length < 5, 'of SoundCloud those before which its token host was left alone')
  })

  await t.test('requests that are refused', async t => {
    for (const request of hostileRequests(secrets, token)) {
      const { status, text } = await ask(request)
      t.ok(status >= 400 && status < 500, `${request.method ?? 'GET'} ${request.path.slice(0, 24)}: ${status}`)
      // A fault names the field, to the client that has just sent it; nothing else may repeat anything.
      const answered = secrets.foundIn(text).filter(place => place !== 'unknown field')
      t.same(answered, [], `the answer ${status} repeats nothing`)
    }
    for (const bytes of [`GET /${secrets.secret('address of no HTTP')}\r\n\r\n`, `\x16\x03\x01${secrets.secret('TLS')}`, `GET / HTTP/1.1\r\nHost: a\r\nX: ${secrets.secret('huge header')}${'x'.repeat(20_000)}\r\n\r\n`]) {
      t.same(secrets.foundIn(await sendBytes(service.url, bytes)), [])
    }
  })

  await t.test('a token is shown once and stands nowhere', async t => {
    const { status, body } = await ask({ method: 'POST', path: '/api/tokens', headers: { ...good, 'content-type': 'application/json' }, body: '{"name":"host","scopes":["metrics"]}' })
    t.equal(status, 201)
    const made = secrets.watch('new token', JSON.parse(body).token)
    const { status: scraped, text } = await ask({ path: '/metrics', headers: { authorization: basic('prometheus', made) } })
    t.equal(scraped, 200)
    t.match(text, 'insights_platform_call_duration_seconds_count{platform="youtube"')
    isClean(t, text, 'the metrics')
    const list = await ask({ path: '/api/tokens', headers: good })
    t.match(list.body, '"host"')
    isClean(t, list.text, 'the list of tokens')
  })

  await t.test('the dashboard', async t => {
    const auth = { authorization: basic('anybody', token) }
    t.equal((await ask({ path: '/queues', headers: auth })).status, 200)
    for (const status of ['completed', 'failed', 'waiting', 'delayed', 'active', 'latest']) {
      const { status: answered, text, body } = await ask({ path: `/queues/api/queues?activeQueue=refresh&status=${status}&page=1&jobsPerPage=100`, headers: auth })
      t.equal(answered, 200)
      isClean(t, text, `the dashboard’s list ${status}`)
      if (status === 'completed') t.match(body, /"ids":\[1\]/, 'there are jobs to look at')
    }
  })

  const { code, stdout, stderr } = await service.end('SIGTERM')
  await t.test('the log at its most talkative', async t => {
    t.equal(code, 0)
    t.ok(stdout.includes('"level":"debug"'), 'it does talk')
    t.ok(stdout.split('\n').filter(line => line.includes('"msg":"answered"')).length > 30)
    isClean(t, stdout, 'standard output')
    isClean(t, stderr, 'standard error')
  })

  await t.test('the jobs and everything else that is stored', async t => {
    const [jobs = '', rest = ''] = await dump(join(dir, 'postgres'), [['bullmq'], ['insights', 'public']])
    t.match(jobs, 'ids', 'there are jobs')
    isClean(t, jobs, 'the queue')
    const stored = jobs + rest
    t.same(secrets.foundIn(stored), [])
    t.equal(persons.foundIn(stored).length, persons.count(), 'the search finds what is there')
  })
  t.ok(secrets.count() > 70, `${secrets.count()} secrets were planted`)
})

t.test('row 47: passwords of databases stand in no log, error or answer', async t => {
  const secrets = createPlanted()
  const skipRedis = findRedis().skipOwn
  const redis = skipRedis === false ? await startRedis() : null
  t.teardown(async () => { await redis?.stop() })
  const token = secrets.secret('bootstrap token')
  const deadRedis = 'redis://insights:PASSWORD@127.0.0.1:1'
  const addresses: Array<[what: string, mongoUrl: string, redisUrl: string]> = [
    ['servers that are away', 'mongodb://insights:PASSWORD@127.0.0.1:1/insights', deadRedis],
    ['a Redis that refuses', 'mongodb+srv://insights:PASSWORD@nowhere.invalid/insights', redis === null ? deadRedis : redis.url.replace('redis://', 'redis://insights:PASSWORD@')]
  ]
  const envWith = (what: string, mongoUrl: string, redisUrl: string): Record<string, string> => ({
    STORAGE: 'mongo',
    QUEUE: 'redis',
    LOG_LEVEL: 'trace',
    WORKER_PORT: '0',
    BOOTSTRAP_TOKEN: token,
    MONGO_URL: mongoUrl.replace('PASSWORD', secrets.secret(`MongoDB, ${what}`)),
    REDIS_URL: redisUrl.replace('PASSWORD', secrets.secret(`Redis, ${what}`))
  })
  for (const [what, mongoUrl, redisUrl] of addresses) {
    for (const app of ['api', 'worker']) {
      await t.test(`${app} with ${what}`, async t => {
        const service = await startService({ node: [`apps/${app}/dist/main.js`], env: envWith(`${app} with ${what}`, mongoUrl, redisUrl), announcement: LOGGED_URL })
        t.teardown(async () => { await service.end('SIGKILL') })
        for (const path of ['/livez', '/readyz', '/metrics', '/api/user_insights/1']) {
          const { text } = await send(service.url, { path, headers: { authorization: `Token ${token}` } })
          t.same(secrets.foundIn(text), [], path)
        }
        const deadline = Date.now() + 20_000
        while (!/Redis/.test(service.stdout()) && Date.now() < deadline) await delay(20)
        const { stdout, stderr } = await service.end('SIGTERM')
        t.match(stdout, /MongoDB|store/, 'it says what is wrong')
        t.same(secrets.foundIn(stdout + stderr), [])
      })
    }
  }

  await t.test('addresses that can not be used', async t => {
    for (const [mongoUrl, redisUrl] of [
      ['mongodb://insights:PASSWORD@', 'redis://127.0.0.1:1'],
      ['mongodb://insights:PASSWORD@h/x?unknownOption=1', 'redis://127.0.0.1:1'],
      ['mongodb://127.0.0.1:1', 'redis://insights:PASSWORD@h:notaport'],
      ['postgres://insights:PASSWORD@h', 'http://insights:PASSWORD@h']
    ] as const) {
      await Promise.all(['api', 'worker', 'migrate'].map(async app => {
        const { code, stdout, stderr } = await runService({ node: [`apps/${app}/dist/main.js`], env: envWith(`${app} at ${mongoUrl} and ${redisUrl}`, mongoUrl, redisUrl) })
        t.equal(code, 1, `${app}, ${mongoUrl}`)
        t.same(secrets.foundIn(stdout + stderr), [])
      }))
    }
  })
})
