/** The part of autocannon 8 that load.ts uses; the package has no types of its own. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events'

  interface Options {
    url: string
    method: 'GET' | 'POST' | 'PATCH'
    headers: Record<string, string>
    body?: string
    /** One makes each request, out of the one that it would be otherwise. */
    requests?: Array<{ setupRequest: (next: object) => object }>
    connections: number
    pipelining: number
    /** Seconds. */
    duration: number
    /** Milliseconds; the run also ends on such a beat. */
    sampleInt: number
  }

  export interface Result {
    '2xx': number
    non2xx: number
    /** Broken connections and timeouts. */
    errors: number
    /** Seconds. */
    duration: number
  }

  /** Emits `response` with client, status, bytes and milliseconds. */
  export default function autocannon (options: Options, done: (error: Error | null, result: Result) => void): EventEmitter
}
