import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { t } from 'tap'
import { createApiClient, startService } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'
import { DOCUMENT } from '../support/documented-examples.js'

const TOKEN = 'a-token-of-our-own-choice-for-the-tests'
const INSIGHTS = '/api/user_insights'
const MB = 1024 * 1024

/**
 * The most processor time that refusing one request may cost, beyond what the engine itself takes to parse its JSON:
 * so many times what it takes for a body of 0.8 MB at that moment. On a machine that does nothing else that is 200 ms.
 * The dearest of these takes 42 there, and more on a busy one; work that grows with the square of a body takes seconds.
 */
const MOST_PARSES = 60
/** What one flood may add to the most memory that the service has had after one, MiB. Its bodies hold 200. */
const MOST_GROWTH_MB = 64
const MOST_FLOODS = 6
const REPEATS = 15
const AT_A_TIME = 8

t.setTimeout(600_000)

const service = await startService({
  node: ['apps/standalone/dist/main.js'],
  env: {
    DATA_DIR: await makeDataDirectory(t), BOOTSTRAP_TOKEN: TOKEN, REQUEST_TIMEOUT_SECONDS: '3', MAX_EVENT_LOOP_DELAY_MILLISECONDS: '0', LOG_LEVEL: 'warn'
  }
})
t.teardown(async () => { await service.end('SIGKILL') })
const api = createApiClient(service.url, TOKEN)

interface Hostile {
  name: string
  method?: string
  path?: string
  type?: string
  body?: string
  status?: number
}

const json = (fields: object): string => JSON.stringify(fields)
const works = (count: number): object[] => Array.from({ length: count }, (_, index) => ({ item_id: `${index}`, source_type: 1, is_individual_work: true, in_app_plays: 0 }))
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

const HOSTILE: Hostile[] = [
  { name: 'a text of nearly 1 MB', body: json({ twitter_handle: 'a'.repeat(MB - 100) }) },
  { name: 'a body of more than 1 MB', body: json({ twitter_handle: 'a'.repeat(MB) }), status: 413 },
  { name: '10,000 works', body: json({ works: works(10_000) }) },
  { name: 'the same work 500 times', body: json({ works: Array(500).fill(works(1)[0]) }) },
  { name: '25,000 unknown fields', body: json(Object.fromEntries(Array.from({ length: 25_000 }, (_, index) => [`f${index}`, index]))) },
  { name: 'a list in 100,000 lists', body: `{"connects":${nested(100_000)}}` },
  { name: 'lists that never end', body: '['.repeat(MB - 1) },
  { name: 'objects in objects', body: '{"a":'.repeat(100_000) },
  { name: 'an operator for a text', body: json({ external_id: { $ne: null }, twitter_handle: { $gt: '' }, works: { $size: 1 } }) },
  { name: 'an operator for a number', body: json({ connects: { $inc: 1 }, $where: 'sleep(1000)' }) },
  { name: 'an operator in a query', method: 'GET', path: `${INSIGHTS}?external_id[$ne]=x&min_score[$gt]=0` },
  { name: 'an operator for an id', method: 'GET', path: `${INSIGHTS}/${encodeURIComponent('{"$ne":1}')}` },
  { name: 'prototypes', body: '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}' },
  { name: 'nearly a page id', body: json({ facebook_page_id: `${'1'.repeat(200_000)}x` }) },
  { name: 'a number of 500,000 digits', body: `{"connects":${'9'.repeat(500_000)}}` },
  { name: 'nearly a text', body: `{"external_id":"${'\\ud83d\\ude00'.repeat(40_000)}\\ud83d"}` },
  { name: 'nearly a time', method: 'GET', path: `${INSIGHTS}?updated_since=${'2026-11-23T00:00:00.'.padEnd(8_000, '0')}` },
  { name: 'nearly a cursor', method: 'GET', path: `${INSIGHTS}?cursor=${'eyJh'.repeat(2_000)}` },
  { name: 'nearly a state', method: 'GET', path: `${INSIGHTS}?source_state=${'youtube:'.repeat(1_000)}` },
  { name: 'an id of 10,000 digits', method: 'GET', path: `${INSIGHTS}/${'1'.repeat(10_000)}` },
  { name: 'a form of 100,000 fields', type: 'application/x-www-form-urlencoded', body: 'a=1&'.repeat(100_000) },
  { name: 'a form of percent signs', type: 'application/x-www-form-urlencoded', body: `connects=${'%'.repeat(900_000)}` },
  {
    name: 'a form of 5,000 parts', type: 'multipart/form-data; boundary=x', body: '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'.repeat(5_000) + '--x--\r\n'
  },
  { name: 'a form of nothing but borders', type: 'multipart/form-data; boundary=x', body: '--x\r\n'.repeat(150_000) },
  { name: 'a what-if of everything', path: '/api/score', body: json({ works: works(10_000), connects: { $ne: 1 } }) }
]

async function sendHostile ({ method = 'POST', path = INSIGHTS, type = 'application/json', body }: Hostile): Promise<number> {
  const response = await fetch(service.url + path, {
    method, headers: { authorization: `Token ${TOKEN}`, ...(body !== undefined && { 'content-type': type }) }, ...(body !== undefined && { body })
  }).catch((error: { cause?: { code?: string } }) => {
    // A body that is too long is refused before all of it is sent; who goes on sending may find the connection closed.
    if (['EPIPE', 'ECONNRESET'].includes(error.cause?.code ?? '')) return new Response(null, { status: 413 })
    throw error
  })
  await response.arrayBuffer()
  return response.status
}

async function readMetric (name: string): Promise<number> {
  const response = await fetch(`${service.url}/metrics`, { headers: { authorization: `Token ${TOKEN}` } })
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await response.text())?.[1])
}

/** What parsing its body costs in this process; 0 for forms. */
function parseMs ({ body = '', type }: Pick<Hostile, 'body' | 'type'>): number {
  if (type !== undefined) return 0
  const startedAt = process.cpuUsage()
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    try {
      JSON.parse(body)
    } catch { /* that it is no JSON takes time to find out too */ }
  }
  const { user, system } = process.cpuUsage(startedAt)
  return (user + system) / 1000 / REPEATS
}

const YARDSTICK = { body: json({ works: works(10_000) }) }
const mostMsNow = (): number => MOST_PARSES * parseMs(YARDSTICK)

t.test('hostile input is refused for little processor time each', async t => {
  for (const hostile of HOSTILE) {
    await sendHostile(hostile)
    const before = await readMetric('process_cpu_seconds_total')
    const statuses = new Set<number>()
    for (let repeat = 0; repeat < REPEATS; repeat++) statuses.add(await sendHostile(hostile))
    const costMs = (await readMetric('process_cpu_seconds_total') - before) * 1000 / REPEATS - parseMs(hostile)
    t.same([...statuses], [hostile.status ?? 400], hostile.name)
    const mostMs = mostMsNow()
    t.ok(costMs < mostMs, `${hostile.name}: ${costMs.toFixed(1)} ms of ${mostMs.toFixed(1)}`)
  }
})

t.test('a flood of it leaves the memory as it was, and nothing in the store', async t => {
  const flood = async (rounds: number): Promise<void> => {
    const waiting = Array.from({ length: rounds }, () => HOSTILE).flat()
    await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await sendHostile(next)
    }))
  }
  const growthsMb: number[] = []
  let highest = await readMetric('process_resident_memory_bytes')
  // How far the heap grows before it is collected depends on the processor time that the collector gets; that it stops
  // growing does not. What is kept of each request makes every flood grow.
  do {
    await flood(24)
    const resident = await readMetric('process_resident_memory_bytes')
    growthsMb.push((resident - highest) / MB)
    highest = Math.max(highest, resident)
  } while (Number(growthsMb.at(-1)) >= MOST_GROWTH_MB && growthsMb.length < MOST_FLOODS)
  t.ok(Number(growthsMb.at(-1)) < MOST_GROWTH_MB, `MiB more after each ${24 * HOSTILE.length} requests: ${growthsMb.map(growth => growth.toFixed(1)).join(', ')}`)
  t.same((await api.get(INSIGHTS)).body.results, [])
})

t.test('clients that send a byte now and then are let go, and keep nobody else waiting', async t => {
  const beginnings = [
    'GET /livez HTTP/1.1\r\nHost: a\r\nX-A: ',
    `POST ${INSIGHTS} HTTP/1.1\r\nHost: a\r\nAuthorization: Token ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n`
  ]
  const { hostname, port } = new URL(service.url)
  const slow = await Promise.all(Array.from({ length: 400 }, async (_, index) => {
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    socket.write(beginnings[index % 2] ?? '')
    return { socket, answer: receive(socket) }
  }))
  const drip = setInterval(() => { for (const { socket } of slow) if (socket.writable) socket.write(' ') }, 200)
  t.teardown(() => { clearInterval(drip) })
  for (let id = 1; id <= 50; id++) t.equal((await api.get(`${INSIGHTS}/${id}`)).status, 404)
  for (const answer of await Promise.all(slow.map(async ({ answer }) => await answer))) t.match(answer, /^HTTP\/1\.1 408 /)
  t.equal((await api.post(INSIGHTS, {})).status, 201)
})

async function receive (socket: Socket): Promise<string> {
  let received = ''
  socket.on('error', () => { /* what came before it counts */ })
  socket.on('data', chunk => { received += String(chunk) })
  await once(socket, 'close')
  return received
}

t.test('no pattern of the document takes long over 50,000 characters that nearly fit', async t => {
  const patterns = new Set([...JSON.stringify(DOCUMENT).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, text = '""']) => JSON.parse(text) as string))
  t.ok(patterns.size >= 4, `${patterns.size} patterns`)
  const pieces = ['a', '1', '0', 'ab1-', ':', '%', '\ud83d\ude00', '2026-11-23T00:00:00.', 'youtube:', '"', ' ']
  for (const pattern of patterns) {
    const mostMs = mostMsNow()
    for (const text of pieces.map(piece => piece.repeat(Math.ceil(50_000 / piece.length)))) {
      const startedAt = process.cpuUsage()
      for (const nearly of [`${text}\0`, `\0${text}`, `${text}\ud83d`]) new RegExp(pattern, 'u').test(nearly)
      const { user, system } = process.cpuUsage(startedAt)
      t.ok((user + system) / 1000 < mostMs, `${pattern} over ${text.slice(0, 8)}…: ${(user + system) / 1000} ms`)
    }
  }
})
