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
  const loads = Promise.all(['a', 'bb', ' A ', 'BB', 'a'].map(id => loader.load(id)))
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
  const loads = Promise.all(ids.map(id => loader.load(id))).finally(() => { isDone = true })
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

t.test('planned lookups gather while calls are under way, so that calls are full', async t => {
  const { loader, calls, answer, waiting } = openLoader({ gatherMs: 60_000 })
  const loads = Array.from({ length: 4 }, (_, n) => loader.load(`first-${n}`))
  await until(() => waiting() === 1, 'the full call is under way')
  loads.push(loader.load('late-1'))
  await new Promise(resolve => setImmediate(resolve))
  loads.push(loader.load('late-2'))
  await until(() => waiting() === 2, 'three have come together')
  answer()
  answer()
  await Promise.all(loads)
  t.strictSame(calls.map(ids => ids.length), [3, 3])
})

t.test('what gathers is sent when nothing is under way any more, and after its time in any case', async t => {
  const { loader, calls, answer, waiting } = openLoader({ gatherMs: 60_000 })
  const loads = ['a', 'b', 'c', 'd'].map(id => loader.load(id))
  await until(() => waiting() === 1, 'one call')
  answer()
  await until(() => waiting() === 1, 'the rest follows')
  answer()
  await Promise.all(loads)
  t.strictSame(calls, [['a', 'b', 'c'], ['d']])

  const other = openLoader({ gatherMs: 20 })
  const slow = ['a', 'b', 'c', 'd'].map(id => other.loader.load(id))
  await until(() => other.waiting() === 2, 'a call that hangs holds nothing up')
  other.answer()
  other.answer()
  await Promise.all(slow)
})

t.test('lookups on demand overtake a backlog, in a place of their own', async t => {
  const { loader, calls, answer, waiting } = openLoader()
  const backlog = Array.from({ length: 300 }, (_, n) => loader.load(`id-${n}`))
  await until(() => waiting() === 4, 'the places of the backlog are taken')
  const urgent = loader.load('urgent', { urgency: 'on_demand' })
  await until(() => waiting() === 5, 'there is one more')
  t.strictSame(calls.at(-1), ['urgent'])
  const others = [loader.load('second', { urgency: 'on_demand' }), loader.load('id-299', { urgency: 'on_demand' })]
  answer()
  await until(() => calls.length === 6, 'the next place is theirs')
  t.strictSame(calls.at(-1), ['second', 'id-299'], 'also when the backlog holds it already')
  let isDone = false
  const all = Promise.all([...backlog, urgent, ...others]).finally(() => { isDone = true })
  await until(() => {
    answer()
    return isDone
  }, 'all are answered')
  await all
  t.equal(calls.flat().length, 302, 'each id was asked for once')
})

t.test('where a call costs the same, what is left over is filled from the backlog', async t => {
  const asked: Array<readonly [number, string | undefined]> = []
  const { loader, answer, waiting } = openLoader({
    fillsCalls: true,
    fetchCounts: async (ids, { urgency }) => {
      asked.push([ids.length, urgency])
      return await new Promise(resolve => { pending.push(() => { resolve(ids.map(() => ok(1))) }) })
    }
  })
  const pending: Array<() => void> = []
  const backlog = Array.from({ length: 20 }, (_, n) => loader.load(`id-${n}`))
  await until(() => pending.length === 4, 'the backlog is under way')
  const urgent = loader.load('urgent', { urgency: 'on_demand' })
  await until(() => pending.length === 5, 'and what is urgent')
  t.strictSame(asked.at(-1), [3, 'on_demand'])
  let isDone = false
  const all = Promise.all([...backlog, urgent]).finally(() => { isDone = true })
  await until(() => {
    pending.shift()?.()
    return isDone
  }, 'all are answered')
  await all
  t.equal(asked.length, 7, 'the fewest calls')
  answer()
  t.equal(waiting(), 0)
})

t.test('what is urgent asks again when the planned call that it joined was held back', async t => {
  const refused = { kind: 'failed', failure: { reason: 'quota', code: 'INS_PLATFORM_QUOTA', detail: 'x', retryAt: null } } as const
  const pending: Array<() => void> = []
  const { loader } = openLoader({
    fetchCounts: async (_ids, { urgency }) => await new Promise(resolve => {
      pending.push(() => { resolve([urgency === 'planned' ? refused : ok(7)]) })
    })
  })
  const planned = loader.load('a')
  await until(() => pending.length === 1, 'the planned call is under way')
  const urgent = loader.load('a', { urgency: 'on_demand' })
  pending.shift()?.()
  t.strictSame(await planned, refused)
  await until(() => pending.length === 1, 'it asks again')
  pending.shift()?.()
  t.strictSame(await urgent, ok(7))
})
