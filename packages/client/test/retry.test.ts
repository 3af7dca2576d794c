import { t } from 'tap'
import { send, type Retry, type RetryPolicy, type SendOptions, type Sent } from '../src/retry.js'
import { startScriptedServer, type Act } from './scripted-server.js'

const server = await startScriptedServer(t)
const NOW = Date.UTC(2026, 10, 23, 12)
const REPEATABLE: SendOptions = { isRepeatable: true, isStream: false }

interface Play {
  options?: SendOptions
  policy?: Partial<RetryPolicy>
  signal?: AbortSignal
}

/** Sends a PUT to a server that does this. Pauses take no time but on the clock of the policy. */
async function play (acts: Act[], { options = REPEATABLE, policy = {}, signal }: Play = {}): Promise<Sent & { pauses: number[], retries: Retry[] }> {
  server.play(...acts)
  const pauses: number[] = []
  const retries: Retry[] = []
  let now = NOW
  const sent = await send(new Request(server.url, { method: 'PUT', body: 'the body', ...(signal !== undefined && { signal }) }), options, {
    deadlineMs: 30_000,
    tryMs: 10_000,
    tries: 4,
    fetch,
    random: () => 0,
    now: () => now,
    onRetry: retry => { retries.push(retry) },
    wait: async ms => {
      pauses.push(ms)
      now += ms
    },
    ...policy
  })
  return { ...sent, pauses, retries }
}

t.test('what a repeat may mend is sent again, whole, until there is an answer', async t => {
  const failures: Act[] = ['cut', 'cut in the body', ...[408, 429, 502, 503, 504].map(status => ({ status }))]
  for (const failure of failures) {
    const { response, tries, retries } = await play([failure, failure, { status: 201, headers: { etag: '"1"' }, body: { id: 7 } }])
    t.equal(response?.status, 201, JSON.stringify(failure))
    t.equal(response?.headers.get('etag'), '"1"')
    t.same(await response?.json(), { id: 7 })
    t.equal(tries, 3)
    t.same(server.received.map(({ method, body }) => [method, body]), Array(3).fill(['PUT', 'the body']))
    t.match(retries, [1, 2].map(tries => ({ method: 'PUT', url: `${server.url}/`, tries, status: typeof failure === 'string' ? null : failure.status })))
    t.equal(retries[0]?.error instanceof Error, typeof failure === 'string')
  }
})

t.test('any other answer is the last word', async t => {
  for (const status of [200, 204, 304, 400, 401, 403, 404, 409, 410, 412, 413, 415, 422, 500, 507]) {
    const { response, tries } = await play([{ status }])
    t.equal(response?.status, status)
    t.equal(tries, 1, `${status}`)
  }
})

t.test('a conflict that says when to come back is asked again then', async t => {
  const { response, pauses } = await play([{ status: 409, headers: { 'retry-after': '1' } }, { status: 201 }])
  t.equal(response?.status, 201)
  t.same(pauses, [1_000])
})

t.test('what may not be sent twice is sent once', async t => {
  for (const failure of ['cut', 'cut in the body', { status: 503 }, { status: 429 }] as const) {
    t.equal((await play([failure, { status: 201 }], { options: { isRepeatable: false, isStream: false } })).tries, 1)
    t.equal(server.received.length, 1)
  }
})

t.test('it ends after the last try, with what that was answered', async t => {
  const { response, tries } = await play([{ status: 502 }, { status: 503 }, { status: 504 }], { policy: { tries: 3 } })
  t.equal(response?.status, 504)
  t.equal(tries, 3)
  const unanswered = await play(['cut'])
  t.equal(unanswered.response, null)
  t.ok(unanswered.error instanceof Error)
  t.equal(unanswered.tries, 4)
})

t.test('pauses double from 200 ms up to 5 s, and are drawn between nothing and that', async t => {
  const { pauses } = await play([{ status: 503 }], { policy: { tries: 8, random: () => 1 } })
  t.same(pauses, [200, 400, 800, 1600, 3200, 5000, 5000])
  t.same((await play([{ status: 503 }], { policy: { random: () => 0.5 } })).pauses, [100, 200, 400])
})

t.test('Retry-After is waited for, in seconds and as a date, never less', async t => {
  const later = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString()
  for (const [retryAfter, pauseMs] of [['3', 3_000], ['0', 0], [later(7), 7_000], [later(-7), 0]] as const) {
    const { pauses } = await play([{ status: 503, headers: { 'retry-after': retryAfter } }, { status: 200 }], { policy: { random: () => 0.5 } })
    t.same(pauses, [pauseMs + 100], retryAfter)
  }
  for (const nonsense of ['soon', '-1', '1.5', '2026-11-23', '1e3']) {
    t.same((await play([{ status: 429, headers: { 'retry-after': nonsense } }, { status: 200 }])).pauses, [0], nonsense)
  }
})

t.test('a pause beyond the deadline is not begun', async t => {
  const { response, pauses, tries } = await play([{ status: 429, headers: { 'retry-after': '30' } }])
  t.equal(response?.status, 429)
  t.equal(tries, 1)
  t.same(pauses, [])
  const several = await play([{ status: 429, headers: { 'retry-after': '12' } }])
  t.same(several.pauses, [12_000, 12_000])
  t.equal(several.tries, 3)
})

t.test('a server that says nothing is left after the time of a try', async t => {
  const { response, tries } = await play(['silence', { status: 200 }], { policy: { tryMs: 50 } })
  t.equal(response?.status, 200)
  t.equal(tries, 2)
  const { error } = await play(['silence'], { policy: { tries: 1, tryMs: 50 } })
  t.match(error, { message: 'There was no answer within 50 ms' })
})

t.test('a caller who gives up is obeyed at once, also in a pause', async t => {
  const reason = new Error('I do not want it any more')
  for (const at of ['silence', { status: 503 }] as const) {
    const controller = new AbortController()
    const policy = {
      fetch: async (request: Request, init: RequestInit) => {
        setImmediate(() => { if (at === 'silence') controller.abort(reason) })
        return await fetch(request, init)
      },
      onRetry: () => { controller.abort(reason) },
      wait: async (_ms: number, signal: AbortSignal) => { signal.throwIfAborted() }
    }
    await t.rejects(play([at], { policy, signal: controller.signal }), reason)
    t.ok(server.received.length <= 1)
  }
})
