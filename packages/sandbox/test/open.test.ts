import t from 'tap'
import { openSandbox } from '../src/index.js'
import { discovery, graphBatch, open, PAGE_FIELDS, soundcloud, soundcloudToken, xHandles, youtube } from './requests.js'

t.test('a default sandbox never limits: 200 full calls to each platform', async t => {
  const sandbox = await open(t)
  const token = await soundcloudToken(sandbox)
  const ids = <T>(count: number, name: (n: number) => T) => Array.from({ length: count }, (_, index) => name(index))
  for (let round = 0; round < 200; round++) {
    const offset = 100_000 * (round + 1)
    const replies = await Promise.all([
      youtube(sandbox, 'videos:batchGetStats', { part: 'statistics', id: ids(50, n => String(offset + n).padStart(11, '_')).join(',') }),
      soundcloud(sandbox, token, '/tracks', { urns: ids(50, n => `soundcloud:tracks:${offset + n}`).join(',') }),
      xHandles(sandbox, ...ids(100, n => `u${offset + n}`)),
      graphBatch(sandbox, 'facebook', ids(50, n => `${offset + n}?${PAGE_FIELDS}`)),
      graphBatch(sandbox, 'instagram', ids(50, n => discovery(`u${offset + n}`)))
    ])
    if (replies.some(reply => reply.status !== 200)) t.fail(`round ${round}: ${replies.map(reply => reply.status).join()}`)
    const parts = [...replies[3].json, ...replies[4].json]
    if (parts.some(part => part.code !== 200)) t.fail(`round ${round}: a part failed`)
  }
  t.equal(sandbox.calls.totals('x').ids, 20_000)
  t.equal(sandbox.calls.totals('facebook').cost, 10_000)
})

t.test('base URLs lie below the address', async t => {
  const { url, baseUrls } = await open(t)
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
  t.same(baseUrls, {
    youtube: `${url}/youtube/v3`,
    soundcloud: `${url}/soundcloud`,
    soundcloudToken: `${url}/soundcloud/oauth/token`,
    x: `${url}/x`,
    facebook: `${url}/facebook/v26.0`,
    instagram: `${url}/instagram/v26.0`
  })
})

t.test('an address that stands for every interface is told as one that can be called', async t => {
  const sandbox = await open(t, { host: '0.0.0.0' })
  t.match(sandbox.url, /^http:\/\/127\.0\.0\.1:/)
  t.equal((await xHandles(sandbox, 'nasa')).status, 200)
})

t.test('a port in use is an error with a code', async t => {
  const { url } = await open(t)
  await t.rejects(openSandbox({ port: Number(new URL(url).port) }), { code: 'INS_ADDRESS_UNUSABLE', message: /EADDRINUSE/ })
})

t.test('a setting that can not be is refused before anything listens', async t => {
  await t.rejects(openSandbox({ settings: { youtube: { maxIds: -1 } } }), { code: 'INS_REQUEST_INVALID' })
})

t.test('closing cuts open connections and may be repeated', async t => {
  const sandbox = await open(t)
  await xHandles(sandbox, 'nasa')
  await sandbox.close()
  await sandbox.close()
  await t.rejects(xHandles(sandbox, 'nasa'))
})
