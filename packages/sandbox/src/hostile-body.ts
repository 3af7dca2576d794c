/** Bodies that no honest platform sends: without end, far too large, far too slow. */
import type { ServerResponse } from 'node:http'
import { Readable, pipeline } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Answer } from './exchange.js'

const PIECE_BYTES = 65_536

/** What a bomb unpacks to, per piece: a megabyte, which packs into about a thousandth of it. */
const UNPACKED_PIECE_BYTES = 1_000_000

const JSON_HEADERS = { 'content-type': 'application/json; charset=UTF-8' }

/** White space, which every JSON text may begin with, for as long as the caller listens. */
export function sendEndless (response: ServerResponse): void {
  response.writeHead(200, JSON_HEADERS)
  stream(response, pieces(Infinity))
}

/** So many bytes, announced with their number. */
export function sendHuge (response: ServerResponse, bytes: number): void {
  response.writeHead(200, { ...JSON_HEADERS, 'content-length': bytes })
  stream(response, pieces(bytes))
}

/** A small body that unpacks to at least so many bytes. */
export function sendBomb (response: ServerResponse, bytes: number): void {
  response.writeHead(200, { ...JSON_HEADERS, 'content-encoding': 'gzip' })
  // Packed texts one after the other are the packed whole.
  const packed = gzipSync(Buffer.alloc(UNPACKED_PIECE_BYTES, ' '))
  stream(response, repeat(packed, Math.ceil(bytes / UNPACKED_PIECE_BYTES)))
}

/** The answer, so many bytes per second. */
export function sendDrip (response: ServerResponse, { status, headers, text }: Answer, bytesPerSecond: number): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) })
  stream(response, drops(Buffer.from(text), 1000 / bytesPerSecond))
}

/** As fast as the caller reads and no faster; ends when the caller has gone. */
function stream (response: ServerResponse, source: Iterable<Buffer> | AsyncIterable<Buffer>): void {
  pipeline(Readable.from(source, { objectMode: false }), response, () => {
    // That the caller leaves early is the point of these bodies.
  })
}

function * pieces (bytes: number): Generator<Buffer> {
  const piece = Buffer.alloc(PIECE_BYTES, ' ')
  for (let left = bytes; left > 0; left -= PIECE_BYTES) yield left < PIECE_BYTES ? piece.subarray(0, left) : piece
}

function * repeat (piece: Buffer, times: number): Generator<Buffer> {
  for (let time = 0; time < times; time++) yield piece
}

async function * drops (body: Buffer, pauseMs: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at++) {
    yield body.subarray(at, at + 1)
    await delay(pauseMs, undefined, { ref: false })
  }
}
