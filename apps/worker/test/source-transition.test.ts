import fc from 'fast-check'
import { t } from 'tap'
import type { CallFailure, CountOutcome } from '@insights/platforms'
import { pendingSource, type SourceRecord } from '@insights/shared'
import { buildRefreshPolicy } from '../src/refresh-policy.js'
import { applyOutcome } from '../src/source-transition.js'
import { DAY, INTERVALS } from './open-stage.js'

const HOUR = 3_600_000
const MINUTE = 60_000
const NOW = Date.parse('2026-11-23T12:00:00.000Z')
const policy = buildRefreshPolicy(INTERVALS)

const pending = pendingSource({ platform: 'youtube', source_id: 'l4WNrvVjiTw' })
const good: SourceRecord = { ...pending, state: 'ok', count: 5_000, fetched_at: '2026-11-22T12:00:00.000Z' }

/** After the outcomes, each at its hour from now; 0.5 is the middle of the jitter. */
function after (record: SourceRecord, ...outcomes: Array<[hour: number, outcome: CountOutcome | null]>): SourceRecord {
  return outcomes.reduce((current, [hour, outcome]) =>
    applyOutcome(current, outcome, { now: NOW + hour * HOUR, policy, random: () => 0.5 }), record)
}

const waitOf = (record: SourceRecord, hour = 0): number => Date.parse(record.next_at ?? '') - NOW - hour * HOUR
const miss: CountOutcome = { kind: 'not_found' }
const failed = (changes: Partial<CallFailure> = {}): CountOutcome =>
  ({ kind: 'failed', failure: { reason: 'transient', code: 'INS_PLATFORM_STATUS', detail: 'x', retryAt: null, ...changes } })

t.test('a count is stored with its time and asked for again after the interval', async t => {
  const record = after({ ...good, failures: 3, misses: 2, error: { code: 'x', detail: 'x', at: 'x' } }, [0, { kind: 'ok', count: 0 }])
  t.match(record, { state: 'ok', count: 0, fetched_at: '2026-11-23T12:00:00.000Z', failures: 0, misses: 0, error: null })
  t.equal(waitOf(record), DAY)
})

t.test('waits are spread over ten per cent either way', async t => {
  const wait = (random: number): number =>
    waitOf(applyOutcome(pending, { kind: 'ok', count: 1 }, { now: NOW, policy, random: () => random }))
  t.equal(wait(0), 0.9 * DAY)
  t.ok(Math.abs(wait(0.999_999) - 1.1 * DAY) < 1_000)
})

t.test('a hidden count keeps the last value known', async t => {
  t.match(after(good, [0, { kind: 'hidden' }]), { state: 'hidden', count: 5_000, fetched_at: good.fetched_at, error: null })
  t.match(after(pending, [0, { kind: 'hidden' }]), { state: 'hidden', count: null })
})

t.test('only three misses, hours apart, make a source not found', async t => {
  const once = after(good, [0, miss])
  t.match(once, { state: 'stale', misses: 1, count: 5_000, error: { code: 'INS_PLATFORM_NOT_FOUND' } })
  t.equal(waitOf(once), 4 * HOUR)
  t.match(after(good, [0, miss], [0.5, miss], [1, miss], [1.5, miss]), { state: 'stale', misses: 1 }, 'misses close together are one')
  t.match(after(good, [0, miss], [4, miss]), { state: 'stale', misses: 2 })
  const dead = after(good, [0, miss], [4, miss], [8, miss])
  t.match(dead, { state: 'not_found', misses: 3, count: 5_000 })
  t.equal(waitOf(dead, 8), 30 * DAY)
  t.match(after(dead, [900, { kind: 'ok', count: 7 }]), { state: 'ok', misses: 0, count: 7 }, 'it can come back')
  t.match(after(good, [0, miss], [4, { kind: 'ok', count: 1 }], [8, miss]), { misses: 1 }, 'an answer in between starts anew')
})

t.test('an id that can not be is said so and left alone', async t => {
  const record = after(pending, [0, { kind: 'invalid_id' }])
  t.match(record, { state: 'invalid_id', count: null, error: { code: 'INS_PLATFORM_ID' } })
  t.equal(waitOf(record), 30 * DAY)
})

t.test('failures in a row wait twice as long each, up to six hours', async t => {
  const waits = [1, 2, 3, 4, 20].map(times =>
    waitOf(after(good, ...Array.from({ length: times }, (): [number, CountOutcome] => [0, failed()]))))
  t.same(waits, [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 6 * HOUR])
  t.match(after(good, [0, failed()]), { state: 'stale', count: 5_000, failures: 1, error: { code: 'INS_PLATFORM_STATUS', detail: 'x' } })
})

t.test('a platform that named a time is not asked before it', async t => {
  fc.assert(fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: -HOUR, max: 40 * DAY }), (random, wait) => {
    const outcome = failed({ reason: 'quota', code: 'INS_PLATFORM_QUOTA', retryAt: NOW + wait })
    const record = applyOutcome(good, outcome, { now: NOW, policy, random: () => random })
    return record.state === 'rate_limited' && waitOf(record) >= Math.max(0, wait)
  }))
  t.pass()
})

t.test('a platform that asks for a slower pace without a time is backed off from', async t => {
  const record = after(good, [0, failed({ reason: 'throttled', code: 'INS_PLATFORM_THROTTLED' })])
  t.match(record, { state: 'rate_limited', count: 5_000 })
  t.equal(waitOf(record), MINUTE)
})

t.test('refused credentials wait for a person', async t => {
  const record = after(good, [0, failed({ reason: 'auth', code: 'INS_PLATFORM_AUTH' })])
  t.match(record, { state: 'stale', count: 5_000 })
  t.equal(waitOf(record), 15 * MINUTE)
})

t.test('a platform without credentials is looked at again after the interval', async t => {
  const record = after(good, [0, null])
  t.match(record, { state: 'not_configured', count: 5_000, error: { code: 'INS_PLATFORM_NOT_CONFIGURED' } })
  t.equal(waitOf(record), DAY)
})

t.test('nothing but a count ever changes the count', async t => {
  const outcome = fc.constantFrom<CountOutcome | null>(
    null, miss, { kind: 'hidden' }, { kind: 'invalid_id' }, failed(), failed({ reason: 'quota', retryAt: NOW + DAY }), failed({ reason: 'auth' }))
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(1_000), outcome), { maxLength: 20 }), outcomes => {
    const record = after(good, ...outcomes)
    return record.count === good.count && record.fetched_at === good.fetched_at
  }))
  t.pass()
})
