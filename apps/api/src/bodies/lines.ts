import type { Readable } from 'node:stream'
import { AppError, type Milliseconds } from '@insights/shared'

/** One line of a body that comes in as a stream. */
export interface Line {
  /** From 1 on; lines without content count too. */
  number: number
  /** Without its line break; `null` = it was longer than allowed and was thrown away. */
  bytes: Buffer | null
}

export interface LineOptions {
  maxLineBytes: number
  /** The longest wait for a line to be complete, not counting the time in which nobody asks for one. */
  stallMs: Milliseconds
}

const LINE_FEED = 0x0A

/**
 * Reads lines as they come, those that have arrived together as one batch, and no further ahead than the stream
 * buffers. Lines without content are left out. What is after the last line break counts once the stream has ended
 * properly.
 *
 * @throws `INS_REQUEST_TIMEOUT` when no line is completed in time; the error of a stream that breaks off.
 */
export async function * readLines (stream: Readable, { maxLineBytes, stallMs }: LineOptions): AsyncGenerator<Line[], void> {
  const splitter = createSplitter(maxLineBytes)
  let leftMs = stallMs
  for (;;) {
    const since = performance.now()
    const chunk = await nextChunk(stream, leftMs)
    leftMs -= performance.now() - since
    const lines = chunk === null ? splitter.end() : splitter.split(chunk)
    if (splitter.completed()) leftMs = stallMs
    if (lines.length > 0) yield lines
    if (chunk === null) return
  }
}

/** Everything that has arrived; `null` = the end. */
async function nextChunk (stream: Readable, limitMs: Milliseconds): Promise<Buffer | null> {
  for (;;) {
    const chunk = stream.read() as Buffer | null
    if (chunk !== null) return chunk
    if (stream.readableEnded) return null
    if (stream.destroyed) throw stream.errored ?? new AppError('INS_REQUEST_MALFORMED', 'The request broke off.')
    await somethingHappens(stream, limitMs)
  }
}

async function somethingHappens (stream: Readable, limitMs: Milliseconds): Promise<void> {
  const events = ['readable', 'end', 'error', 'close'] as const
  let timer: NodeJS.Timeout | undefined
  let go = (): void => {}
  try {
    await new Promise<void>((resolve, reject) => {
      go = resolve
      for (const event of events) stream.once(event, go)
      timer = setTimeout(() => { reject(new AppError('INS_REQUEST_TIMEOUT', 'The rest of the request did not arrive in time.')) }, Math.max(0, limitMs))
    })
  } finally {
    clearTimeout(timer)
    for (const event of events) stream.off(event, go)
  }
}

interface Splitter {
  split: (chunk: Buffer) => Line[]
  /** What is left at the end. */
  end: () => Line[]
  /** Whether a line break came since the last question. */
  completed: () => boolean
}

function createSplitter (maxLineBytes: number): Splitter {
  let number = 0
  let parts: Buffer[] = []
  let length = 0
  let hasCompleted = false

  const add = (part: Buffer): void => {
    length += part.length
    // Of a line that is too long only the length is kept.
    if (length <= maxLineBytes) parts.push(part)
    else parts = []
  }
  const take = (): Line[] => {
    number++
    const line = { number, bytes: length > maxLineBytes ? null : Buffer.concat(parts) }
    parts = []
    length = 0
    return line.bytes !== null && isBlank(line.bytes) ? [] : [line]
  }
  return {
    split: chunk => {
      const lines: Line[] = []
      let from = 0
      for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
        add(chunk.subarray(from, at))
        lines.push(...take())
        from = at + 1
        hasCompleted = true
      }
      if (from < chunk.length) add(chunk.subarray(from))
      return lines
    },
    end: () => length === 0 ? [] : take(),
    completed: () => {
      const had = hasCompleted
      hasCompleted = false
      return had
    }
  }
}

/** Nothing but what JSON takes for space. */
function isBlank (bytes: Buffer): boolean {
  return bytes.every(byte => byte === 0x20 || byte === 0x09 || byte === 0x0D)
}
