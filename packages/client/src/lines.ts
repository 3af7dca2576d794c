/** The values of lines of JSON as they come in. Ends the transfer when the reader leaves, or with what the signal says. */
export async function * readJsonLines<T> (body: ReadableStream<Uint8Array>, signal?: AbortSignal): AsyncGenerator<T, void> {
  const reader = body.getReader()
  signal?.addEventListener('abort', () => { reader.cancel().catch(() => {}) })
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      signal?.throwIfAborted()
      const lines = (rest + (done ? decoder.decode() : decoder.decode(value, { stream: true }))).split('\n')
      rest = done ? '' : lines.pop() ?? ''
      for (const line of lines) if (line !== '') yield JSON.parse(line) as T
      if (done) return
    }
  } finally {
    // After the end it does nothing; what is wrong with a transfer that nobody reads any more is of no interest.
    await reader.cancel().catch(() => {})
  }
}

/** So much is sent at once, in characters, where there is so much. */
const CHUNK = 16_384

export interface JsonLines {
  body: ReadableStream<Uint8Array>
  /** Ends the body with an error, and lets what makes the values know. */
  stop: () => void
  /** Is given when the making of the values throws, with what it threw. */
  failed: AbortSignal
}

/**
 * Values as lines of JSON, each made when there is room for it. Those that are made in one turn of the event loop are
 * sent together, and others get their turn between two chunks, also when the values come without any pause.
 */
export function toJsonLines (values: Iterable<unknown> | AsyncIterable<unknown>): JsonLines {
  const encoder = new TextEncoder()
  const iterator = Symbol.asyncIterator in values ? values[Symbol.asyncIterator]() : values[Symbol.iterator]()
  const failure = new AbortController()
  let next: Promise<IteratorResult<unknown>> | null = null
  let isStopped = false

  const take = async (): Promise<IteratorResult<unknown>> => {
    try {
      return await iterator.next()
    } catch (error) {
      failure.abort(error)
      throw error
    }
  }

  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const turn = new Promise<null>(resolve => { setTimeout(resolve, 0, null) })
    let text = ''
    while (text.length < CHUNK) {
      next ??= take()
      next.catch(() => {}) // It is thrown where it is waited for, which may be later.
      // A value that is not there yet keeps back only itself.
      const result = await (text === '' ? next : Promise.race([next, turn]))
      if (result === null || result.done === true) break
      text += `${JSON.stringify(result.value)}\n`
      next = null
    }
    await turn
    if (isStopped) throw new Error('Nobody reads the answer any more')
    if (text !== '') controller.enqueue(encoder.encode(text))
    else controller.close()
  }

  const stop = (): void => {
    isStopped = true
    const leave = async (): Promise<unknown> => await iterator.return?.()
    leave().catch(() => {}) // Whatever it still has to say, nobody asks for it any more.
  }
  return { body: new ReadableStream<Uint8Array>({ pull, cancel: stop }), stop, failed: failure.signal }
}
