import t from 'tap'
import { createPeriodCounter, createRollingWindow } from '../src/quota.js'

t.test('a rolling window forgets what is older than its length', async t => {
  const window = createRollingWindow(100)
  window.add(0, 2)
  window.add(50, 3)
  t.equal(window.used(50), 5)
  t.equal(window.used(99), 5)
  t.equal(window.used(100), 3)
  t.equal(window.used(150), 0)
})

t.test('it tells when less than the limit is in use', async t => {
  const window = createRollingWindow(100)
  window.add(0, 2)
  window.add(50, 3)
  t.equal(window.freeAt(60, 6), 60)
  t.equal(window.freeAt(60, 5), 100)
  t.equal(window.freeAt(60, 3), 150)
  t.equal(window.freeAt(60, 1), 150)
})

t.test('it forgets what lies in the future of a clock set back, and everything when cleared', async t => {
  const window = createRollingWindow(100)
  window.add(10, 1)
  window.add(50, 1)
  t.equal(window.used(20), 1)
  window.clear()
  t.equal(window.used(20), 0)
})

t.test('a period counter starts at 0 with each period', async t => {
  const counter = createPeriodCounter()
  counter.add('monday', 2)
  counter.add('monday', 1)
  t.equal(counter.used('monday'), 3)
  t.equal(counter.used('tuesday'), 0)
  counter.add('tuesday', 1)
  counter.clear()
  t.equal(counter.used('tuesday'), 0)
})
