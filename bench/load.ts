import autocannon, { type Result } from 'autocannon'
import { quantile } from './statistics.js'

const CONNECTIONS = 32

export interface Request {
  url: string
  method: 'GET' | 'POST' | 'PATCH'
  headers: Record<string, string>
  /** A function makes another one for each request. */
  body?: string | (() => string)
}

/** Rate and latency of one round. */
export interface Load {
  /** Answers per second. */
  perSecond: number
  p50Ms: number
  p99Ms: number
}

/**
 * Sends the request as often as the server answers, on 32 connections that stay open, one at a time on each.
 *
 * @throws Error when a single one was not answered with success: then it was not what is to be measured.
 */
export async function load (request: Request, seconds: number): Promise<Load> {
  const latencies: number[] = []
  const result = await new Promise<Result>((resolve, reject) => {
    const { body, ...sent } = request
    const bodies = typeof body === 'function'
      ? { requests: [{ setupRequest: (next: object) => ({ ...next, body: body() }) }] }
      : body !== undefined && { body }
    const options = { ...sent, ...bodies, connections: CONNECTIONS, pipelining: 1, duration: seconds, sampleInt: 50 }
    const run = autocannon(options, (error, result) => {
      if (error === null) resolve(result)
      else reject(error)
    })
    // Its own histogram knows whole milliseconds only.
    run.on('response', (_client, _status, _bytes, ms: number) => { latencies.push(ms) })
  })
  const { '2xx': answers, non2xx, errors, duration } = result
  if (non2xx > 0 || errors > 0) {
    throw new Error(`${request.method} ${request.url}: ${answers} good answers, ${non2xx} others, ${errors} broken connections`)
  }
  // A short round on a busy machine: no rate of zero, but one that was not measured.
  if (answers === 0) return await load(request, 2 * seconds)
  return { perSecond: answers / duration, p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) }
}
