import t from 'tap'
import { PLATFORMS } from '@insights/shared'
import { DEFAULT_BASE_URLS, openPlatforms, type PlatformOptions } from '../src/index.js'
import { sendJson, startServer } from './fake-server.js'

const options = (url: string): Required<PlatformOptions> => ({
  youtube: { baseUrl: `${url}/youtube`, apiKey: 'k' },
  soundcloud: { baseUrl: `${url}/soundcloud`, tokenUrl: `${url}/token`, clientId: 'c', clientSecret: 's' },
  x: { baseUrl: `${url}/x`, bearerToken: 't' },
  facebook: { baseUrl: `${url}/facebook`, accessToken: 't' },
  instagram: { baseUrl: `${url}/instagram`, accessToken: 't', accountId: '1' }
})

t.test('only what is configured has a client and a loader', async t => {
  const platforms = openPlatforms({ x: options('http://localhost').x })
  t.strictSame(Object.keys(platforms.clients), ['x'])
  t.strictSame(Object.keys(platforms.loaders), ['x'])
  t.equal(platforms.loaders.x?.platform, 'x')
  await platforms.close()
})

t.test('all five open on their default addresses, without a call', async t => {
  const live = {
    youtube: { baseUrl: DEFAULT_BASE_URLS.youtube, apiKey: 'k' },
    soundcloud: { baseUrl: DEFAULT_BASE_URLS.soundcloud, tokenUrl: DEFAULT_BASE_URLS.soundcloudToken, clientId: 'c', clientSecret: 's' },
    x: { baseUrl: DEFAULT_BASE_URLS.x, bearerToken: 't' },
    facebook: { baseUrl: DEFAULT_BASE_URLS.facebook, accessToken: 't' },
    instagram: { baseUrl: DEFAULT_BASE_URLS.instagram, accessToken: 't', accountId: '1' }
  }
  const platforms = openPlatforms(live)
  t.strictSame(Object.keys(platforms.clients), [...PLATFORMS])
  t.strictSame(PLATFORMS.map(platform => platforms.clients[platform]?.maxBatchSize), [50, 50, 100, 50, 50])
  await platforms.close()
})

t.test('an address that can not be used is refused, naming the platform', async t => {
  for (const platform of PLATFORMS) {
    const all = options('http://localhost')
    const bad = { ...all, [platform]: { ...all[platform], baseUrl: 'file:///secret' } }
    t.throws(() => openPlatforms(bad), { code: 'INS_CONFIG_INVALID', message: /^(?!.*secret)The address of \w+ / }, platform)
  }
})

t.test('plain http is for this machine alone, where credentials do not leave it', async t => {
  for (const baseUrl of ['http://example.com', 'http://10.0.0.1', 'http://127.0.0.1.example.com', 'http://0.0.0.0']) {
    t.throws(() => openPlatforms({ x: { baseUrl, bearerToken: 't' } }), { code: 'INS_CONFIG_INVALID' }, baseUrl)
  }
  for (const baseUrl of ['http://localhost:1', 'http://127.8.9.10', 'http://[::1]:1', 'https://example.com']) {
    await openPlatforms({ x: { baseUrl, bearerToken: 't' } }).close()
  }
})

t.test('a platform that answers nothing opens the circuit also where calls have less time than a try', async t => {
  const server = await startServer(t, () => {})
  const platforms = openPlatforms({ x: { baseUrl: server.url, bearerToken: 't' } }, { deadlineMs: 100 })
  t.teardown(() => platforms.close())
  // Five would do, if a busy machine left each of them its time.
  for (let n = 0; n < 20; n++) await platforms.clients.x?.fetchCounts(['gigpro'])
  t.equal((await platforms.readStatus('x')).circuit, 'open')
})

t.test('a trailing slash of the address changes nothing', async t => {
  const server = await startServer(t, (_, response) => sendJson(response, { data: [] }))
  for (const baseUrl of [`${server.url}/p`, `${server.url}/p/`]) {
    const platforms = openPlatforms({ x: { baseUrl, bearerToken: 't' } })
    t.teardown(() => platforms.close())
    await platforms.loaders.x?.load('gigpro')
  }
  t.strictSame(server.requests.map(request => request.path), ['/p/2/users/by', '/p/2/users/by'])
})

t.test('lookups after closing resolve as failed', async t => {
  const server = await startServer(t, (_, response) => sendJson(response, {}))
  const platforms = openPlatforms(options(server.url))
  await platforms.close()
  await platforms.close()
  const outcome = await platforms.loaders.facebook?.load('12345')
  t.match(outcome, { kind: 'failed', failure: { reason: 'transient', code: 'INS_PLATFORM_UNREACHABLE' } })
  t.equal(server.requests.length, 0)
})
