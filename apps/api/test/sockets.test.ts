import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { t, type Test } from 'tap'
import type { ApiDeps, ApiSettings } from '../src/index.js'
import type { InsightStore } from '@insights/storage'
import { anyToken, buildBareApi, noStores, type BareApi } from './build-test-api.js'

interface ListeningApi extends BareApi {
  port: number
  /** Sends the text as it is and gives everything that comes back until the server closes the connection. */
  exchange: (text: string) => Promise<string>
  open: () => Promise<Socket>
}

async function listen (t: Test, deps: Partial<ApiDeps> = {}, settings: Partial<ApiSettings> = {}): Promise<ListeningApi> {
  const api = await buildBareApi(t, { ...noStores, tokens: anyToken, ...deps }, settings)
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = api.app.server.address() as AddressInfo
  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1')
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  const exchange = async (text: string): Promise<string> => {
    const socket = await open()
    socket.write(text, 'latin1')
    return await readToEnd(socket)
  }
  return { ...api, port, open, exchange }
}

async function readToEnd (socket: Socket): Promise<string> {
  let received = ''
  for await (const chunk of socket) received += String(chunk)
  return received
}

/** Far beyond what the service waits for here. */
const DEADLINE_MS = 20_000

/** Goes on sending a body, byte by byte, until the server closes the connection, and gives everything that came back. */
async function drip (socket: Socket, head: string): Promise<string> {
  let received = ''
  // What is sent to a connection that was closed is an error, which is what is waited for.
  socket.on('data', chunk => { received += String(chunk) }).on('error', () => {})
  socket.write(head)
  const deadline = performance.now() + DEADLINE_MS
  while (!socket.closed) {
    if (performance.now() > deadline) throw new Error(`The connection is still read from after: ${received}`)
    socket.write('1\r\n \r\n')
    await turn()
  }
  return received
}

/** The one answer in the text: status, headers in lower case, and the problem in the body. */
function parseAnswer (text: string): { status: number, headers: string, problem: Record<string, unknown> } {
  const [head = '', body = ''] = text.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), headers: head.toLowerCase(), problem: JSON.parse(body) }
}

const post = (...headers: string[]): string =>
  ['POST /api/user_insights/ HTTP/1.1', 'Host: a', 'Authorization: Token any', 'Content-Type: application/json', ...headers, '', ''].join('\r\n')

t.test('bytes that are no HTTP are answered with a problem', async t => {
  const { exchange, app, logged } = await listen(t)
  for (const garbage of ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'GARBAGE\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'GET /livez HTTP/1.1\r\nHost a\r\n\r\n']) {
    const { status, headers, problem } = parseAnswer(await exchange(garbage))
    t.equal(status, 400)
    t.match(headers, 'content-type: application/problem+json')
    t.match(headers, 'connection: close')
    t.match(problem, { code: 'INS_REQUEST_MALFORMED', status: 400, request_id: String })
    t.match(headers, `x-request-id: ${String(problem.request_id)}`)
    t.ok(logged.some(line => line.request_id === problem.request_id && line.status === 400))
  }
  t.equal((await app.inject('/livez')).statusCode, 200)
})

t.test('a request without a Host is answered with a problem where the version asks for one', async t => {
  const { exchange } = await listen(t)
  for (const path of ['/livez', '/nothing', '/api/user_insights/7']) {
    const answered = await exchange(`GET ${path} HTTP/1.1\r\nConnection: close\r\n\r\n`)
    const { status, headers, problem } = parseAnswer(answered)
    t.equal(status, 400, path)
    t.match(headers, 'content-type: application/problem+json')
    t.match(problem, { code: 'INS_REQUEST_MALFORMED', status: 400, detail: /Host/, request_id: String })
  }
  t.match(await exchange('GET /livez HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 200/, 'an empty one is one')
  t.match(await exchange('GET /livez HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200/)
})

t.test('without a Host links begin where the request came in', async t => {
  const list = async () => ({ insights: [], near: null, far: { value: '7', id: 7 } })
  const { exchange, port } = await listen(t, { store: { list, cursorSecret: async () => 'secret' } as unknown as InsightStore })
  const [, body = ''] = (await exchange('GET /api/user_insights HTTP/1.0\r\nAuthorization: Token any\r\n\r\n')).split('\r\n\r\n')
  t.match(JSON.parse(body).next, `http://127.0.0.1:${port}/api/user_insights?cursor=`)
})

t.test('what a client expects and nobody knows is passed over', async t => {
  const { exchange } = await listen(t)
  const answered = await exchange('GET /livez HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\nConnection: close\r\n\r\n')
  t.match(answered, /^HTTP\/1\.1 200 OK\r\n/)
  t.match(await exchange(post('Content-Length: 1', 'Expect: 100-continue', 'Connection: close') + '{'), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400/)
})

t.test('headers and addresses that are too long are a 431', async t => {
  const { exchange } = await listen(t)
  for (const text of [`GET /livez HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`, `GET /${'9'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`]) {
    const { status, problem } = parseAnswer(await exchange(text))
    t.equal(status, 431)
    t.match(problem, { code: 'INS_REQUEST_HEADERS', status: 431 })
  }
})

t.test('a declared body over the limit is refused before it is sent', async t => {
  const { exchange } = await listen(t, {}, { bodyLimitBytes: 1_000 })
  const { status, headers, problem } = parseAnswer(await exchange(post('Content-Length: 1001')))
  t.equal(status, 413)
  t.match(headers, 'connection: close')
  t.match(problem, { code: 'INS_REQUEST_TOO_LARGE', detail: /1000 bytes/ })
})

t.test('a body of undeclared length is refused as soon as it is over the limit', async t => {
  const { exchange } = await listen(t, {}, { bodyLimitBytes: 1_000 })
  const chunk = `1ff\r\n${' '.repeat(0x1ff)}\r\n`
  const { status, problem } = parseAnswer(await exchange(post('Transfer-Encoding: chunked') + chunk + chunk))
  t.equal(status, 413)
  t.equal(problem.code, 'INS_REQUEST_TOO_LARGE')
})

t.test('headers that never end are answered when the time is over', async t => {
  const { exchange } = await listen(t, {}, { requestTimeoutMs: 100 })
  const { status, problem } = parseAnswer(await exchange('GET /livez HTTP/1.1\r\nHost: a\r\nX-A'))
  t.equal(status, 408)
  t.match(problem, { code: 'INS_REQUEST_TIMEOUT', detail: /not received in time/ })
})

t.test('a body that never ends is answered when the time is over', async t => {
  const { exchange } = await listen(t, {}, { requestTimeoutMs: 100 })
  const { status, problem } = parseAnswer(await exchange(post('Content-Length: 100') + '{'))
  t.equal(status, 408)
  t.match(problem, { code: 'INS_REQUEST_TIMEOUT', detail: /not received in time/ })
})

const upload = (path: string, ...headers: string[]): string =>
  [`POST ${path} HTTP/1.1`, 'Host: a', 'Transfer-Encoding: chunked', ...headers, '', ''].join('\r\n')

t.test('a body that was answered early is read no longer than any other, and is not answered twice', async t => {
  const { open } = await listen(t, {}, { requestTimeoutMs: 100 })
  const NDJSON = 'Content-Type: application/x-ndjson'
  for (const [head, status] of [
    [upload('/api/user_insights', 'Content-Type: application/json'), 401],
    [upload('/api/user_insights/bulk', NDJSON), 401],
    [upload('/api/user_insights/bulk', NDJSON, 'Authorization: Token any', 'Idempotency-Key: a'), 400]
  ] as const) {
    const answered = await drip(await open(), head)
    t.same(answered.match(/HTTP\/1\.1 \d+/g), [`HTTP/1.1 ${status}`], head)
  }
})

t.test('an upload without a whole line ends with the answer that says so', async t => {
  const { open } = await listen(t, {}, { requestTimeoutMs: 100 })
  const answered = await drip(await open(), upload('/api/user_insights/bulk', 'Content-Type: application/x-ndjson', 'Authorization: Token any'))
  t.same(answered.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 408'])
  const { headers, problem } = parseAnswer(answered)
  t.match(headers, 'connection: close')
  t.equal(problem['code'], 'INS_REQUEST_TIMEOUT')
})

t.test('a client that leaves in the middle of a request harms nobody', async t => {
  const { open, app } = await listen(t)
  const socket = await open()
  socket.write(post('Content-Length: 100') + '{')
  const closed = once(app.server, 'connection').then(async ([peer]) => { await once(peer, 'close') })
  const other = await open()
  other.destroy()
  socket.destroy()
  await closed
  t.equal((await app.inject('/livez')).statusCode, 200)
})

t.test('several requests on one connection are answered in order', async t => {
  const { exchange } = await listen(t)
  const request = (path: string, last = false): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${last ? 'Connection: close\r\n' : ''}\r\n`
  const answers = await exchange(request('/livez') + request('/nothing') + request('/livez', true))
  t.same(answers.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200'])
})

t.test('what is in progress when the app closes is finished, and every connection closed', async t => {
  const begun = createSignal()
  const released = createSignal()
  const find: InsightStore['find'] = async () => {
    begun.give()
    await released.given
    return null
  }
  const { open, app } = await listen(t, { store: { find } as InsightStore })
  const silent = await open()
  const used = await open()
  used.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(used, 'readable')
  const busy = await open()
  busy.write('GET /api/user_insights/7 HTTP/1.1\r\nHost: a\r\nAuthorization: Token any\r\n\r\n')
  await begun.given

  const closing = app.close()
  t.equal(await readToEnd(silent), '')
  t.match(await readToEnd(used), /^HTTP\/1.1 200/)
  released.give()
  const { status, problem } = parseAnswer(await readToEnd(busy))
  t.equal(status, 404)
  t.equal(problem.code, 'INS_INSIGHT_UNKNOWN')
  await closing
})

interface Signal {
  given: Promise<void>
  give: () => void
}

function createSignal (): Signal {
  let give = (): void => {}
  const given = new Promise<void>(resolve => { give = resolve })
  return { given, give: () => { give() } }
}
