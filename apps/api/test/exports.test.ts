import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { t } from 'tap'
import { AppError } from '@insights/shared'
import type { InsightDocument, InsightStore } from '@insights/storage'
import { buildTestApi, onEachStore } from './build-test-api.js'
import { finishRefresh } from './finish-refresh.js'

const PATH = '/api/user_insights'
const work = { item_id: 'a,"b"\n', source_type: 1, is_individual_work: true, in_app_plays: 7 }

/** The cells of a text of RFC 4180. */
function parseCsv (text: string): string[][] {
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy
  const lines: string[][] = [[]]
  for (const [, quoted, plain, end] of text.matchAll(cell)) {
    lines.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end !== ',') lines.push([])
  }
  return lines.slice(0, -1)
}

onEachStore(t, async (t, stores) => {
  const api = await buildTestApi(t, stores)
  const create = async (body: object = {}): Promise<number> => (await api.send({ method: 'POST', url: PATH, payload: body })).json().id
  const first = await create({ external_id: '=1+1', twitter_handle: '@gigpro', works: [work], facebook_page_id: '99999999999999999999' })
  await create({ twitter_handle: "a'b,\"c\"\r\nd" })
  await finishRefresh(stores.store, first, { x: 4546, youtube: 30 })
  for (let n = 0; n < 450; n++) await stores.store.create({ ...(await stores.store.find(first) as InsightDocument).fields, external_id: null, connects: n })

  t.test('NDJSON has each insight once, by id, as it is answered alone', async t => {
    const answer = await api.send({ url: `${PATH}/export` })
    t.equal(answer.statusCode, 200)
    t.equal(answer.headers['content-type'], 'application/x-ndjson')
    t.match(answer.headers['content-disposition'], 'insights.ndjson')
    const lines = answer.payload.split('\n')
    t.equal(lines.pop(), '')
    const insights = lines.map(line => JSON.parse(line))
    t.equal(insights.length, 452)
    t.same(insights.map(({ id }) => id), [...new Set(insights.map(({ id }) => id))].sort((a, b) => a - b))
    t.same(insights[0], (await api.send({ url: `${PATH}/${first}` })).json())
  })

  t.test('CSV is RFC 4180, with no formula in it', async t => {
    const answer = await api.send({ url: `${PATH}/export?format=csv` })
    t.equal(answer.headers['content-type'], 'text/csv; charset=utf-8; header=present')
    const [head, one, two, ...rest] = parseCsv(answer.payload) as [string[], string[], string[], ...string[][]]
    t.equal(rest.length, 450)
    t.same(head, ['id', 'external_id', 'has_about', 'number_of_roles', 'number_of_acts', 'profile_views', 'profile_searches', 'connects',
      'facebook_page_id', 'twitter_handle', 'instagram_handle', 'insight_score', 'twitter_followers_count',
      'facebook_page_followers_count', 'instagram_followers_count', 'works'])
    const { insight_score: score, works } = (await api.send({ url: `${PATH}/${first}` })).json()
    t.same(one, [String(first), "'=1+1", 'false', '0', '0', '0', '0', '0', '99999999999999999999', "'@gigpro", '', score, '4546', '', '', JSON.stringify(works)])
    t.equal(two[9], "a'b,\"c\"\r\nd", 'a quote, a comma and a line break survive')
    t.ok(rest.every(line => line.length === head.length))
  })

  t.test('times at the ends of the calendar harm nothing', async t => {
    for (const [time, lines] of [['0000-01-01T00:00:00%2B23:59', 452], ['9999-12-31T23:59:59-12:00', 0]] as const) {
      const answer = await api.send({ url: `${PATH}/export?updated_since=${time}` })
      t.same([answer.statusCode, answer.payload.split('\n').length - 1], [200, lines], time)
    }
  })

  t.test('the format follows from the parameter, then from Accept', async t => {
    const typeFor = async (accept: string | undefined, query = ''): Promise<unknown> =>
      (await api.send({ url: `${PATH}/export?min_score=100${query}`, headers: { ...(accept !== undefined && { accept }) } })).headers['content-type']
    for (const accept of ['text/csv', 'text/csv, */*', 'application/x-ndjson;q=0.5, text/csv']) t.match(await typeFor(accept), 'text/csv')
    for (const accept of [undefined, '*/*', 'application/json', 'text/csv;q=0', 'text/csv;q=0.1, application/x-ndjson']) t.match(await typeFor(accept), 'ndjson')
    t.match(await typeFor('text/csv', '&format=ndjson'), 'ndjson')
    t.match(await typeFor('application/x-ndjson', '&format=csv'), 'text/csv')
  })

  t.test('filters are those of the list, and every fault is named', async t => {
    const answer = await api.send({ url: `${PATH}/export?source_state=youtube:ok` })
    t.same(answer.payload.trim().split('\n').map(line => JSON.parse(line).id), [first])
    t.equal((await api.send({ url: `${PATH}/export?external_id=nobody` })).payload, '')
    t.match((await api.send({ url: `${PATH}/export?external_id=nobody&format=csv` })).payload, /^id,.*works\r\n$/)
    const bad = await api.send({ url: `${PATH}/export?format=xml&limit=5&state=asleep` })
    t.equal(bad.statusCode, 400)
    t.same(bad.json().errors.map(({ pointer }: { pointer: string }) => pointer).sort(), ['/format', '/limit', '/state'])
  })

  t.test('what is written meanwhile disturbs no insight that is there throughout', async t => {
    const before = (await api.send({ url: `${PATH}/export` })).payload.trim().split('\n').map(line => JSON.parse(line).id as number)
    let pages = 0
    const removed = before.slice(-1)
    const list: InsightStore['list'] = async query => {
      const page = await stores.store.list(query)
      pages++
      await stores.store.create({ ...(await stores.store.find(first) as InsightDocument).fields, external_id: null })
      if (pages === 1) for (const id of [...removed, page.insights.at(-1)?.id ?? 0]) await stores.store.remove(id)
      return page
    }
    const busy = await buildTestApi(t, { ...stores, store: { ...stores.store, list } })
    const ids = (await busy.send({ url: `${PATH}/export` })).payload.trim().split('\n').map(line => JSON.parse(line).id as number)
    t.ok(pages > 2)
    t.same(ids.filter(id => before.includes(id)), before.filter(id => !removed.includes(id)))
    t.equal(new Set(ids).size, ids.length)
  })

  t.test('HEAD reads nothing, and other methods are not there', async t => {
    const head = await api.send({ method: 'HEAD', url: `${PATH}/export?format=csv` })
    t.match(head.headers['content-type'], 'text/csv')
    t.equal(head.payload, '')
    t.equal((await api.send({ method: 'OPTIONS', url: `${PATH}/export` })).headers.allow, 'GET, HEAD, OPTIONS')
  })

  t.test('a store that is away from the beginning is a problem, later a broken answer', async t => {
    let left = 0
    const list: InsightStore['list'] = async query => {
      if (left-- <= 0) throw new AppError('INS_STORE_UNAVAILABLE', 'it is away')
      return await stores.store.list(query)
    }
    const failing = await buildTestApi(t, { ...stores, store: { ...stores.store, list } })
    const problem = await failing.send({ url: `${PATH}/export` })
    t.equal(problem.statusCode, 503)
    t.notOk('content-disposition' in problem.headers, 'it is no file to be saved')
    await failing.app.listen({ host: '127.0.0.1', port: 0 })
    left = 1
    const { port } = failing.app.server.address() as AddressInfo
    const broken = await fetch(`http://127.0.0.1:${port}${PATH}/export`, { headers: { authorization: `Token ${failing.token}` } })
    t.equal(broken.status, 200)
    await t.rejects(broken.text(), 'the client can not take it for complete')
  })

  t.test('a client that leaves or stops reading stops the reading', async t => {
    let pages = 0
    const page = await stores.store.list({ order: { key: 'id', isDescending: false }, filter: {}, limit: 200, from: null, isBackward: false })
    const list: InsightStore['list'] = async () => {
      pages++
      return { ...page, far: { value: '', id: pages } }
    }
    const endless = await buildTestApi(t, { ...stores, store: { ...stores.store, list } })
    await endless.app.listen({ host: '127.0.0.1', port: 0 })
    const peer = once(endless.app.server, 'connection').then(([accepted]) => accepted as Socket)
    const socket = connect((endless.app.server.address() as AddressInfo).port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.write(`GET ${PATH}/export HTTP/1.1\r\nHost: a\r\nAuthorization: Token ${endless.token}\r\n\r\n`)
    await once(socket, 'readable')
    for (let turn = 0; turn < 2_000; turn++) await new Promise(resolve => setImmediate(resolve))
    t.ok(pages > 1 && pages < 1_000, `${pages} pages: it is written as far as the line takes it, and no further`)
    socket.destroy()
    const accepted = await peer
    if (!accepted.closed) await new Promise(resolve => accepted.once('close', resolve))
    for (let turn = 0; turn < 200; turn++) await new Promise(resolve => setImmediate(resolve))
    const atEnd = pages
    for (let turn = 0; turn < 200; turn++) await new Promise(resolve => setImmediate(resolve))
    t.equal(pages, atEnd, 'nothing is read any more')
  })

  t.test('an export leaves a pause after each page, in which others are served', async t => {
    const { far: _left, ...page } = await stores.store.list({ order: { key: 'id', isDescending: false }, filter: {}, limit: 1, from: null, isBackward: false })
    let pages = 0
    const list: InsightStore['list'] = async () => ({ ...page, far: ++pages < 300 ? page.near : null })
    const quick = await buildTestApi(t, { ...stores, store: { ...stores.store, list } })
    let isDone = false
    let turns = 0
    const count = (): void => {
      turns++
      if (!isDone) setImmediate(count)
    }
    setImmediate(count)
    await quick.send({ url: `${PATH}/export` })
    isDone = true
    t.equal(pages, 300)
    t.ok(turns >= 300, `${turns} turns`)
  })

  t.test('a service that stops cuts exports off', async t => {
    const { far: _left, ...page } = await stores.store.list({ order: { key: 'id', isDescending: false }, filter: {}, limit: 1, from: null, isBackward: false })
    const list: InsightStore['list'] = async () => ({ ...page, far: page.near })
    const endless = await buildTestApi(t, { ...stores, store: { ...stores.store, list } })
    await endless.app.listen({ host: '127.0.0.1', port: 0 })
    const socket = connect((endless.app.server.address() as AddressInfo).port, '127.0.0.1')
    socket.write(`GET ${PATH}/export HTTP/1.1\r\nHost: a\r\nAuthorization: Token ${endless.token}\r\n\r\n`)
    await once(socket, 'readable')
    const closed = once(socket.resume(), 'close')
    await endless.app.close()
    await closed
  })
})
