/** The promises of `SharedState`, on every adapter: this process's memory, the embedded database and a real Redis. */
import { randomUUID } from 'node:crypto'
import { createMemoryState } from '@insights/platforms'
import { openRedisState } from '@insights/queue/redis-state'
import type { Clock, SharedState } from '@insights/shared'
import { createPgliteSharedState, migratePglite } from '@insights/storage/pglite'
import { findRedis, startRedis } from '@insights/testkit'
import { PGlite } from '@electric-sql/pglite'
import { t, type Test } from 'tap'

/** Opens one more user of the same state. Without a clock it goes by the server's time. */
type Open = (clock?: Clock) => Promise<SharedState>

const START = Date.parse('2026-11-23T12:00:00Z')
const SOON = START + 60_000
const LATER = { leaseMs: 10_000, expiresAt: START + 86_400_000 }

function contract (t: Test, open: Open): void {
  const clock = { time: START, now: () => clock.time }
  t.beforeEach(() => { clock.time = START })

  t.test('a key without a state has version 0, and the time is told', async t => {
    t.strictSame(await (await open(clock)).read(randomUUID()), { version: 0, value: null, now: START })
  })

  t.test('what one has written is read by all', async t => {
    const [one, other, key] = [await open(clock), await open(clock), randomUUID()]
    t.ok(await one.swap(key, { from: 0, to: 1, value: 'a "ü" 😀', notAfter: SOON }))
    t.ok(await other.swap(key, { from: 1, to: 7, value: 'b', notAfter: SOON }))
    t.strictSame(await one.read(key), { version: 7, value: 'b', now: START })
    t.equal((await one.read(randomUUID())).version, 0, 'another key has a state of its own')
  })

  t.test('a state that has changed meanwhile is not replaced', async t => {
    const [shared, key] = [await open(clock), randomUUID()]
    t.notOk(await shared.swap(key, { from: 3, to: 4, value: 'a', notAfter: SOON }), 'there is none yet')
    await shared.swap(key, { from: 0, to: 1, value: 'a', notAfter: SOON })
    t.notOk(await shared.swap(key, { from: 0, to: 1, value: 'b', notAfter: SOON }))
    t.strictSame(await shared.read(key), { version: 1, value: 'a', now: START })
  })

  t.test('a change that comes too late is not made', async t => {
    const [shared, key] = [await open(clock), randomUUID()]
    const change = { from: 0, to: 1, value: 'a', notAfter: START }
    clock.time = START + 1
    t.notOk(await shared.swap(key, change), 'the first')
    clock.time = START
    t.ok(await shared.swap(key, change), 'the last moment is none too late')
    clock.time = START + 1
    t.notOk(await shared.swap(key, { ...change, from: 1, to: 2 }), 'a later one')
  })

  t.test('of many that change one version exactly one does', async t => {
    const [shared, other, key] = [await open(clock), await open(clock), randomUUID()]
    for (const from of [0, 1, 2]) {
      const swaps = Array.from({ length: 20 }, async (_, n) =>
        await (n % 2 === 0 ? shared : other).swap(key, { from, to: from + 1, value: String(n), notAfter: SOON }))
      t.equal((await Promise.all(swaps)).filter(Boolean).length, 1)
    }
  })

  t.test('a name that is claimed is held until its lease ends', async t => {
    const [one, other, list] = [await open(clock), await open(clock), randomUUID()]
    t.strictSame(await one.claim(list, ['a', 'b'], LATER), { now: START, notes: [{ kind: 'first' }, { kind: 'first' }] })
    const held = { kind: 'held', until: START + 10_000 }
    t.strictSame((await other.claim(list, ['c', 'b'], LATER)).notes, [{ kind: 'first' }, held])
    t.strictSame((await other.claim(randomUUID(), ['b'], LATER)).notes, [{ kind: 'first' }], 'another list')
    clock.time += 10_000
    t.strictSame((await other.claim(list, ['b'], LATER)).notes, [{ kind: 'again' }])
    t.strictSame((await one.claim(list, ['b'], LATER)).notes, [{ kind: 'held', until: START + 20_000 }])
  })

  t.test('of many that claim a name one gets it', async t => {
    const [one, other, list] = [await open(clock), await open(clock), randomUUID()]
    const claims = Array.from({ length: 20 }, async (_, n) => await (n % 2 === 0 ? one : other).claim(list, ['a'], LATER))
    const kinds = (await Promise.all(claims)).map(({ notes }) => notes[0]?.kind)
    t.equal(kinds.filter(kind => kind === 'first').length, 1)
    t.equal(kinds.filter(kind => kind === 'held').length, 19)
  })

  t.test('looking takes nothing', async t => {
    const [shared, list] = [await open(clock), randomUUID()]
    const look = { leaseMs: null, expiresAt: LATER.expiresAt }
    t.strictSame((await shared.claim(list, ['a'], look)).notes, [{ kind: 'first' }])
    t.strictSame((await shared.claim(list, ['a'], LATER)).notes, [{ kind: 'first' }])
    t.strictSame((await shared.claim(list, ['a'], look)).notes, [{ kind: 'held', until: START + 10_000 }])
    clock.time += 10_000
    t.strictSame((await shared.claim(list, ['a'], look)).notes, [{ kind: 'again' }])
  })

  t.test('a result is kept, and a name that was let go is free', async t => {
    const [one, other, list] = [await open(clock), await open(clock), randomUUID()]
    await one.claim(list, ['a', 'b', 'c'], LATER)
    await one.keep(list, [['a', 'ünd 1'], ['b', null]])
    await one.keep(list, [])
    const { notes } = await other.claim(list, ['a', 'b', 'c'], LATER)
    t.strictSame(notes, [{ kind: 'kept', value: 'ünd 1', ageMs: 0 }, { kind: 'again' }, { kind: 'held', until: START + 10_000 }])
    clock.time += 20_000
    t.strictSame((await other.claim(list, ['a'], LATER)).notes, [{ kind: 'kept', value: 'ünd 1', ageMs: 20_000 }])
  })

  t.test('letting a name go takes away no result that somebody else has kept', async t => {
    const [one, other, list] = [await open(clock), await open(clock), randomUUID()]
    await one.claim(list, ['a'], LATER)
    await other.keep(list, [['a', '7']])
    clock.time += 1_000
    await one.keep(list, [['a', null]])
    t.strictSame((await other.claim(list, ['a'], LATER)).notes, [{ kind: 'kept', value: '7', ageMs: 1_000 }])
  })

  t.test('a result that is too old for somebody is free for him, and for nobody else', async t => {
    const [one, other, list] = [await open(clock), await open(clock), randomUUID()]
    await one.claim(list, ['a'], LATER)
    clock.time += 5_000
    await one.keep(list, [['a', '1:2']])
    clock.time += 3_000
    t.strictSame((await other.claim(list, ['a'], { ...LATER, maxAgeMs: 3_000.5 })).notes, [{ kind: 'kept', value: '1:2', ageMs: 3_000 }])
    t.strictSame((await other.claim(list, ['a'], { ...LATER, leaseMs: null, maxAgeMs: 2_999 })).notes, [{ kind: 'again' }])
    t.strictSame((await other.claim(list, ['a'], { ...LATER, maxAgeMs: 2_999 })).notes, [{ kind: 'again' }])
    t.strictSame((await one.claim(list, ['a'], LATER)).notes, [{ kind: 'held', until: START + 18_000 }], 'it is being replaced')
    await other.keep(list, [['a', '3']])
    t.strictSame((await one.claim(list, ['a'], { ...LATER, maxAgeMs: 0 })).notes, [{ kind: 'kept', value: '3', ageMs: 0 }])
  })

  t.test('only what was claimed is kept, and a name that is claimed again is remembered for longer', async t => {
    const [shared, list, { now }] = [await open(), randomUUID(), await (await open()).read('time')]
    await shared.keep(list, [['a', '1']])
    t.strictSame((await shared.claim(list, ['a'], { leaseMs: 1, expiresAt: now - 1 })).notes, [{ kind: 'first' }])
    await shared.keep(list, [['a', '1']])
    const many = Array.from({ length: 300 }, (_, n) => `name ${n}`)
    const options = { leaseMs: 60_000, expiresAt: now + 600_000 }
    t.ok((await shared.claim(list, ['a', ...many], options)).notes.every(({ kind }) => kind === 'first'), 'what has expired is gone')
    await shared.keep(list, many.map(name => [name, name]))
    t.strictSame((await shared.claim(list, many, options)).notes.map(note => note.kind === 'kept' ? note.value : note.kind), many)
  })

  t.test('without a clock of its own the time is that of the server', async t => {
    const shared = await open()
    const { now } = await shared.read(randomUUID())
    t.ok(Math.abs(now - Date.now()) < 60_000, new Date(now).toISOString())
    t.ok(Number.isSafeInteger(now))
    t.ok(await shared.swap(randomUUID(), { from: 0, to: 1, value: 'a', notAfter: now + 60_000 }))
    t.notOk(await shared.swap(randomUUID(), { from: 0, to: 1, value: 'a', notAfter: now - 1 }))
  })
}

t.test('in memory', async t => {
  const all = new Map<Clock | undefined, SharedState>()
  contract(t, async clock => {
    const shared = all.get(clock) ?? createMemoryState(clock ?? { now: () => Date.now() })
    all.set(clock, shared)
    return shared
  })
})

t.test('on the embedded database', async t => {
  const db = await PGlite.create()
  t.teardown(async () => { await db.close() })
  await migratePglite(db)
  contract(t, async clock => createPgliteSharedState(db, clock))

  t.test('a list that has expired is gone', async t => {
    const clock = { now: () => Date.now() + 7 * 86_400_000 }
    await createPgliteSharedState(db, clock).claim('new', ['a'], { leaseMs: 1, expiresAt: clock.now() + 1 })
    const { rows } = await db.query('select list from insights.platform_notes')
    t.strictSame(rows, [{ list: 'new' }])
  })
})

t.test('on Redis', { skip: findRedis().skipOwn }, async t => {
  const server = await startRedis()
  t.teardown(server.stop)
  const open: Open = async clock => {
    const { shared, close } = await openRedisState(server.url, clock === undefined ? {} : { clock })
    t.teardown(close)
    return shared
  }
  contract(t, open)

  t.test('a list expires', async t => {
    const shared = await open()
    const { now } = await shared.read('time')
    await shared.claim('past', ['a'], { leaseMs: 60_000, expiresAt: now - 1 })
    t.strictSame((await shared.claim('past', ['a'], { leaseMs: 60_000, expiresAt: now + 60_000 })).notes, [{ kind: 'first' }])
  })

  t.test('what was written outlives a server that is killed and keeps a log, and calls fail while it is away', async t => {
    const own = await startRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } })
    t.teardown(own.stop)
    const { shared, close } = await openRedisState(own.url)
    t.teardown(close)
    const { now } = await shared.read('a')
    await shared.swap('a', { from: 0, to: 1, value: 'kept', notAfter: now + 60_000 })
    await own.kill()
    await t.rejects(shared.read('a'))
    await own.restart()
    const { shared: again, close: closeAgain } = await openRedisState(own.url)
    t.teardown(closeAgain)
    t.match(await again.read('a'), { version: 1, value: 'kept' })
  })
})
