import t from 'tap'
import { request, open, xHandles, youtube, type Json } from './requests.js'

const json = (method: string, body: unknown) => ({ method, body: JSON.stringify(body) })

t.test('the overview tells where everything is', async t => {
  const sandbox = await open(t)
  for (const path of ['', '/_sandbox', '/_sandbox/']) {
    const { status, json } = await request(`${sandbox.url}${path}`)
    t.equal(status, 200)
    t.same(json.base_urls, sandbox.baseUrls)
    t.same(json.credentials, sandbox.credentials)
    t.equal(json.totals.x.calls, 0)
  }
})

t.test('the call log can be read and cleared', async t => {
  const sandbox = await open(t)
  await xHandles(sandbox, 'nasa')
  await youtube(sandbox, 'videos', { part: 'statistics', id: 'l4WNrvVjiTw' })
  const { json } = await request(`${sandbox.url}/_sandbox/calls?platform=x`)
  t.match(json.calls, [{ platform: 'x', path: '/2/users/by', ids: ['nasa'], status: 200, cost: 0.01 }])
  t.equal(json.calls.length, 1)
  t.same(json.totals.youtube, { calls: 1, ids: 1, cost: 1 })
  t.equal((await request(`${sandbox.url}/_sandbox/calls`, { method: 'DELETE' })).status, 204)
  t.same(sandbox.calls.list(), [])
})

t.test('faults can be added, listed and cleared', async t => {
  const sandbox = await open(t)
  const url = `${sandbox.url}/_sandbox/faults`
  const added = await request(url, json('POST', { platform: 'x', kind: 'error', error: 'creditsDepleted', times: 'always' }))
  t.equal(added.status, 200)
  t.match(added.json.faults, [{ platform: 'x', kind: 'error', error: 'creditsDepleted', times: 'always' }])
  t.equal((await xHandles(sandbox, 'nasa')).status, 402)
  const listed = (await request(url)).json
  t.equal(listed.faults.length, 1)
  t.ok(listed.error_names.facebook.includes('613'))
  t.equal((await request(`${url}?platform=x`, { method: 'DELETE' })).status, 204)
  t.equal((await xHandles(sandbox, 'nasa')).status, 200)
})

t.test('entities can be set, read and forgotten', async t => {
  const sandbox = await open(t)
  const url = `${sandbox.url}/_sandbox/entities/x/nasa`
  const set = await request(url, json('PUT', { count: 5 }))
  t.same(set.json, { state: 'ok', count: 5, answered_count: 5 })
  t.equal((await xHandles(sandbox, 'nasa')).json.data[0].public_metrics.followers_count, 5)
  t.equal((await request(url, { method: 'DELETE' })).status, 204)
  t.equal((await request(url)).json.count, null)
  await request(url, json('PUT', { state: 'suspended' }))
  await request(`${sandbox.url}/_sandbox/entities/soundcloud/soundcloud%3Atracks%3A5`, json('PUT', { state: 'blocked' }))
  t.equal(sandbox.entities.get('soundcloud', '5').state, 'blocked')
  t.equal((await request(`${sandbox.url}/_sandbox/entities?platform=x`, { method: 'DELETE' })).status, 204)
  t.equal(sandbox.entities.get('x', 'nasa').state, 'ok')
  t.equal(sandbox.entities.get('soundcloud', '5').state, 'blocked')
})

t.test('settings can be read, changed in part, and put back', async t => {
  const sandbox = await open(t, { settings: { youtube: { maxIds: 40 } } })
  const url = `${sandbox.url}/_sandbox/settings`
  const changed = await request(url, json('PATCH', { youtube: { summary: false }, x: { callsPer15Minutes: 300 } }))
  t.match(changed.json, { youtube: { summary: false, maxIds: 40 }, x: { callsPer15Minutes: 300 } })
  t.same((await request(url)).json, sandbox.settings.values)
  t.equal((await request(url, { method: 'DELETE' })).status, 204)
  t.match(sandbox.settings.values, { youtube: { summary: true, maxIds: 40 } })
})

t.test('the clock can be read, set, advanced, frozen and let run', async t => {
  const sandbox = await open(t)
  const url = `${sandbox.url}/_sandbox/clock`
  const put = async (body: object) => (await request(url, json('PUT', body))).json
  t.same(await put({ now: '2026-11-23T12:00:00.000Z', frozen: true }), {
    now: Date.parse('2026-11-23T12:00:00.000Z'), time: '2026-11-23T12:00:00.000Z', frozen: true
  })
  t.equal((await put({ advance: 60_000 })).time, '2026-11-23T12:01:00.000Z')
  t.equal((await put({ now: 0 })).time, '1970-01-01T00:00:00.000Z')
  t.equal((await put({ frozen: false })).frozen, false)
  t.equal(sandbox.clock.isFrozen, false)
  t.equal((await request(url)).json.frozen, false)
})

t.test('a clock that can not be set runs on', async t => {
  const sandbox = await open(t)
  for (const body of [{ frozen: true, advance: 'x' }, { frozen: true, now: 9e15 }, { frozen: true, advance: 9e15 }]) {
    t.equal((await request(`${sandbox.url}/_sandbox/clock`, json('PUT', body))).status, 400)
    t.equal(sandbox.clock.isFrozen, false, JSON.stringify(body))
  }
})

t.test('a reset forgets everything but the clock', async t => {
  const sandbox = await open(t, { settings: { x: { callsPer15Minutes: 1 } } })
  sandbox.clock.freeze()
  sandbox.clock.set(5000)
  sandbox.entities.set('x', 'nasa', { count: 1 })
  sandbox.faults.add({ platform: 'x', kind: 'reset' })
  sandbox.settings.set({ x: { callsPer15Minutes: 0 } })
  t.equal((await request(`${sandbox.url}/_sandbox/reset`, { method: 'POST' })).status, 204)
  t.equal(sandbox.clock.now(), 5000)
  t.equal(sandbox.entities.get('x', 'nasa').count, null)
  t.equal(sandbox.settings.values.x.callsPer15Minutes, 1)
  t.equal((await xHandles(sandbox, 'nasa')).status, 200)
  t.equal((await xHandles(sandbox, 'nasa')).status, 429)
  sandbox.reset()
  t.equal((await xHandles(sandbox, 'nasa')).status, 200, 'the window starts anew')
})

t.test('bad input is a 400 that names the field and changes nothing', async t => {
  const sandbox = await open(t)
  sandbox.clock.freeze()
  const now = sandbox.clock.now()
  const cases: Array<[string, string, string, unknown]> = [
    ['/kind', 'POST', 'faults', { platform: 'x', kind: 'nonsense' }],
    ['/times', 'POST', 'faults', { platform: 'x', kind: 'reset', times: -1 }],
    ['/state', 'PUT', 'entities/x/nasa', { state: 'blocked' }],
    ['/platform', 'PUT', 'entities/myspace/nasa', { state: 'ok' }],
    ['/count', 'PUT', 'entities/x/nasa', { count: '5' }],
    ['', 'PUT', 'entities/x/nasa', []],
    ['/youtube/maxIds', 'PATCH', 'settings', { youtube: { maxIds: 0 } }],
    ['/youtube/maxIdz', 'PATCH', 'settings', { youtube: { maxIdz: 5 } }],
    ['/youtube/summary', 'PATCH', 'settings', { youtube: { summary: 'no' } }],
    ['/youtube/generalUnitsPerDay', 'PATCH', 'settings', { youtube: { generalUnitsPerDay: null } }],
    ['/graph/throttleStatus', 'PATCH', 'settings', { x: { creditDollars: 1 }, graph: { throttleStatus: 500 } }],
    ['/myspace', 'PATCH', 'settings', { myspace: {} }],
    ['/youtube', 'PATCH', 'settings', { youtube: 5 }],
    ['/now', 'PUT', 'clock', { now: 'tomorrow' }],
    ['/now', 'PUT', 'clock', { now: -5 }],
    ['/advance', 'PUT', 'clock', { advance: 1.5 }],
    ['/advance', 'PUT', 'clock', { now: 5, advance: 5 }],
    ['/frozen', 'PUT', 'clock', { frozen: 'yes', now: 5 }],
    ['/speed', 'PUT', 'clock', { speed: 2 }],
    ['/platform', 'DELETE', 'faults?platform=myspace', undefined]
  ]
  for (const [pointer, method, path, body] of cases) {
    const reply = await request(`${sandbox.url}/_sandbox/${path}`, json(method, body))
    t.equal(reply.status, 400, `${method} ${path} ${JSON.stringify(body)}`)
    t.match(reply.headers.get('content-type'), 'application/problem+json')
    t.equal(reply.json.errors[0].pointer, pointer, `${method} ${path} ${JSON.stringify(body)}`)
  }
  const noJson = await request(`${sandbox.url}/_sandbox/faults`, { method: 'POST', body: '{' })
  t.match(noJson.json, { status: 400, detail: 'must be JSON' })
  t.equal(sandbox.clock.now(), now)
  t.equal(sandbox.settings.values.x.creditDollars, 1_000_000_000)
  t.same(sandbox.faults.list(), [])
})

t.test('where nothing is, a 404 says where to start', async t => {
  const sandbox = await open(t)
  for (const path of ['/nowhere', '/_sandbox/nothing', '/_sandbox/entities', '/youtubes/v3/videos', '/_sandbox/constructor']) {
    const { status, json } = await request(`${sandbox.url}${path}`)
    t.equal(status, 404, path)
    t.match((json as Json).detail, '/_sandbox')
  }
  t.equal((await request(`${sandbox.url}/_sandbox/entities/x/nasa`, { method: 'POST' })).status, 404)
})
