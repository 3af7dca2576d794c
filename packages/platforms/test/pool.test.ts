/** Two loaders on one shared state, as two worker processes have it. */
import { systemClock, type SharedState } from '@insights/shared'
import t, { type Test } from 'tap'
import { createLoader, type CountLoader, type LoaderOptions } from '../src/loader.js'
import { createMemoryState } from '../src/memory-state.js'
import { createPool } from '../src/pool.js'
import type { CountOutcome } from '../src/port.js'
import { createSeal } from '../src/seal.js'
import { createSharedAnswers } from '../src/shared-answers.js'
import { until } from './fake-server.js'

interface Lab {
  /** Opens what one more process has. */
  open: (options?: { own?: SharedState } & Partial<LoaderOptions>) => CountLoader
  /** The ids of each call of all processes. */
  calls: Array<readonly string[]>
  /** Answers the oldest call that waits. */
  answer: () => void
  waiting: () => number
  /** How often a process has looked without claiming. */
  looks: () => number
  shared: SharedState
}

const ACCOUNT = { platform: 'youtube', credentials: { apiKey: 'key' }, isStandIn: false } as const

function openLab (): Lab {
  const calls: Array<readonly string[]> = []
  const pending: Array<() => void> = []
  const state = createMemoryState(systemClock)
  let looks = 0
  const shared: SharedState = {
    ...state,
    claim: async (list, names, options) => {
      if (options.leaseMs === null) looks++
      return await state.claim(list, names, options)
    }
  }
  const open: Lab['open'] = ({ own = shared, ...options } = {}) => createLoader({
    platform: 'youtube',
    maxBatchSize: 4,
    normaliseId: id => id,
    windowMs: 1,
    gatherMs: 1,
    answers: createSharedAnswers({ ...ACCOUNT, shared: own, clock: systemClock, deadlineMs: 10_000 }),
    pool: createPool({ ...ACCOUNT, shared: own, maxBatchSize: 4 }),
    fetchCounts: ids => new Promise(resolve => {
      calls.push(ids)
      pending.push(() => { resolve(ids.map(id => ({ kind: 'ok', count: id.length }))) })
    }),
    ...options
  })
  return { open, calls, answer: () => { pending.shift()?.() }, waiting: () => pending.length, looks: () => looks, shared }
}

const ids = (name: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${name}-${n}`)
const loadAll = (loader: CountLoader, some: readonly string[]): Array<Promise<CountOutcome>> =>
  some.map(async id => await loader.load(id, { maxAgeMs: 60_000 }))

/** Waits until the loader has looked twice how its ids stand. */
async function passLook ({ looks }: Lab): Promise<void> {
  const from = looks()
  await until(() => looks() > from + 1, 'it has looked')
}

async function untilPooled ({ shared }: Lab, count: number): Promise<void> {
  const seal = createSeal(JSON.stringify(ACCOUNT.credentials), 'insights pool')
  let found: unknown[] = []
  await until(() => {
    shared.read('pool:youtube').then(({ value }) => { found = seal.open(value ?? '') as unknown[] ?? [] }, () => {})
    return found.length === count
  }, `${count} are in the pool`)
}

t.test('what two processes have left over fills one call, which one of them makes for both', async t => {
  const lab = openLab()
  const [one, other] = [lab.open(), lab.open()]
  const first = loadAll(one, ids('one', 6))
  await until(() => lab.waiting() === 1, 'a full call is under way')
  await untilPooled(lab, 2)
  const second = loadAll(other, ids('other', 6))
  await until(() => lab.waiting() === 3, 'there is a call of what both have left')
  t.strictSame(lab.calls.map(({ length }) => length), [4, 4, 4])
  t.equal(new Set(lab.calls.flat()).size, 12)
  while (lab.waiting() > 0) lab.answer()
  t.ok((await Promise.all([...first, ...second])).every(({ kind }) => kind === 'ok'), 'each process has its answers')
})

t.test('what nothing is added to is asked after a while, once', async t => {
  const lab = openLab()
  const [one, other] = [lab.open(), lab.open()]
  const loads = [...loadAll(one, ids('one', 5)), ...loadAll(other, ids('other', 5))]
  await until(() => lab.waiting() === 2, 'two full calls are under way')
  lab.answer()
  await until(() => lab.waiting() === 2, 'a third one follows')
  t.strictSame(lab.calls.map(({ length }) => length), [4, 4, 2])
  while (lab.waiting() > 0) lab.answer()
  t.ok((await Promise.all(loads)).every(({ kind }) => kind === 'ok'))
  t.equal(lab.calls.length, 3)
})

t.test('who waits on demand is not held up by the pool, of whichever process', async t => {
  const lab = openLab()
  const [one, other] = [lab.open(), lab.open()]
  const loads = loadAll(one, ids('one', 6))
  await until(() => lab.waiting() === 1, 'a full call is under way')
  await untilPooled(lab, 2)
  const urgent = [one.load('one-4', { urgency: 'on_demand' }), other.load('one-5', { urgency: 'on_demand' })]
  await until(() => lab.waiting() === 3, 'both are asked')
  t.strictSame(lab.calls.slice(1).sort(), [['one-4'], ['one-5']])
  while (lab.waiting() > 0) lab.answer()
  t.ok((await Promise.all([...urgent, ...loads])).every(({ kind }) => kind === 'ok'))
  t.equal(lab.calls.length, 3, 'and nothing twice')
})

t.test('a process that takes ids out of the pool and dies is not waited for without end', async t => {
  const lab = openLab()
  const loads = loadAll(lab.open({ heldPatienceMs: 500 }), ids('one', 6))
  await until(() => lab.waiting() === 1, 'a full call is under way')
  await untilPooled(lab, 2)
  const stolen = await createPool({ ...ACCOUNT, shared: lab.shared, maxBatchSize: 2 }).visit([])
  t.strictSame(stolen?.taken.sort(), ['one-4', 'one-5'])
  await until(() => lab.waiting() === 2, 'they are asked all the same')
  while (lab.waiting() > 0) lab.answer()
  await Promise.all(loads)
})

t.test('an id that is asked for another process makes no answer too old', async t => {
  let now = 1_000_000
  const clock = { now: () => now }
  const shared = createMemoryState(clock)
  const answers = createSharedAnswers({ ...ACCOUNT, shared, clock, deadlineMs: 10_000 })
  await answers.claim(['known'], 0)
  answers.keep([{ id: 'known', isClaimed: true, outcome: { kind: 'ok', count: 7 } }])
  now += 60_000
  const lab = openLab()
  const known: Array<Promise<CountOutcome>> = []
  const loader = lab.open({
    answers,
    pool: {
      visit: async () => {
        if (known.length > 0) return { taken: [], isFull: false, left: new Set(), version: 2 }
        known.push(loader.load('known', { maxAgeMs: 300_000 }))
        return { taken: ['foreign'], isFull: false, left: new Set(), version: 1 }
      }
    }
  })
  const loads = loadAll(loader, ids('one', 5))
  await until(() => lab.waiting() === 2, 'the foreign one is asked')
  t.strictSame(lab.calls.at(-1), ['foreign'])
  t.match(await known[0], { kind: 'ok', count: 7, ageMs: 60_000 })
  t.equal(loads.length, 5)
})

t.test('an id that another process has asked for and pooled again waits on, and one that got no answer is asked', async t => {
  const lab = openLab()
  const other = createSharedAnswers({ ...ACCOUNT, shared: lab.shared, clock: systemClock, deadlineMs: 10_000 })
  const pool = createPool({ ...ACCOUNT, shared: lab.shared, maxBatchSize: 4 })
  const loads = loadAll(lab.open(), ids('one', 6))
  await until(() => lab.waiting() === 1, 'a full call is under way')
  await untilPooled(lab, 2)
  t.match(await pool.visit([], { takesAll: true }), { taken: ['one-4', 'one-5'] })
  await other.claim(['one-4', 'one-5'], 0)
  await passLook(lab)
  await pool.visit(['one-4'])
  other.keep(['one-4', 'one-5'].map(id => ({ id, isClaimed: true, outcome: null })))
  await until(() => lab.waiting() === 2, 'one is asked')
  t.strictSame(lab.calls.at(-1), ['one-5'])
  await until(() => lab.waiting() === 3, 'the other one too, in its time')
  t.strictSame(lab.calls.at(-1), ['one-4'])
  while (lab.waiting() > 0) lab.answer()
  await Promise.all(loads)
})

t.test('without the shared state everybody asks alone', async t => {
  const lab = openLab()
  const away = async (): Promise<never> => { throw new Error('away') }
  const loads = loadAll(lab.open({ own: { read: away, swap: away, claim: away, keep: away } }), ids('one', 6))
  await until(() => lab.waiting() === 2, 'the full call and the rest')
  while (lab.waiting() > 0) lab.answer()
  t.ok((await Promise.all(loads)).every(({ kind }) => kind === 'ok'))
})

t.test('the pool', async t => {
  const open = (shared: SharedState, changes = {}) => createPool({ ...ACCOUNT, shared, maxBatchSize: 3, ...changes })

  t.test('gives the oldest that fill a call, and keeps the rest', async t => {
    const shared = createMemoryState(systemClock)
    const pool = open(shared)
    t.match(await pool.visit(['a', 'b']), { taken: [], isFull: false })
    t.match(await pool.visit(['b', 'c', 'd']), { taken: ['a', 'b', 'c'], isFull: true })
    t.match(await open(shared).visit([], { takesAll: true }), { taken: ['d'], isFull: false })
  })

  t.test('gives all when nothing has changed since a version', async t => {
    const pool = open(createMemoryState(systemClock))
    const { version = -1 } = await pool.visit(['a']) ?? {}
    const { version: next = -1 } = await pool.visit(['b']) ?? {}
    t.match(await pool.visit([], { unchangedSince: version }), { taken: [], version: next })
    t.match(await pool.visit([], { unchangedSince: next }), { taken: ['a', 'b'] })
    t.match(await pool.visit([], { takesAll: true }), { taken: [] })
  })

  t.test('forgets what nobody has taken for ten seconds', async t => {
    let now = 1_000_000
    const pool = open(createMemoryState({ now: () => now }))
    await pool.visit(['a'])
    now += 9_999
    await pool.visit(['b'])
    now += 1
    t.match(await pool.visit([], { takesAll: true }), { taken: ['b'] })
  })

  t.test('of many who visit at once each gets other ids', async (t: Test) => {
    const shared = createMemoryState(systemClock)
    const visits = await Promise.all(Array.from({ length: 10 }, async (_, n) => await open(shared).visit([`a${n}`, `b${n}`])))
    const rest = await open(shared).visit([], { takesAll: true })
    const taken = [...visits, rest].flatMap(visit => visit?.taken ?? [])
    t.equal(taken.length, 20)
    t.equal(new Set(taken).size, 20)
  })

  t.test('shows nobody without the credentials what is in it', async t => {
    const shared = createMemoryState(systemClock)
    await open(shared).visit(['a-handle'])
    t.notMatch((await shared.read('pool:youtube')).value, Buffer.from('a-handle').toString('base64').slice(2, 8))
    t.match(await open(shared, { credentials: { apiKey: 'another' } }).visit([], { takesAll: true }), { taken: [] })
    t.match(await open(shared, { isStandIn: true }).visit([], { takesAll: true }), { taken: [] })
    t.match(await open(shared).visit([], { takesAll: true }), { taken: ['a-handle'] })
  })
})
