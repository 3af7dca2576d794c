import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { startCall } from '../src/deadline.js'
import { CallError } from '../src/failure.js'
import { createOpenGate, type Pass } from '../src/gate.js'
import { openHttp, type SendOptions } from '../src/http.js'
import { testSettings } from './contract/dialect.js'
import { sendJson, startServer } from './fake-server.js'

/** Of timers the earlier one runs first, however slow the machine, so a race against this is no gate in real time. */
const late = (): Promise<string> => delay(2500, 'waited too long', { ref: false })

t.test('a connection that does not come about is not waited for beyond the deadline', async t => {
  const silent = createServer(() => {})
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => { silent.close() })
  const url = new URL(`https://127.0.0.1:${(silent.address() as AddressInfo).port}/`)
  const http = openHttp('Test', { ...testSettings, timeoutMs: 100 })
  t.teardown(() => http.close())
  const sent = http.send({ method: 'GET', url, headers: {} }, await within(250))
  t.equal(await Promise.race([codeOf(sent), late()]), 'INS_PLATFORM_TIMEOUT', 'the limit of connections is 3 seconds')
})

t.test('a Retry-After within the deadline is waited for', async t => {
  let arrived = 0
  const server = await startServer(t, (_, response) => {
    if (++arrived === 1) sendJson(response, {}, 503, { 'retry-after': '1' })
    else sendJson(response, {})
  })
  const http = openHttp('Test', testSettings)
  t.teardown(() => http.close())
  const began = performance.now()
  const reply = await http.send({ method: 'GET', url: new URL(server.url), headers: {} }, await within(8000))
  t.equal(reply.status, 200)
  t.ok(performance.now() - began >= 990, 'not before the time')
})

t.test('each pause between tries is drawn at random', async t => {
  const drawn: number[] = []
  const server = await startServer(t, (_, response) => sendJson(response, {}, 500))
  const http = openHttp('Test', { ...testSettings, random: () => drawn.push(1) * 0 })
  t.teardown(() => http.close())
  const reply = await http.send({ method: 'GET', url: new URL(server.url), headers: {} }, await within(8000))
  t.equal(reply.status, 500)
  t.equal(drawn.length, 2, 'three tries have two pauses')
})

t.test('a try counts as failed only when it had half of its usual time, and one that was not sent never does', async t => {
  const server = await startServer(t, () => {})
  const http = openHttp('Test', { ...testSettings, timeoutMs: 100 })
  t.teardown(() => http.close())
  for (const [leftMs, told, requests] of [[0, [], 0], [20, [], 1], [60, [false], 2], [500, [false], 3]] as const) {
    const { pass, verdicts } = listen()
    const sent = http.send({ method: 'GET', url: new URL(server.url), headers: {} }, { deadline: { remainingMs: () => leftMs }, pass, tries: 1 })
    t.equal(await codeOf(sent), 'INS_PLATFORM_TIMEOUT')
    t.strictSame(verdicts, told, `${leftMs} ms`)
    t.ok(server.requests.length <= requests)
  }
})

t.test('what closing cuts off says nothing of the platform', async t => {
  const http = openHttp('Test', testSettings)
  const server = await startServer(t, async () => { await http.close() })
  const { pass, verdicts } = listen()
  const sent = http.send({ method: 'GET', url: new URL(server.url), headers: {} }, { deadline: startCall(5000, 'planned'), pass })
  t.equal(await codeOf(sent), 'INS_PLATFORM_UNREACHABLE')
  t.strictSame(verdicts, [])
})

t.test('closing ends a pause between tries', async t => {
  const server = await startServer(t, (_, response) => sendJson(response, {}, 503, { 'retry-after': '5' }))
  // Drawn just before the pause begins.
  const random = (): number => {
    setImmediate(() => http.close())
    return 0
  }
  const http = openHttp('Test', { ...testSettings, random })
  const sent = http.send({ method: 'GET', url: new URL(server.url), headers: {} }, await within(8000))
  t.equal(await Promise.race([codeOf(sent), late()]), 'INS_PLATFORM_UNREACHABLE')
})

t.test('an argument that can not be sent is a bug, not trouble with the platform', async t => {
  const http = openHttp('Test', testSettings)
  t.teardown(() => http.close())
  const request = { method: 'GET' as const, url: new URL('http://127.0.0.1/'), headers: { 'bad name': 'x' } }
  const error: unknown = await http.send(request, await within(500)).catch((error: unknown) => error)
  t.ok(error instanceof Error && !(error instanceof CallError))
})

/** Leave to send, and so much time for it. */
async function within (limitMs: number): Promise<SendOptions> {
  const call = startCall(limitMs, 'planned')
  return { deadline: call, pass: await createOpenGate(testSettings.clock.now).reserve({ charge: {} }, call) }
}

/** Leave to send, and what is told of the tries. */
function listen (): { pass: Pass, verdicts: boolean[] } {
  const verdicts: boolean[] = []
  return { verdicts, pass: { granted: 1, beforeTry: async () => {}, afterTry: async isAlive => { verdicts.push(isAlive) } } }
}

/** The code that a call fails with; `null` when it does not fail so. */
async function codeOf (call: Promise<unknown>): Promise<string | null> {
  const error: unknown = await call.then(() => null, (error: unknown) => error)
  return error instanceof CallError ? error.failure.code : null
}
