import { get } from 'node:http'
import { once } from 'node:events'
import t from 'tap'
import type { IncomingMessage } from 'node:http'
import type { Sandbox } from '../src/index.js'
import { discovery, graph, graphBatch, open, PAGE_FIELDS, soundcloud, soundcloudToken, xHandles, youtube, type Json } from './requests.js'

const ALWAYS = { times: 'always' } as const

/** The headers of an answer to a good call; its body is still to be read. */
async function startReading (sandbox: Sandbox): Promise<IncomingMessage> {
  const url = `${sandbox.baseUrls.youtube}/videos?part=statistics&id=l4WNrvVjiTw&key=${sandbox.credentials.youtube.apiKey}`
  const [response] = await once(get(url), 'response') as [IncomingMessage]
  return response
}

async function readUpTo (response: IncomingMessage, limit: number): Promise<number> {
  let size = 0
  for await (const chunk of response) {
    size += (chunk as Buffer).length
    if (size >= limit) break
  }
  return size
}

t.test('an endless body goes on for as long as it is read', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'endless' })
  const response = await startReading(sandbox)
  t.notOk(response.headers['content-length'])
  t.ok(await readUpTo(response, 5_000_000) >= 5_000_000)
  t.equal((await youtube(sandbox, 'videos', { part: 'statistics', id: 'l4WNrvVjiTw' })).status, 200, 'it serves others meanwhile')
})

t.test('a huge body is announced with its size, a billion bytes unless told otherwise', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'huge' })
  sandbox.faults.add({ platform: 'youtube', kind: 'huge', bytes: 100_000 })
  const huge = await startReading(sandbox)
  t.equal(huge.headers['content-length'], '1000000000')
  huge.destroy()
  t.equal(await readUpTo(await startReading(sandbox), Infinity), 100_000)
})

t.test('a bomb is small and unpacks to a lot', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'gzip_bomb', bytes: 3_000_000, times: 2 })
  const response = await startReading(sandbox)
  t.equal(response.headers['content-encoding'], 'gzip')
  t.ok(await readUpTo(response, Infinity) < 10_000)
  t.equal((await youtube(sandbox, 'videos', { part: 'statistics', id: 'l4WNrvVjiTw' })).text.length, 3_000_000)
})

t.test('a drip is the real answer, byte by byte, and is charged', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'drip', bytesPerSecond: 1000 })
  const { json } = await youtube(sandbox, 'videos', { part: 'statistics', id: 'l4WNrvVjiTw', fields: 'items(id)' })
  t.same(json, { items: [{ id: 'l4WNrvVjiTw' }] })
  t.equal(sandbox.calls.totals('youtube').cost, 1)
})

t.test('closing cuts bodies that go on', async t => {
  const sandbox = await open(t)
  sandbox.faults.add({ platform: 'youtube', kind: 'endless' })
  sandbox.faults.add({ platform: 'youtube', kind: 'drip' })
  const responses = [await startReading(sandbox), await startReading(sandbox)]
  const cut = responses.map(response => new Promise(resolve => {
    response.on('error', () => {}).on('close', resolve).resume()
  }))
  await sandbox.close()
  await Promise.all(cut)
  t.ok(responses.every(response => !response.complete))
})

/** The ids and counts of good answers of each platform to two ids, with the same fault on all of them. */
async function answers (sandbox: Sandbox): Promise<Record<string, Json[]>> {
  const videos = await youtube(sandbox, 'videos', { part: 'statistics', id: 'video_00001,video_00002' })
  const stats = await youtube(sandbox, 'videos:batchGetStats', { part: 'statistics', id: 'video_00001,video_00002' })
  const token = await soundcloudToken(sandbox)
  const urns = 'soundcloud:tracks:5001,soundcloud:tracks:5002'
  const tracks = await soundcloud(sandbox, token, '/tracks', { urns, linked_partitioning: 'true' })
  const bare = await soundcloud(sandbox, token, '/tracks', { urns })
  const users = await xHandles(sandbox, 'artist_1', 'artist_2')
  const pages = await graphBatch(sandbox, 'facebook', [`1000001?${PAGE_FIELDS}`, `1000002?${PAGE_FIELDS}`])
  const accounts = await graphBatch(sandbox, 'instagram', [discovery('artist.1'), discovery('artist.2')])
  return {
    videos: videos.json.items.map((item: Json) => [item.id, item.statistics.viewCount]),
    stats: stats.json.items.map((item: Json) => [item.id, item.statistics.viewCount]),
    tracks: tracks.json.collection.map((item: Json) => [item.urn, item.playback_count]),
    bare: bare.json.map((item: Json) => [item.urn, item.playback_count]),
    users: users.json.data.map((item: Json) => [item.username, item.public_metrics.followers_count]),
    pages: pages.json.map((part: Json) => JSON.parse(part.body)).map((page: Json) => [page.id, page.followers_count]),
    accounts: accounts.json.map((part: Json) => JSON.parse(part.body).business_discovery)
      .map((account: Json) => [account.username, account.followers_count])
  }
}

function addEverywhere (sandbox: Sandbox, fault: { kind: 'reversed' | 'strangers' } | { kind: 'count', json: string }): void {
  const paths = { youtube: '/videos*', soundcloud: '/tracks', x: '*', facebook: '*', instagram: '*' } as const
  for (const platform of ['youtube', 'soundcloud', 'x', 'facebook', 'instagram'] as const) {
    sandbox.faults.add({ platform, path: paths[platform], ...fault, ...ALWAYS })
  }
}

t.test('items can come in the opposite order', async t => {
  const sandbox = await open(t)
  sandbox.clock.freeze()
  const right = await answers(sandbox)
  addEverywhere(sandbox, { kind: 'reversed' })
  t.same(await answers(sandbox), Object.fromEntries(Object.entries(right).map(([name, items]) => [name, items.reverse()])))
})

t.test('items can come under ids that nobody asked for', async t => {
  const sandbox = await open(t)
  addEverywhere(sandbox, { kind: 'strangers' })
  const ids = Object.fromEntries(Object.entries(await answers(sandbox)).map(([name, items]) => [name, items.map(([id]) => id)]))
  t.same(ids, {
    videos: ['a_stranger_', 'a_stranger_'],
    stats: ['a_stranger_', 'a_stranger_'],
    tracks: ['soundcloud:tracks:666666', 'soundcloud:tracks:666666'],
    bare: ['soundcloud:tracks:666666', 'soundcloud:tracks:666666'],
    users: ['a_stranger', 'a_stranger'],
    pages: ['666666', '666666'],
    accounts: ['a_stranger', 'a_stranger']
  })
})

t.test('one item alone can be a stranger too', async t => {
  const sandbox = await open(t)
  addEverywhere(sandbox, { kind: 'strangers' })
  sandbox.faults.add({ platform: 'soundcloud', path: '/tracks/*', kind: 'strangers' })
  t.match((await soundcloud(sandbox, await soundcloudToken(sandbox), '/tracks/5001')).json, { urn: 'soundcloud:tracks:666666', id: 666_666 })
  t.match((await graph(sandbox, 'facebook', `1000001?${PAGE_FIELDS}`)).json, { id: '666666' })
})

t.test('counts can be any JSON, within text too', async t => {
  const sandbox = await open(t)
  addEverywhere(sandbox, { kind: 'count', json: '"twelve \\" "' })
  const counts = Object.values(await answers(sandbox)).flatMap(items => items.map(([, count]) => count))
  t.same(counts, counts.map(() => 'twelve " '))
  t.equal(counts.length, 14)
  sandbox.faults.clear()
  sandbox.faults.add({ platform: 'x', kind: 'count', json: '1e400' })
  t.match((await xHandles(sandbox, 'artist_1')).text, '"followers_count":1e400,')
})

t.test('an answer without items stays as it is', async t => {
  const sandbox = await open(t)
  for (const kind of ['reversed', 'strangers'] as const) {
    sandbox.entities.set('x', 'gone', 'missing')
    sandbox.faults.add({ platform: 'x', kind })
    t.same((await xHandles(sandbox, 'gone')).json.errors[0].value, 'gone')
  }
})
