import t from 'tap'
import { createSandboxClock } from '../src/index.js'

const NOON = Date.parse('2026-11-23T12:00:00.000Z')

t.test('a clock runs with real time from where it was set', async t => {
  const clock = createSandboxClock(NOON)
  const first = clock.now()
  t.ok(first >= NOON && first < NOON + 60_000)
  while (clock.now() === first) await new Promise(resolve => setImmediate(resolve))
  t.ok(clock.now() > first)
})

t.test('by default it shows the time of this machine', async t => {
  t.ok(Math.abs(createSandboxClock().now() - Date.now()) < 60_000)
})

t.test('setting a clock that has run for a while starts it at that instant', async t => {
  const clock = createSandboxClock(0)
  while (clock.now() < 10) await new Promise(resolve => setImmediate(resolve))
  const before = performance.now()
  clock.set(NOON)
  const shown = clock.now()
  t.ok(shown - NOON <= performance.now() - before, 'what ran before is forgotten')
})

t.test('a frozen clock moves only by set and advance', async t => {
  const clock = createSandboxClock(NOON)
  clock.freeze()
  t.equal(clock.isFrozen, true)
  clock.set(NOON)
  await new Promise(resolve => setImmediate(resolve))
  t.equal(clock.now(), NOON)
  clock.advance(1500)
  t.equal(clock.now(), NOON + 1500)
  clock.advance(-500)
  t.equal(clock.now(), NOON + 1000)
  clock.run()
  t.equal(clock.isFrozen, false)
  t.ok(clock.now() >= NOON + 1000)
})

t.test('instants that no date can hold are refused and change nothing', async t => {
  const clock = createSandboxClock(NOON)
  clock.freeze()
  clock.set(NOON)
  for (const instant of [NaN, -1, 1.5, Infinity, 8_640_000_000_000_001]) {
    t.throws(() => clock.set(instant), { code: 'INS_REQUEST_INVALID' })
    t.throws(() => createSandboxClock(instant), { code: 'INS_REQUEST_INVALID' })
  }
  t.throws(() => clock.advance(-NOON - 1), { code: 'INS_REQUEST_INVALID' })
  t.equal(clock.now(), NOON)
})
