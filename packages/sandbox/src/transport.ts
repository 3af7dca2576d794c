import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@insights/shared'
import type { WritableCallLog } from './call-log.js'
import type { Control } from './control.js'
import { decode, htmlAnswer, jsonAnswer, type Answer, type Call, type StandIn } from './exchange.js'
import { withCounts, withItemsReversed, withStrangers } from './distortion.js'
import { damageOf, type FireableFaults, type Fault } from './faults.js'
import { sendBomb, sendDrip, sendEndless, sendHuge } from './hostile-body.js'
import type { Platforms } from './platforms.js'

/** The largest honest body, a Graph batch, stays below 100 kB. */
const MAX_BODY_BYTES = 1_000_000

interface Deps {
  clock: Clock
  platforms: Platforms
  faults: FireableFaults
  calls: WritableCallLog
  control: Control
}

export interface Transport {
  serve: (request: IncomingMessage, response: ServerResponse) => void
  /** Gives up every answer that waits for its delay. */
  close: () => void
}

/** Turns HTTP requests into calls and answers into HTTP, faults included. */
export function createTransport ({ clock, platforms, faults, calls, control }: Deps): Transport {
  const waiting = new Set<NodeJS.Timeout>()

  async function handle (request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request)
    const { pathname, searchParams } = new URL(`http://sandbox${request.url}`)
    const host = `http://${request.headers.host ?? 'localhost'}`
    const route = platforms.route(pathname)
    if (route === null) {
      send(response, control.answer({ method: request.method ?? 'GET', path: decode(pathname), query: searchParams, body, host }))
      return
    }
    const call = {
      method: request.method ?? 'GET',
      path: decode(route.path),
      query: searchParams,
      form: formOf(request, body),
      headers: request.headers,
      baseUrl: host + route.base
    }
    perform(route.standIn, call, response)
  }

  /** The call counts as made when it arrives: a client that gives up waiting has used up its quota all the same. */
  function perform (standIn: StandIn, call: Call, response: ServerResponse): void {
    const { platform } = standIn
    const { method, path } = call
    const ids = standIn.idsOf(call)
    const { delayMs, fault } = faults.take(platform, path, ids)
    const answer = fault?.kind === 'reset' ? null : answerFor(standIn, call, fault, ids)
    calls.add({ platform, method, path, ids, status: answer?.status ?? null, cost: answer?.cost ?? 0, at: clock.now() })
    const finish = () => deliver(response, answer, fault)
    if (delayMs === 0) finish()
    else later(delayMs, finish)
  }

  function later (delayMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      waiting.delete(timer)
      act()
    }, delayMs)
    waiting.add(timer)
  }

  return {
    serve: (request, response) => {
      handle(request, response).catch((error: Error) => {
        // An unreadable address, a body that is too large, or a client that left while sending: nobody reads that one.
        send(response, jsonAnswer(400, { title: 'The request can not be read', status: 400, detail: error.message }))
      })
    },
    close: () => waiting.forEach(timer => clearTimeout(timer))
  }
}

function answerFor (standIn: StandIn, call: Call, fault: Fault | null, ids: string[]): Answer {
  const cheap = { headers: {}, text: '', cost: 0 }
  switch (fault?.kind) {
    case 'status': return statusAnswer(fault.status, fault.body, fault.headers)
    case 'html': return htmlAnswer(fault.status ?? 200, 'Please try again')
    case 'empty': return { status: fault.status ?? 200, ...cheap }
    case 'wrong_type': return jsonAnswer(200, fault.body ?? null)
    case 'endless': case 'huge': case 'gzip_bomb': return { status: 200, ...cheap }
    case 'error': if (fault.level !== 'parts') return standIn.error(fault.error, call)
  }
  return distort(standIn.answer(call, damageOf(fault, ids)), fault)
}

function distort (answer: Answer, fault: Fault | null): Answer {
  switch (fault?.kind) {
    case 'count': return withCounts(answer, fault.json)
    case 'reversed': return withItemsReversed(answer)
    case 'strangers': return withStrangers(answer)
    default: return answer
  }
}

function statusAnswer (status: number, body: unknown = '', headers: Record<string, string> = {}): Answer {
  if (typeof body === 'string') return { status, headers, text: body, cost: 0 }
  return jsonAnswer(status, body, { headers })
}

/** What a body without a size of its own is, unless the fault says otherwise. */
const HUGE_BYTES = 1_000_000_000

function deliver (response: ServerResponse, answer: Answer | null, fault: Fault | null): void {
  if (answer === null) {
    response.socket?.resetAndDestroy()
    return
  }
  switch (fault?.kind) {
    case 'reset_mid_body': return sendHalf(response, answer)
    case 'truncated_json': return send(response, { ...answer, text: firstHalf(answer.text) })
    case 'drip': return sendDrip(response, answer, fault.bytesPerSecond ?? 1)
    case 'endless': return sendEndless(response)
    case 'huge': return sendHuge(response, fault.bytes ?? HUGE_BYTES)
    case 'gzip_bomb': return sendBomb(response, fault.bytes ?? HUGE_BYTES)
    default: return send(response, answer)
  }
}

function send (response: ServerResponse, { status, headers, text }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

function sendHalf (response: ServerResponse, { status, headers, text }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) })
  // A reset would take the bytes along that the client has not read yet, so the connection is closed too early instead.
  response.write(firstHalf(text), () => response.socket?.destroy())
}

function firstHalf (text: string): string {
  return text.slice(0, Math.ceil(text.length / 2))
}

async function readBody (request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    // Read to its end even so: an answer to half a request would not be heard.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (size > MAX_BODY_BYTES) throw new Error(`The body is larger than ${MAX_BODY_BYTES} bytes.`)
  return Buffer.concat(chunks).toString('utf8')
}

function formOf (request: IncomingMessage, body: string): URLSearchParams {
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false
  return new URLSearchParams(isForm ? body : '')
}
