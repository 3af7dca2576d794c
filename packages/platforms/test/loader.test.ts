import t from 'tap'
import { createLoader, type CountLoader, type LoaderOptions } from '../src/loader.js'
import type { CountOutcome } from '../src/port.js'
import { until } from './fake-server.js'

interface Recorder {
  loader: CountLoader
  calls: Array<readonly string[]>
  /** Answers the oldest call that waits. */
  answer: () => void
  waiting: () => number
}

/** A loader whose calls wait to be answered with the length of each id as its count. */
function openLoader (options: Partial<LoaderOptions> = {}): Recorder {
  const calls: Array<readonly string[]> = []
  const pending: Array<() => void> = []
  const loader = createLoader({
    platform: 'x',
    maxBatchSize: 3,
    normaliseId: id => id.startsWith('!') ? null : id.trim().toLowerCase(),
    windowMs: 1,
    fetchCounts: ids => new Promise(resolve => {
      calls.push(ids)
      pending.push(() => resolve(ids.map(id => ({ kind: 'ok', count: id.length }))))
    }),
    ...options
  })
  return { loader, calls, answer: () => pending.shift()?.(), waiting: () => pending.length }
}

const ok = (count: number): CountOutcome => ({ kind: 'ok', count })

t.test('lookups of one window go into one call, each id once', async t => {
  const { loader, calls, answer, waiting } = openLoader()
  const loads = Promise.all(['a', 'bb', ' A ', 'BB', 'a'].map(loader.load))
  await until(() => waiting() === 1, 'a call is made')
  answer()
  t.strictSame(await loads, [ok(1), ok(2), ok(1), ok(2), ok(1)])
  t.strictSame(calls, [['a', 'bb']])
})

t.test('an id that is being asked for is joined, also by a later window', async t => {
  const { loader, calls, answer, waiting } = openLoader()
  const first = loader.load('a')
  await until(() => waiting() === 1, 'the call is under way')
  const second = loader.load('A')
  const other = loader.load('bb')
  await until(() => waiting() === 2, 'the other id has its own call')
  answer()
  t.strictSame(await Promise.all([first, second]), [ok(1), ok(1)], 'without waiting for the call of the other id')
  answer()
  t.strictSame(await other, ok(2))
  t.strictSame(calls, [['a'], ['bb']])
})

t.test('an answer is not kept', async t => {
  const { loader, calls, answer, waiting } = openLoader()
  for (let n = 0; n < 2; n++) {
    const load = loader.load('a')
    await until(() => waiting() === 1, 'a call is made')
    answer()
    await load
  }
  t.equal(calls.length, 2)
})

t.test('a failure is not kept either', async t => {
  const failure = { kind: 'failed', failure: { reason: 'transient', code: 'INS_PLATFORM_STATUS', detail: 'x', retryAt: null } } as const
  let calls = 0
  const { loader } = openLoader({ fetchCounts: async ids => ids.map(() => ++calls === 1 ? failure : ok(5)) })
  t.strictSame(await loader.load('a'), failure)
  t.strictSame(await loader.load('a'), ok(5))
})

t.test('an id that the platform can not have is answered without a call', async t => {
  const { loader, calls } = openLoader()
  t.strictSame(await loader.load('!'), { kind: 'invalid_id' })
  t.equal(calls.length, 0)
})

t.test('many ids fill calls to the limit, four at a time', async t => {
  const { loader, calls, answer, waiting } = openLoader()
  const ids = Array.from({ length: 16 }, (_, n) => `id-${n}`)
  let isDone = false
  const loads = Promise.all(ids.map(loader.load)).finally(() => { isDone = true })
  await until(() => waiting() === 4, 'four calls are under way')
  let most = 0
  await until(() => {
    most = Math.max(most, waiting())
    // One free place is taken before the next is made, or there is nothing left to ask.
    if (waiting() === 4 || calls.length === 6) answer()
    return isDone
  }, 'all are answered')
  t.equal(most, 4)
  t.equal((await loads).length, 16)
  t.strictSame(calls.map(ids => ids.length), [3, 3, 3, 3, 3, 1])
  t.strictSame(calls.flat(), ids)
})

t.test('a bug in a call reaches those who asked and holds no place', async t => {
  let calls = 0
  const { loader } = openLoader({
    fetchCounts: async ids => {
      if (++calls <= 5) throw new TypeError('a bug')
      return ids.map(() => ok(1))
    }
  })
  for (let n = 0; n < 5; n++) await t.rejects(loader.load('a'), TypeError)
  t.strictSame(await loader.load('a'), ok(1))
})
