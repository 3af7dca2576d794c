import { setImmediate as turn } from 'node:timers/promises'
import { t } from 'tap'
import { readJsonLines, toJsonLines } from '../src/lines.js'

const encoder = new TextEncoder()

async function readAll (chunks: Iterable<Uint8Array>): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const value of readJsonLines(ReadableStream.from(chunks) as ReadableStream<Uint8Array>)) values.push(value)
  return values
}

t.test('values come out as they are, wherever their bytes are cut', async t => {
  const bytes = encoder.encode('{"a":"ü€😀"}\n\n{"b":1}\n{"c":2}')
  for (let size = 1; size <= bytes.length; size++) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
    t.strictSame(await readAll(chunks), [{ a: 'ü€😀' }, { b: 1 }, { c: 2 }], `${size} bytes each`)
  }
  t.same(await readAll([]), [])
})

t.test('who leaves ends the transfer', async t => {
  let isLeft = false
  const body = new ReadableStream<Uint8Array>({
    pull: controller => { controller.enqueue(encoder.encode('1\n')) },
    cancel: () => { isLeft = true }
  })
  for await (const value of readJsonLines(body)) if (value === 1) break
  t.ok(isLeft)
})

t.test('values without a pause between them are sent in large pieces, and leave others their turn', async t => {
  const { body } = toJsonLines((function * () { for (;;) yield { connects: 1 } })())
  const reader = body.getReader()
  let turns = 0
  const end = new AbortController()
  const others = (async () => { for (; !end.signal.aborted; turns++) await turn() })()
  for (let chunk = 0; chunk < 20; chunk++) t.ok(((await reader.read()).value?.length ?? 0) >= 16_384)
  end.abort()
  await others
  t.ok(turns >= 20, `${turns} turns`)
})

t.test('a value goes out before the next one is there', async t => {
  let goOn = (): void => {}
  const paused = new Promise<void>(resolve => { goOn = resolve })
  const { body } = toJsonLines((async function * () {
    yield 1
    yield 2
    await paused
    yield 3
  })())
  const reader = body.getReader()
  const read = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value)
  let text = await read()
  if (text === '1\n') text += await read()
  t.equal(text, '1\n2\n')
  goOn()
  t.equal(await read(), '3\n')
  t.equal((await reader.read()).done, true)
})
