import t from 'tap'
import { isAppError, PLATFORMS } from '@insights/shared'
import type { Fault, Sandbox } from '../src/index.js'
import { open, request, x, xHandles, youtube } from './requests.js'

const video = (sandbox: Sandbox) => youtube(sandbox, 'videos', { part: 'statistics', id: 'l4WNrvVjiTw' })

t.test('a status fault answers what it says, once', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'status', status: 503, body: { error: { code: 503 } }, headers: { 'Retry-After': '7' } })
  const { status, json, headers } = await video(sandbox)
  t.equal(status, 503)
  t.same(json, { error: { code: 503 } })
  t.equal(headers.get('retry-after'), '7')
  t.equal((await video(sandbox)).status, 200)
  t.same(sandbox.calls.list().map(({ status, cost }) => [status, cost]), [[503, 0], [200, 1]])
})

t.test('text is sent as it is, and headers may replace the content type', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'status', status: 500, body: '<b>no</b>', headers: { 'Content-Type': 'text/html' } })
  const { text, headers } = await video(sandbox)
  t.equal(text, '<b>no</b>')
  t.equal(headers.get('content-type'), 'text/html')
})

t.test('a fault fires as often as told, or until cleared', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'empty', status: 502, times: 2 })
  t.same([await video(sandbox), await video(sandbox), await video(sandbox)].map(reply => reply.status), [502, 502, 200])
  sandbox.faults.add({ platform: 'youtube', kind: 'empty', status: 502, times: Infinity })
  for (let call = 0; call < 5; call++) t.equal((await video(sandbox)).status, 502)
  t.match(sandbox.faults.list(), [{ kind: 'empty', times: 'always' }])
  sandbox.faults.clear()
  t.equal((await video(sandbox)).status, 200)
})

t.test('a fault meets only its platform, path and ids', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'x', path: '/2/users/by', kind: 'empty', status: 500, times: 'always' })
  sandbox.faults.add({ platform: 'x', path: '/2/users/by/username/*', ids: ['nasa'], kind: 'empty', status: 501, times: 'always' })
  t.equal((await video(sandbox)).status, 200)
  t.equal((await xHandles(sandbox, 'nasa')).status, 500)
  t.equal((await x(sandbox, '/2/users/by/username/nasa')).status, 501)
  t.equal((await x(sandbox, '/2/users/by/username/gigpro')).status, 200)
  sandbox.faults.clear('youtube')
  t.equal(sandbox.faults.list().length, 2)
  sandbox.faults.clear('x')
  t.equal(sandbox.faults.list().length, 0)
})

t.test('faults fire in the order they were added', async t => {
  const sandbox = await open(t)
  for (const status of [500, 502, 503]) sandbox.faults.add({ platform: 'youtube', kind: 'empty', status })
  t.same([await video(sandbox), await video(sandbox), await video(sandbox)].map(reply => reply.status), [500, 502, 503])
})

t.test('bodies can be HTML, empty, cut short, or JSON of the wrong type', async t => {
  const sandbox = await open(t)
  const next = async (fault: Partial<Fault>) => {
    sandbox.faults.add({ platform: 'youtube', ...fault } as Fault)
    return await video(sandbox)
  }
  for (const status of [200, 403, 502]) {
    const html = await next({ kind: 'html', status })
    t.equal(html.status, status)
    t.match(html.headers.get('content-type'), /^text\/html/)
    t.match(html.text, '<html>')
  }
  const empty = await next({ kind: 'empty' })
  t.same([empty.status, empty.text], [200, ''])
  const cut = await next({ kind: 'truncated_json' })
  t.equal(cut.status, 200)
  t.match(cut.text, /^\{"kind"/)
  t.equal(cut.json, undefined, 'is no JSON')
  for (const body of [[], null, 'text', 5]) t.same((await next({ kind: 'wrong_type', body })).json, body)
  t.equal((await next({ kind: 'wrong_type' })).text, 'null')
})

t.test('a connection can be reset before the headers, uncharged', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'reset' })
  await t.rejects(video(sandbox))
  t.match(sandbox.calls.list(), [{ platform: 'youtube', status: null, cost: 0, ids: ['l4WNrvVjiTw'] }])
  t.equal((await video(sandbox)).status, 200)
})

t.test('a connection can be cut in the middle of the body, charged', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'reset_mid_body' })
  const url = `${sandbox.baseUrls.youtube}/videos?part=statistics&id=l4WNrvVjiTw&key=${sandbox.credentials.youtube.apiKey}`
  const response = await fetch(url)
  t.equal(response.status, 200, 'the headers have come')
  await t.rejects(response.text())
  t.match(sandbox.calls.list(), [{ status: 200, cost: 1 }])
})

t.test('a delayed call is logged and charged on arrival, and may be given up', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 600_000 })
  const giveUp = new AbortController()
  const url = `${sandbox.baseUrls.youtube}/videos?part=statistics&id=a&key=${sandbox.credentials.youtube.apiKey}`
  const call = fetch(url, { signal: giveUp.signal })
  while (sandbox.calls.list().length === 0) await new Promise(resolve => setImmediate(resolve))
  giveUp.abort()
  await t.rejects(call, { name: 'AbortError' })
  t.match(sandbox.calls.list(), [{ status: 200, cost: 1 }])
})

t.test('closing does not wait for delayed answers', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 600_000 })
  const call = video(sandbox)
  const failure = t.rejects(call)
  while (sandbox.calls.list().length === 0) await new Promise(resolve => setImmediate(resolve))
  await sandbox.close()
  await failure
})

t.test('a delay adds to another fault of the same call', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 30 })
  sandbox.faults.add({ platform: 'youtube', kind: 'empty', status: 500 })
  const start = performance.now()
  t.equal((await video(sandbox)).status, 500)
  // Timers count whole milliseconds and may fire a fraction early.
  t.ok(performance.now() - start >= 28)
  t.equal((await video(sandbox)).status, 200)
})

t.test('faults that make no sense are refused, naming the field', async t => {
  const sandbox = await open(t)
  const cases: Array<[string, unknown]> = [
    ['/kind', {}],
    ['/kind', { platform: 'x', kind: 'explode' }],
    ['/kind', null],
    ['/platform', { kind: 'reset' }],
    ['/platform', { kind: 'reset', platform: 'myspace' }],
    ['/status', { kind: 'status', platform: 'x' }],
    ['/status', { kind: 'status', platform: 'x', status: 99 }],
    ['/status', { kind: 'html', platform: 'x', status: 600 }],
    ['/headers/a b', { kind: 'status', platform: 'x', status: 500, headers: { 'a b': 'c' } }],
    ['/headers/a', { kind: 'status', platform: 'x', status: 500, headers: { a: 'b\r\nc' } }],
    ['/ms', { kind: 'delay', platform: 'x' }],
    ['/ms', { kind: 'delay', platform: 'x', ms: -1 }],
    ['/times', { kind: 'reset', platform: 'x', times: 0 }],
    ['/times', { kind: 'reset', platform: 'x', times: 1.5 }],
    ['/ids', { kind: 'reset', platform: 'x', ids: 'a' }],
    ['/ids/0', { kind: 'reset', platform: 'x', ids: [5] }],
    ['/path', { kind: 'reset', platform: 'x', path: 5 }],
    ['/error', { kind: 'error', platform: 'x', error: 'quotaExceeded' }],
    ['/level', { kind: 'error', platform: 'x', error: 'unauthorized', level: 'parts' }],
    ['/kind', { kind: 'null_part', platform: 'x' }],
    ['/kind', { kind: 'partial', platform: 'facebook' }],
    ['/bytesPerSecond', { kind: 'drip', platform: 'x', bytesPerSecond: 0 }],
    ['/bytesPerSecond', { kind: 'drip', platform: 'x', bytesPerSecond: 1001 }],
    ['/bytes', { kind: 'huge', platform: 'x', bytes: -1 }],
    ['/bytes', { kind: 'endless', platform: 'x', bytes: 5 }],
    ['/json', { kind: 'count', platform: 'x' }],
    ['/statuss', { kind: 'html', platform: 'x', statuss: 403 }]
  ]
  for (const [pointer, fault] of cases) {
    try {
      sandbox.faults.add(fault as Fault)
      t.fail(`${JSON.stringify(fault)} is taken`)
    } catch (error) {
      t.ok(isAppError(error, 'INS_REQUEST_INVALID'), JSON.stringify(fault))
      t.match(error, { faults: [{ pointer }] })
    }
  }
  t.same(sandbox.faults.list(), [])
})

t.test('every platform has named errors', async t => {
  const sandbox = await open(t)
  for (const platform of PLATFORMS) t.ok(sandbox.faults.errorNames(platform).length > 5, platform)
})

t.test('broken requests are answered and leave the sandbox alive', async t => {
  const sandbox = await open(t)
  t.equal((await request(`${sandbox.baseUrls.facebook}/%E0%A4%A`)).status, 400)
  t.equal((await request(`${sandbox.baseUrls.facebook}/`, { method: 'POST', body: 'x'.repeat(1_000_001) })).status, 400)
  t.equal((await video(sandbox)).status, 200)
})
