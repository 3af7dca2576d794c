/** One test per promise of `PlatformClient`, run against every client with a server that speaks its dialect. */
import { gzipSync } from 'node:zlib'
import type { Socket } from 'node:net'
import type { Test } from 'tap'
import type { CallFailure, CountOutcome } from '../../src/port.js'
import { sendJson, startServer, until, type Respond } from '../fake-server.js'
import { PATH_PREFIX, answerFrom, openFake, type PlatformDialect } from './dialect.js'

export function platformClientContract (t: Test, dialect: PlatformDialect): void {
  const [a, b, c, d] = [0, 1, 2, 3].map(dialect.id) as [string, string, string, string]

  t.test('each id gets its outcome, in the order asked', async t => {
    const { client } = await openFake(t, dialect, answerFrom(dialect, new Map([[a, 11], [b, 0], [c, 2 ** 53 - 1]])))
    t.strictSame(await client.fetchCounts([c, d, a, b]), [
      { kind: 'ok', count: 2 ** 53 - 1 }, { kind: 'not_found' }, { kind: 'ok', count: 11 }, { kind: 'ok', count: 0 }
    ])
  })

  t.test('ids that are the same after normalising are asked for once and share the outcome', async t => {
    const { client, lookups } = await openFake(t, dialect, answerFrom(dialect, new Map([[a, 5], [b, 6]])))
    const variants = dialect.variants(a)
    const outcomes = await client.fetchCounts([a, b, ...variants])
    t.strictSame(outcomes.map(countOf), [5, 6, ...variants.map(() => 5)])
    t.strictSame(lookups().map(dialect.asked), [[a, b]])
  })

  t.test('an id that the platform can not have is not sent and harms no other', async t => {
    const { client, lookups } = await openFake(t, dialect, answerFrom(dialect, new Map([[a, 7]])))
    const outcomes = await client.fetchCounts([...dialect.invalid, a])
    t.strictSame(outcomes, [...dialect.invalid.map(() => ({ kind: 'invalid_id' })), { kind: 'ok', count: 7 }])
    t.strictSame(lookups().map(dialect.asked), [[a]])
  })

  t.test('nothing is called for no id or only impossible ones', async t => {
    const { client, server } = await openFake(t, dialect, answerFrom(dialect, new Map()))
    t.strictSame(await client.fetchCounts([]), [])
    await client.fetchCounts(dialect.invalid)
    t.equal(server.requests.length, 0)
  })

  t.test('a full batch is one call and one id more is refused unsent', async t => {
    const full = new Map<string, number>()
    const { client, server, lookups } = await openFake(t, dialect, answerFrom(dialect, full))
    const ids = Array.from({ length: client.maxBatchSize }, (_, n) => dialect.id(n))
    ids.forEach((id, n) => full.set(id, n))
    await t.rejects(client.fetchCounts([...ids, dialect.id(ids.length)]), RangeError)
    t.equal(server.requests.length, 0)
    t.strictSame((await client.fetchCounts(ids)).map(countOf), ids.map((_, n) => n))
    t.equal(lookups().length, 1)
  })

  t.test('an answer in another order gives no id the count of another', async t => {
    const { client } = await openFake(t, dialect, (request, response) => {
      const found = dialect.asked(request).map(id => [id, dialect.writeCount(id === a ? 1 : 2)] as const)
      dialect.answer(request, response, { found: found.reverse(), missing: [] })
    })
    const [first, second] = await client.fetchCounts([a, b])
    t.ok(first?.kind === 'failed' || countOf(first) === 1, 'the first has its own count or none')
    t.ok(second?.kind === 'failed' || countOf(second) === 2, 'the second has its own count or none')
  })

  t.test('an answer about ids nobody asked for gives no count and makes no id unknown', async t => {
    const { client } = await openFake(t, dialect, (request, response) => {
      const found = dialect.asked(request).map((_, n) => [dialect.id(n + 10), dialect.writeCount(99)] as const)
      dialect.answer(request, response, { found, missing: [] })
    })
    const outcomes = await client.fetchCounts([a, b])
    t.strictSame(outcomes.map(codeOf), ['INS_PLATFORM_REPLY', 'INS_PLATFORM_REPLY'])
  })

  for (const bad of dialect.badCounts) {
    t.test(`a count of ${bad} fails its id alone`, async t => {
      const { client } = await openFake(t, dialect, (request, response) => {
        const found = dialect.asked(request).map(id => [id, id === a ? bad : dialect.writeCount(8)] as const)
        dialect.answer(request, response, { found, missing: [] })
      })
      const [first, second] = await client.fetchCounts([a, b])
      t.equal(codeOf(first), 'INS_PLATFORM_REPLY')
      t.match(failureOf(first)?.detail, /ount/, 'the detail names the field')
      t.equal(countOf(second), 8)
    })
  }

  t.test('a body that comes letter by letter is put together', async t => {
    const answer = answerFrom(dialect, new Map([[a, 3]]))
    const { client } = await openFake(t, dialect, (request, response) => {
      const end = response.end.bind(response)
      response.end = ((body: string) => {
        for (const letter of `${' '.repeat(40_000)}${body}`) response.write(letter)
        return end()
      }) as typeof response.end
      return answer(request, response)
    })
    t.strictSame(await client.fetchCounts([a]), [{ kind: 'ok', count: 3 }])
  })

  hostileReplies(t, dialect, a, b)
  troubles(t, dialect, a, b)
}

/** Replies that can not be used; none of them may give a count, an unknown id or a rejection. */
function hostileReplies (t: Test, dialect: PlatformDialect, a: string, b: string): void {
  const json = { 'content-type': 'application/json' }
  const bodies: Record<string, string> = {
    'an empty list': '[]',
    null: 'null',
    'a number': '42',
    'a string': '"text"',
    'an empty object': '{}',
    'nothing at all': '',
    'truncated JSON': '{"items":[{"id":',
    'a poisoned object': '{"__proto__":{"followers_count":1},"data":[],"items":[],"collection":[]}',
    'deep nesting': '['.repeat(50_000)
  }
  const replies: Record<string, Respond> = {
    'HTML with status 200': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    'no content type': (_, response) => response.writeHead(200).end('{}'),
    'bytes that are not UTF-8': (_, response) => response.writeHead(200, json).end(Buffer.from([0x22, 0xff, 0xfe, 0x22])),
    'status 204': (_, response) => response.writeHead(204).end(),
    'a compressed bomb': (_, response) => response.writeHead(200, { ...json, 'content-encoding': 'gzip' })
      .end(gzipSync(Buffer.alloc(8 * 1024 * 1024))),
    'a body announced as huge': (_, response) => response.writeHead(200, { ...json, 'content-length': '1000000000' }).write('['),
    'headers beyond the limit': (_, response) => response.writeHead(200, { ...json, 'x-large': 'x'.repeat(40_000) }).end('{}'),
    'something that is not HTTP': (_, response) => response.socket?.end('hello there\r\n\r\n')
  }
  for (const [what, body] of Object.entries(bodies)) {
    replies[what] = (_, response) => sendJson(response, body)
  }

  for (const [what, respond] of Object.entries(replies)) {
    t.test(`${what} fails all ids as a reply that can not be used`, async t => {
      const { client } = await openFake(t, dialect, respond)
      const outcomes = await client.fetchCounts([a, b])
      t.strictSame(outcomes.map(codeOf), ['INS_PLATFORM_REPLY', 'INS_PLATFORM_REPLY'])
      t.strictSame(outcomes.map(outcome => failureOf(outcome)?.reason), ['transient', 'transient'])
    })
  }

  for (const [header, value] of [['content-encoding', 'br'], ['content-type', 'text/html'], ['content-type', 'application/jsonx']] as const) {
    t.test(`a good answer with ${header} ${value} is refused`, async t => {
      const answer = answerFrom(dialect, new Map([[a, 1]]))
      const { client } = await openFake(t, dialect, (request, response) => {
        response.setHeader(header, value)
        return answer(request, response)
      })
      t.strictSame((await client.fetchCounts([a])).map(codeOf), ['INS_PLATFORM_REPLY'])
    })
  }

  const list = `[{}${',{}'.repeat(100_000)}]`
  for (const [what, body] of [['an object', `{"items":${list},"data":${list},"collection":${list}}`], ['a list', list]]) {
    t.test(`a hundred thousand empty items in ${what} are a reply that can not be used`, async t => {
      const { client } = await openFake(t, dialect, (_, response) => sendJson(response, body), { maxReplyBytes: 2 ** 20 })
      t.strictSame((await client.fetchCounts([a])).map(codeOf), ['INS_PLATFORM_REPLY'])
    })
  }

  t.test('an endless body is cut off near the limit', async t => {
    let written = 0
    let isCut = false
    const chunk = Buffer.alloc(16 * 1024, ' ')
    const { client } = await openFake(t, dialect, (_, response) => {
      response.on('close', () => { isCut = true })
      response.writeHead(200, json)
      const pump = (): void => {
        do written += chunk.length
        while (response.write(chunk) && !response.destroyed)
      }
      response.on('drain', pump)
      pump()
    })
    const [outcome] = await client.fetchCounts([a])
    t.equal(codeOf(outcome), 'INS_PLATFORM_REPLY')
    await until(() => isCut, 'the connection is cut')
    t.ok(written < 32 * 1024 * 1024, `read a bounded amount, ${written} bytes were written`)
  })

  t.test('a redirect is not followed', async t => {
    const elsewhere = await startServer(t, (_, response) => sendJson(response, {}))
    const { client } = await openFake(t, dialect, (_, response) => {
      response.writeHead(302, { location: `${elsewhere.url}/` }).end()
    })
    const [outcome] = await client.fetchCounts([a])
    t.equal(codeOf(outcome), 'INS_PLATFORM_REPLY')
    t.equal(elsewhere.requests.length, 0)
  })
}

function troubles (t: Test, dialect: PlatformDialect, a: string, b: string): void {
  const isolated = { timeoutMs: 150, deadlineMs: 400 }

  t.test('a drip of bytes ends with the deadline', async t => {
    const { client } = await openFake(t, dialect, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const drip = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(drip))
    }, isolated)
    t.strictSame((await client.fetchCounts([a, b])).map(codeOf), ['INS_PLATFORM_TIMEOUT', 'INS_PLATFORM_TIMEOUT'])
  })

  t.test('silence ends with the deadline', async t => {
    const { client } = await openFake(t, dialect, () => {}, isolated)
    t.strictSame((await client.fetchCounts([a])).map(codeOf), ['INS_PLATFORM_TIMEOUT'])
  })

  t.test('a server that is not there is reported as unreachable', async t => {
    const { client, server } = await openFake(t, dialect, () => {})
    await server.stop()
    t.strictSame((await client.fetchCounts([a])).map(codeOf), ['INS_PLATFORM_UNREACHABLE'])
  })

  const cuts: Record<string, Respond> = {
    'before the headers': (_, response) => response.destroy(),
    'within the body': (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"items":', () => response.destroy())
    }
  }
  for (const [when, cut] of Object.entries(cuts)) {
    t.test(`a connection cut ${when} is tried three times`, async t => {
      const { client, lookups } = await openFake(t, dialect, cut)
      t.strictSame((await client.fetchCounts([a])).map(codeOf), ['INS_PLATFORM_UNREACHABLE'])
      t.equal(lookups().length, 3)
    })

    t.test(`a connection cut ${when} is mended by a repeat`, async t => {
      const answer = answerFrom(dialect, new Map([[a, 4]]))
      let tries = 0
      const { client } = await openFake(t, dialect, (...args) => ++tries < 3 ? cut(...args) : answer(...args))
      t.strictSame(await client.fetchCounts([a]), [{ kind: 'ok', count: 4 }])
    })
  }

  for (const status of [500, 502, 503]) {
    t.test(`status ${status} is tried three times and is transient`, async t => {
      const { client, lookups } = await openFake(t, dialect, (_, response) => {
        response.writeHead(status, { 'content-type': 'text/html' }).end('<html>Error</html>')
      })
      const [outcome] = await client.fetchCounts([a])
      t.match(failureOf(outcome), { reason: 'transient', code: 'INS_PLATFORM_STATUS', retryAt: null })
      t.equal(lookups().length, 3)
    })
  }

  t.test('a Retry-After beyond the deadline is reported and not waited for', async t => {
    const { client, lookups } = await openFake(t, dialect, (_, response) => {
      response.writeHead(503, { 'retry-after': '120', 'content-type': 'text/plain' }).end()
    })
    const [outcome] = await client.fetchCounts([a])
    t.match(failureOf(outcome), { reason: 'transient', retryAt: Date.parse('2026-11-23T12:02:00Z') })
    t.equal(lookups().length, 1)
  })

  t.test('a throttle is not tried again', async t => {
    const { client, lookups } = await openFake(t, dialect, (_, response) => {
      response.writeHead(429, { 'content-type': 'text/plain' }).end('slow down')
    })
    const [outcome] = await client.fetchCounts([a])
    t.match(failureOf(outcome), { reason: 'throttled', code: 'INS_PLATFORM_THROTTLED', retryAt: null })
    t.equal(lookups().length, 1)
  })

  t.test('a refused credential is for a person to mend', async t => {
    const { client } = await openFake(t, dialect, (_, response) => sendJson(response, { title: 'Unauthorized' }, 401))
    t.match(failureOf((await client.fetchCounts([a]))[0]), { reason: 'auth', code: 'INS_PLATFORM_AUTH' })
  })

  t.test('a refused request is not repeated', async t => {
    const { client, lookups } = await openFake(t, dialect, (_, response) => sendJson(response, { oops: 1 }, 400))
    t.match(failureOf((await client.fetchCounts([a]))[0]), { reason: 'request', code: 'INS_PLATFORM_REQUEST' })
    t.equal(lookups().length, 1)
  })

  t.test('requests keep the path of the base address and ask for plain JSON', async t => {
    const { client, lookups } = await openFake(t, dialect, answerFrom(dialect, new Map([[a, 1]])))
    await client.fetchCounts([a])
    const [request] = lookups()
    t.ok(request?.target.startsWith(`${PATH_PREFIX}/`), 'the prefix is kept')
    t.match(request?.headers, { 'accept-encoding': 'identity', 'user-agent': 'insights-test/1', accept: /^application\/json/ })
  })

  t.test('no secret is in an address, and none of it, no id and no word of the platform in a failure', async t => {
    const words = 'words of the platform'
    const { client, server } = await openFake(t, dialect, (request, response) => {
      const said = { code: 190, message: `${words} ${dialect.secrets.join()} ${dialect.asked(request).join()}` }
      sendJson(response, { error: said, title: said.message, errors: [said] }, 403)
    })
    const text = JSON.stringify(await client.fetchCounts([a, b]))
    for (const secret of dialect.secrets) {
      t.notOk(server.requests.some(request => request.target.includes(secret)), 'not in an address')
      t.notOk(text.includes(secret), 'not in a failure')
    }
    for (const word of [words, a, b]) t.notOk(text.includes(word), 'nothing of the request or the reply is repeated')
  })

  t.test('closing cuts connections, and calls under way and later ones fail', async t => {
    const { client, server, lookups } = await openFake(t, dialect, () => {})
    const underWay = client.fetchCounts([a])
    await until(() => lookups().length === 1, 'the call has arrived')
    await client.close()
    t.strictSame((await underWay).map(codeOf), ['INS_PLATFORM_UNREACHABLE'])
    t.strictSame((await client.fetchCounts([a])).map(codeOf), ['INS_PLATFORM_UNREACHABLE'])
    await until(() => [...server.sockets].every((socket: Socket) => socket.destroyed), 'no connection is open')
    await client.close()
  })
}

export function countOf (outcome: CountOutcome | undefined): number | null {
  return outcome?.kind === 'ok' ? outcome.count : null
}

export function failureOf (outcome: CountOutcome | undefined): CallFailure | null {
  return outcome?.kind === 'failed' ? outcome.failure : null
}

export function codeOf (outcome: CountOutcome | undefined): string | null {
  return failureOf(outcome)?.code ?? outcome?.kind ?? null
}
