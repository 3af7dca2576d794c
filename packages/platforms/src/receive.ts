/** Receives a reply: refuses what was not asked for and reads no more than a limit. */

export interface Reply {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** `null` when the body was not read to its end; `fault` then says why, as the end of a sentence. */
  text: string | null
  fault: string
}

/** A reply of which only the headers have arrived, as undici gives it. */
interface Response {
  statusCode: number
  headers: Reply['headers']
  body: AsyncIterable<Buffer> & { on: (event: 'error', listener: () => void) => unknown, destroy: () => unknown }
}

/** Enough for most replies; doubled as needed. */
const FIRST_BUFFER_BYTES = 16 * 1024

/** The first value of a header; names are in lower case. */
export function headerOf (reply: Reply, name: string): string | undefined {
  const value = reply.headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** Rejects when the connection breaks off. A body that can not be used is a `fault`, so that the status still counts. */
export async function receiveReply (response: Response, maxBytes: number): Promise<Reply> {
  const { statusCode: status, headers, body } = response
  // A body that is dropped halfway reports that as an error, which nobody else listens to.
  body.on('error', () => {})
  const refusal = refusalOf(headers, maxBytes)
  if (refusal !== null) {
    body.destroy()
    return { status, headers, text: null, fault: refusal }
  }
  const bytes = await readUpTo(body, maxBytes)
  const text = bytes === null ? null : decodeUtf8(bytes)
  const fault = bytes === null ? tooLarge(maxBytes) : text === null ? 'is not UTF-8' : ''
  return { status, headers, text, fault }
}

function refusalOf (headers: Reply['headers'], maxBytes: number): string | null {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') return 'is compressed, which was not asked for'
  return Number(headers['content-length'] ?? 0) > maxBytes ? tooLarge(maxBytes) : null
}

function tooLarge (maxBytes: number): string {
  return `is larger than ${maxBytes} bytes`
}

/**
 * `null` when there is more than that; leaving the loop cuts the connection. Chunks are copied together as they come:
 * kept as they are, a body sent byte by byte would take a hundred times its size.
 */
async function readUpTo (body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer | null> {
  let bytes: Buffer = Buffer.allocUnsafe(Math.min(FIRST_BUFFER_BYTES, maxBytes))
  let size = 0
  for await (const chunk of body) {
    const needed = size + chunk.length
    if (needed > maxBytes) return null
    if (needed > bytes.length) bytes = enlarge(bytes, Math.min(Math.max(needed, 2 * bytes.length), maxBytes))
    chunk.copy(bytes, size)
    size = needed
  }
  return bytes.subarray(0, size)
}

function enlarge (bytes: Buffer, length: number): Buffer {
  const larger = Buffer.allocUnsafe(length)
  bytes.copy(larger)
  return larger
}

function decodeUtf8 (bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // Bytes that are not UTF-8 are the only reason for which decoding fails.
    return null
  }
}
