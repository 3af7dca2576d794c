import { createServer } from 'node:net'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { t } from 'tap'
import { createApiClient, runService, startService, type ServiceProcess } from '@insights/testkit'
import { makeDataDirectory, makeTestDirectory } from '@insights/testkit/data-directory'
import { EXAMPLE_2 } from './support/artists.js'

type Tap = import('tap').Test

const TOKEN = 'a-token-of-our-own-choice-for-the-tests'
const MAIN = ['apps/standalone/dist/main.js']

async function start (t: Tap, dir: string, options: { npm?: boolean, env?: Record<string, string> } = {}): Promise<ServiceProcess> {
  const service = await startService({
    env: { DATA_DIR: dir, ...options.env },
    ...(options.npm !== true && { node: MAIN })
  })
  t.teardown(async () => { await service.end('SIGKILL') })
  return service
}

t.test('npm start on a new machine does the whole job, with the token and the commands that it prints', async t => {
  const dir = join(makeTestDirectory(t), 'data')
  const service = await start(t, dir, { npm: true })
  const token = /ins_[\w-]+/.exec(service.stdout())?.[0] ?? ''
  const api = createApiClient(service.url, token)

  t.test('the first documented example', async t => {
    const { status, body } = await api.post('/api/user_insights/', {
      number_of_roles: 2, works: [{ item_id: 'stuff gggg', source_type: 1, in_app_plays: 0, is_individual_work: true }]
    })
    t.equal(status, 201)
    t.strictSame(body, {
      id: 1,
      has_about: false,
      number_of_roles: 2,
      number_of_acts: 0,
      profile_views: 0,
      profile_searches: 0,
      connects: 0,
      facebook_page_id: null,
      twitter_handle: null,
      instagram_handle: null,
      insight_score: '0.00',
      twitter_followers_count: null,
      works: [{ item_id: 'stuff gggg', source_type: 1, is_individual_work: true, in_app_plays: 0 }],
      facebook_page_followers_count: null,
      instagram_followers_count: null
    })
    t.match((await api.refreshed(1)).body, { insight_score: '1.66', works: [{ item_id: 'stuff gggg' }] })
    const { body: refresh } = await api.get('/api/user_insights/1/refresh/')
    t.match(refresh, { state: 'done', sources: { youtube: { state: 'invalid_id', count: null }, x: { state: 'not_provided' } } })
  })

  t.test('the second documented example', async t => {
    const created = await api.post('/api/user_insights/', EXAMPLE_2)
    t.match(created, { status: 201, body: { id: 2, insight_score: '0.00', twitter_followers_count: null } })
    t.strictSame((await api.refreshed(2)).body, {
      id: 2,
      has_about: false,
      ...EXAMPLE_2,
      insight_score: '7.00',
      twitter_followers_count: 4546,
      works: [{ ...EXAMPLE_2.works[0], non_app_plays: 30 }, { ...EXAMPLE_2.works[1], non_app_plays: 230 }],
      facebook_page_followers_count: 4546,
      instagram_followers_count: 4564
    })
  })

  t.test('the token of another service does not open it', async t => {
    const { status, headers } = await createApiClient(service.url, `${token}x`).get('/api/user_insights/1')
    t.equal(status, 401)
    t.match(headers.get('www-authenticate'), /^Token /)
  })

  t.test('Ctrl-C closes npm start in order', async t => {
    t.equal((await api.post('/api/user_insights/', { has_about: true })).body.id, 3)
    const { code } = await service.end('SIGINT')
    t.equal(code, 0)
    t.notOk((await readdir(dir)).includes('insights.lock'), 'the directory is given back')
  })

  t.test('a later start keeps insights and tokens, and shows no secret', async t => {
    const again = await start(t, dir)
    t.notMatch(again.stdout(), /ins_/)
    const api = createApiClient(again.url, token)
    t.match((await api.get('/api/user_insights/2')).body, { insight_score: '7.00', twitter_followers_count: 4546 })
    t.match((await api.refreshed(3)).body, { insight_score: '4.00' }, 'what was open at the end is done')
    t.equal((await again.end('SIGTERM')).code, 0)
    t.notOk((await readdir(dir)).includes('insights.lock'), 'the directory is given back')
  })
})

t.test('a token of the operator’s choice opens it and is never shown', async t => {
  const dir = await makeDataDirectory(t)
  const service = await start(t, dir, { env: { BOOTSTRAP_TOKEN: TOKEN } })
  t.equal((await createApiClient(service.url, TOKEN).post('/api/user_insights/', {})).status, 201)
  const { stdout, stderr } = await service.end('SIGTERM')
  t.notMatch(stdout + stderr, TOKEN)
  t.match(stdout, /platforms +youtube: sandbox/, 'it says that the counts are made up')

  t.test('a changed one takes the place of the former one, and opens the dashboard in a browser', async t => {
    const service = await start(t, dir, { env: { BOOTSTRAP_TOKEN: `${TOKEN}-2` } })
    t.equal((await createApiClient(service.url, TOKEN).get('/api/user_insights/1')).status, 401)
    t.equal((await createApiClient(service.url, `${TOKEN}-2`).get('/api/user_insights/1')).status, 200)
    const dashboard = /queues +(http\S+)/.exec(service.stdout())?.[1] ?? ''
    t.equal((await fetch(dashboard)).headers.get('www-authenticate'), 'Basic realm="insights"')
    const page = await fetch(dashboard, { headers: { authorization: `Basic ${Buffer.from(`me:${TOKEN}-2`).toString('base64')}` } })
    t.match([page.status, await page.text()], [200, /<title>Insights queues</])
    await service.end('SIGTERM')
  })
})

t.test('a platform with credentials is asked for real, the others in the sandbox', async t => {
  const service = await start(t, await makeDataDirectory(t), { env: { BOOTSTRAP_TOKEN: TOKEN, X_BASE_URL: 'http://127.0.0.1:9', X_BEARER_TOKEN: 'secret-of-x' } })
  t.match(service.stdout(), /youtube: sandbox.* x: live/)
  const api = createApiClient(service.url, TOKEN)
  await api.post('/api/user_insights/', EXAMPLE_2)
  t.match((await api.refreshed(1)).body, { twitter_followers_count: null, instagram_followers_count: 4564 })
  t.match((await api.get('/api/user_insights/1/refresh')).body.sources.x, { state: 'stale', error: { code: 'INS_PLATFORM_UNREACHABLE' } })
  const { stdout, stderr } = await service.end('SIGTERM')
  t.notMatch(stdout + stderr, 'secret-of-x')
})

t.test('a second process on the same directory is refused and the first is unharmed', async t => {
  const dir = await makeDataDirectory(t)
  const first = await start(t, dir, { env: { BOOTSTRAP_TOKEN: TOKEN } })
  const api = createApiClient(first.url, TOKEN)
  await api.post('/api/user_insights/', { connects: 1 })
  const second = await runService({ node: MAIN, env: { DATA_DIR: dir } })
  t.equal(second.code, 1)
  t.match(second.stderr, /^insights: The data directory is in use by process \d+ .*\n$/, 'one clear line')
  t.equal((await api.post('/api/user_insights/', { connects: 2 })).body.id, 2)
  t.match((await api.get('/api/user_insights/1')).body, { connects: 1 })

  t.test('the lock of a killed process is taken over', async t => {
    await first.end('SIGKILL')
    t.ok((await readdir(dir)).includes('insights.lock'))
    const next = await start(t, dir, { env: { BOOTSTRAP_TOKEN: TOKEN } })
    t.match((await createApiClient(next.url, TOKEN).get('/api/user_insights/1')).body, { connects: 1 })
    await next.end('SIGTERM')
  })
})

t.test('what can not work is refused in one clear line, with nothing harmed', async t => {
  const dir = await makeDataDirectory(t)
  const foreign = join(dir, 'foreign')
  await mkdir(foreign)
  await writeFile(join(foreign, 'letters.txt'), 'years of work')
  const busy = createServer()
  await new Promise<void>(resolve => busy.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { busy.close() })
  const { port } = busy.address() as { port: number }
  const cases: Array<[title: string, env: Record<string, string>, line: RegExp]> = [
    ['a port in use', { PORT: String(port), DATA_DIR: dir }, new RegExp(`port ${port} \\(EADDRINUSE\\): .*PORT`)],
    ['a path that is no directory', { DATA_DIR: join(dir, 'insights.json', 'x') }, /can not be written \(ENOTDIR\): .*DATA_DIR/],
    ['a directory with other things', { DATA_DIR: foreign }, /holds something else .*DATA_DIR/]
  ]
  for (const [title, env, line] of cases) {
    const { code, stderr, stdout } = await runService({ node: MAIN, env })
    t.equal(code, 1, title)
    t.match(stderr, line, title)
    t.equal(stderr.trimEnd().split('\n').length, 1, `${title}: one line`)
    t.notMatch(stdout, /ins_|Insights is running/, `${title}: nothing is promised`)
  }
  t.same(await readdir(foreign), ['letters.txt'])
})

t.test('every wrong variable is named in one message, and nothing is opened', async t => {
  const dir = join(makeTestDirectory(t), 'data')
  const { code, stderr } = await runService({
    node: MAIN, env: { DATA_DIR: dir, PORT: '99999', LOG_LEVEL: 'loud', BOOTSTRAP_TOKEN: 'short-secret', SOUNDCLOUD_CLIENT_ID: 'id', QUEUE: 'redis' }
  })
  t.equal(code, 1)
  for (const name of ['PORT', 'LOG_LEVEL', 'BOOTSTRAP_TOKEN', 'SOUNDCLOUD_CLIENT_SECRET', 'QUEUE']) t.match(stderr, name)
  t.notMatch(stderr, 'short-secret')
  await t.rejects(readdir(dir), { code: 'ENOENT' })
})
