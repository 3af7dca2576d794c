import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { LightMyRequestResponse } from 'fastify'
import { t, type Test } from 'tap'
import { AppError } from '@insights/shared'
import type { InsightStore } from '@insights/storage'
import { buildTestApi, onEachStore, type TestApi } from './build-test-api.js'

const PATH = '/api/user_insights'
const TYPE = { 'content-type': 'application/x-ndjson' }

type Result = Record<string, any>
const resultsOf = (text: string): Result[] => text.split('\n').slice(0, -1).map(line => JSON.parse(line))

interface Upload {
  socket: Socket
  /** Sends a chunk of the body. */
  send: (text: string) => void
  end: () => void
  /** The results until there are so many, or the connection has ended. */
  results: (count: number) => Promise<Result[]>
  ended: Promise<unknown>
}

/** Begins a request on a connection of its own, whose body then comes in chunks. */
async function upload (t: Test, api: TestApi): Promise<Upload> {
  const socket = connect((api.app.server.address() as AddressInfo).port, '127.0.0.1').setEncoding('utf8')
  t.teardown(() => socket.destroy())
  let received = ''
  socket.on('error', () => { /* a connection that is cut is what some tests are about */ })
  const ended = new Promise(resolve => { socket.once('close', resolve) })
  socket.on('data', chunk => { received += String(chunk) })
  await once(socket, 'connect')
  socket.write(`POST ${PATH}/bulk HTTP/1.1\r\nHost: a\r\nAuthorization: Token ${api.token}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n`)
  const read = (): Result[] => [...received.matchAll(/^\{"line".*\}$/gm)].map(([line]) => JSON.parse(line))
  return {
    socket,
    send: text => socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`),
    end: () => socket.write('0\r\n\r\n'),
    results: async count => {
      while (read().length < count && !socket.closed) await Promise.race([once(socket, 'data').catch(() => {}), ended])
      return read()
    },
    ended
  }
}

onEachStore(t, async (t, stores) => {
  const api = await buildTestApi(t, stores)
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  const post = async (payload: string | Buffer, headers: Record<string, string> = TYPE): Promise<LightMyRequestResponse> =>
    await api.send({ method: 'POST', url: `${PATH}/bulk`, payload, headers })

  t.test('each line is answered by one line, in order, and stored', async t => {
    const { length: announcedBefore } = api.announced
    const answer = await post('{"connects":1}\n{"external_id":"bulk-1","twitter_handle":"a"}\n{"connects":3}')
    t.equal(answer.statusCode, 200)
    t.equal(answer.headers['content-type'], 'application/x-ndjson')
    const results = resultsOf(answer.payload)
    t.match(results, [{ line: 1, status: 201, id: Number }, { line: 2, status: 201, id: Number }, { line: 3, status: 201, id: Number }])
    for (const [index, expected] of [{ connects: 1 }, { external_id: 'bulk-1', twitter_handle: 'a' }, { connects: 3 }].entries()) {
      t.match((await api.send({ url: `${PATH}/${String(results[index]?.['id'])}` })).json(), expected)
    }
    t.equal(api.announced.length, announcedBefore, 'the planner finds them')
    t.equal((await stores.store.claimDue({ limit: 10, leaseMs: 60_000 })).length, 3)
  })

  t.test('a wrong line is answered with its number and all its faults, and harms no other', async t => {
    const lines = [
      '{"connects":1}', 'no json', '', '{"connects":-1,"conects":2}', '  \t\r', '[]', '{"__proto__":1}', '{"external_id":""}', 'null', '{"connects":2}\r'
    ]
    const answer = await post(Buffer.concat([Buffer.from(`${lines.join('\n')}\n`), Buffer.from('{"twitter_handle":"\xe9"}\n', 'latin1'), Buffer.from('{}')]))
    const results = resultsOf(answer.payload)
    t.same(results.map(({ line, status, code }) => [line, status, code]), [
      [1, 201, undefined], [2, 400, 'INS_REQUEST_MALFORMED'], [4, 400, 'INS_REQUEST_INVALID'], [6, 400, 'INS_REQUEST_INVALID'],
      [7, 400, 'INS_REQUEST_INVALID'], [8, 400, 'INS_REQUEST_INVALID'], [9, 400, 'INS_REQUEST_INVALID'], [10, 201, undefined],
      [11, 400, 'INS_REQUEST_MALFORMED'], [12, 201, undefined]
    ])
    t.same(results[2]?.['errors'].map(({ pointer, code }: Result) => `${String(pointer)} ${String(code)}`), ['/conects unknown_field', '/connects range'])
    t.notMatch(answer.payload, /no json|"title"|request_id/)
  })

  t.test('a line that is too long is answered and thrown away, wherever it is', async t => {
    const long = `{"twitter_handle":"${'x'.repeat(1024 * 1024)}"}`
    const results = resultsOf((await post(`{}\n${long}\n{}\n${long}`)).payload)
    t.same(results.map(({ line, status }) => [line, status]), [[1, 201], [2, 413], [3, 201], [4, 413]])
  })

  t.test('a line whose external id is there replaces that insight, and once more changes nothing', async t => {
    const file = Array.from({ length: 300 }, (_one, n) => JSON.stringify({ external_id: `again-${n}`, connects: n })).join('\n')
    const first = resultsOf((await post(file)).payload)
    t.ok(first.every(({ status }) => status === 201))
    const changed = file.replace('"connects":7}', '"profile_views":5}')
    const second = resultsOf((await post(changed)).payload)
    t.same(second, first.map(result => ({ ...result, status: 200 })))
    t.match(await stores.store.find(first[7]?.['id']), { rev: 2, fields: { external_id: 'again-7', connects: 0, profile_views: 5 } })
    t.match(await stores.store.find(first[8]?.['id']), { rev: 1, fields: { connects: 8 } })
  })

  t.test('no lines have no answers, and other types are refused with the ones that are taken', async t => {
    t.equal((await post('\n\n')).payload, '')
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      const answer = await post('{}', { 'content-type': type })
      t.equal(answer.statusCode, 415)
      t.match(answer.json(), { code: 'INS_REQUEST_MEDIA_TYPE', detail: /application\/x-ndjson/ })
    }
    t.equal((await post('{}', { ...TYPE, 'content-encoding': 'gzip' })).statusCode, 415)
    t.equal((await api.app.inject({ method: 'POST', url: `${PATH}/bulk`, payload: '{}', headers: TYPE })).statusCode, 401)
    t.equal((await api.send({ method: 'OPTIONS', url: `${PATH}/bulk` })).headers.allow, 'OPTIONS, POST')
  })

  t.test('answers come while lines still do', async t => {
    const { send, end, results, ended, socket } = await upload(t, api)
    send('{"connects":1}\n{"conn')
    t.match(await results(1), [{ line: 1, status: 201 }])
    send('ects":2}\n')
    t.match(await results(2), [{}, { line: 2, status: 201 }])
    send('{}')
    end()
    t.match(await results(3), [{}, {}, { line: 3, status: 201 }])
    socket.end()
    await ended
  })

  t.test('a connection that breaks leaves whole insights, and the file can be sent again', async t => {
    const { send, results, socket, ended } = await upload(t, api)
    send('{"external_id":"broken-0"}\n{"external_id":"broken-1"}\n{"external_id":"bro')
    await results(2)
    socket.destroy()
    await ended
    const again = resultsOf((await post(Array.from({ length: 4 }, (_one, n) => `{"external_id":"broken-${n}"}`).join('\n'))).payload)
    t.same(again.map(({ status }) => status), [200, 200, 201, 201])
  })

  t.test('an upload may take longer than a request as long as lines come, and is cut off when none does', async t => {
    const hasty = await buildTestApi(t, stores, {}, { requestTimeoutMs: 300 })
    await hasty.app.listen({ host: '127.0.0.1', port: 0 })
    const { send, results, ended } = await upload(t, hasty)
    const since = performance.now()
    for (let n = 1; performance.now() - since < 700; n++) {
      send('{}\n')
      t.equal((await results(n)).length >= n, true)
    }
    const { length } = await results(1)
    send('{"connects":')
    await ended
    t.equal((await results(0)).length, length, 'half a line is nothing')
  })

  t.test('a store that is away fails the lines that it was asked for, and no others', async t => {
    let calls = 0
    const importMany: InsightStore['importMany'] = async insights => {
      if (++calls === 1) throw new AppError('INS_STORE_UNAVAILABLE', 'host of the store')
      return await stores.store.importMany(insights)
    }
    const failing = await buildTestApi(t, { ...stores, store: { ...stores.store, importMany } })
    await failing.app.listen({ host: '127.0.0.1', port: 0 })
    const { send, results, end } = await upload(t, failing)
    send('{}\n{"connects":-1}\n')
    t.match(await results(2), [{ line: 1, status: 503, code: 'INS_STORE_UNAVAILABLE' }, { line: 2, status: 400 }])
    send('{}\n')
    t.match((await results(3))[2], { line: 3, status: 201 })
    end()
    t.notMatch(JSON.stringify(await results(3)), 'host of the store')
  })

  t.test('a client that reads nothing is not read from without end', async t => {
    const imported = { count: 0 }
    const faults = Array.from({ length: 100 }, () => ({ pointer: '/connects', code: 'range', detail: 'x'.repeat(100) }) as const)
    const importMany: InsightStore['importMany'] = async insights => {
      imported.count += insights.length
      return insights.map(() => ({ error: new AppError('INS_REQUEST_INVALID', 'x', { faults }) }))
    }
    const deaf = await buildTestApi(t, { ...stores, store: { ...stores.store, importMany } })
    await deaf.app.listen({ host: '127.0.0.1', port: 0 })
    const { socket, send } = await upload(t, deaf)
    socket.pause()
    const line = `{"twitter_handle":"${'x'.repeat(200)}"}\n`
    for (let count = 0; count < 5; count++) send(line.repeat(1_000))
    let before = -1
    while (before !== imported.count || imported.count === 0) {
      before = imported.count
      for (let turn = 0; turn < 500; turn++) await new Promise(resolve => setImmediate(resolve))
    }
    t.ok(imported.count < 5_000, `${imported.count} of 5,000 lines are taken before their results are read`)
    socket.resume()
    while (imported.count < 5_000) await new Promise(resolve => setImmediate(resolve))
  })

  t.test('a service that stops cuts uploads off after the lines that it has', async t => {
    const stopping = await buildTestApi(t, stores, {}, { requestTimeoutMs: 1_000 })
    await stopping.app.listen({ host: '127.0.0.1', port: 0 })
    const { send, results, ended } = await upload(t, stopping)
    send('{}\n')
    await results(1)
    await stopping.app.close()
    await ended
  })
})
