import fc from 'fast-check'
import { t } from 'tap'
import type { CallFailure, CountOutcome } from '@insights/platforms'
import { pendingSource, type SourceRecord } from '@insights/shared'
import { dueAt, expiresAt } from '../src/expiry.js'
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

const onX: SourceRecord = { ...good, platform: 'x', source_id: 'gigpro' }
const count = (value: number): CountOutcome => ({ kind: 'ok', count: value })
const waitOf = (record: SourceRecord, hour = 0): number => Date.parse(record.next_at ?? '') - NOW - hour * HOUR
const miss: CountOutcome = { kind: 'not_found' }
const failed = (changes: Partial<CallFailure> = {}): CountOutcome =>
  ({ kind: 'failed', failure: { reason: 'transient', code: 'INS_PLATFORM_STATUS', detail: 'x', retryAt: null, ...changes } })

t.test('a count is stored with its time and asked for again after the interval', async t => {
  const record = after({ ...good, failures: 3, misses: 2, error: { code: 'x', detail: 'x', at: 'x' } }, [0, { kind: 'ok', count: 4_000 }])
  t.match(record, { state: 'ok', count: 4_000, fetched_at: '2026-11-23T12:00:00.000Z', failures: 0, misses: 0, error: null })
  t.equal(waitOf(record), DAY)
})

t.test('an answer that was fetched for another insight counts from then on', async t => {
  const ageMs = 5 * MINUTE
  const record = after(good, [0, { kind: 'ok', count: 6_000, ageMs }])
  t.match(record, { state: 'ok', count: 6_000, fetched_at: '2026-11-23T11:55:00.000Z' })
  t.equal(waitOf(record), DAY, 'the next call is not the earlier for it')
  t.match(after(good, [0, { kind: 'ok', count: 5, ageMs }]), { state: 'stale', count: 5_000, doubted_at: '2026-11-23T11:55:00.000Z' })
  t.match(after(good, [0, count(5)], [0.55, { kind: 'ok', count: 5, ageMs }]), { state: 'stale' }, 'a doubt is settled by an answer from later')
  const missed = after(good, [0, { kind: 'not_found', ageMs }])
  t.match(missed, { misses: 1, doubted_at: '2026-11-23T11:55:00.000Z' })
  t.match(after(missed, [2, { kind: 'not_found', ageMs: 6 * MINUTE }]), { misses: 1 }, 'misses that were told less than two hours apart are one')
  t.match(after(missed, [2, { kind: 'not_found', ageMs: 4 * MINUTE }]), { misses: 2 })
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
  t.match(after(good, [0, miss], [4, count(5_001)], [8, miss]), { misses: 1 }, 'an answer in between starts anew')
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

t.test('nothing but a believed count ever changes the count', async t => {
  const outcome = fc.constantFrom<CountOutcome | null>(
    null, miss, count(17), { kind: 'invalid_id' }, failed(), failed({ reason: 'quota', retryAt: NOW + DAY }), failed({ reason: 'auth' }))
  fc.assert(fc.property(fc.array(outcome, { maxLength: 20 }), outcomes => {
    const record = outcomes.reduce((current, next) => applyOutcome(current, next, { now: NOW, policy, random: () => 0.5 }), onX)
    return record.count === onX.count && record.fetched_at === onX.fetched_at
  }))
  t.pass()
})

t.test('misses count once in two hours, whatever happens in between', async t => {
  const between = after(good, [0, miss], [0.1, failed()], [0.2, miss], [0.3, failed({ reason: 'quota', retryAt: NOW })], [1.9, miss])
  t.match(between, { state: 'stale', misses: 1, doubted_at: '2026-11-23T12:00:00.000Z', error: { code: 'INS_PLATFORM_NOT_FOUND' } })
  t.match(after(good, [0, miss], [3, failed()], [4, miss], [5, failed()], [8, miss]), { state: 'not_found', misses: 3, failures: 0 })
})

t.test('a refused request waits like refused credentials: repeating it is no use', async t => {
  t.equal(waitOf(after(good, [0, failed({ reason: 'request', code: 'INS_PLATFORM_REQUEST' })])), 15 * MINUTE)
})

t.test('a count that drops below half is believed when it is asked again and still so', async t => {
  const doubted = after(good, [0, count(2_499)])
  t.match(doubted, { state: 'stale', count: 5_000, fetched_at: good.fetched_at, failures: 0, error: { code: 'INS_PLATFORM_DROP' } })
  t.equal(waitOf(doubted), HOUR)
  t.match(after(doubted, [0.4, count(0)]), { state: 'stale', count: 5_000, doubted_at: doubted.doubted_at }, 'too soon to confirm anything')
  t.match(after(doubted, [1, count(0)]), { state: 'ok', count: 0, doubted_at: null, error: null, fetched_at: '2026-11-23T13:00:00.000Z' })
  t.match(after(doubted, [1, failed()], [1.1, count(1)]), { state: 'ok', count: 1 }, 'a failure in between settles nothing')
  t.match(after(doubted, [1, count(4_900)]), { state: 'ok', count: 4_900, doubted_at: null }, 'a count that is back is believed')
  t.match(after(doubted, [1, count(4_900)], [2, count(3)]), { state: 'stale', count: 4_900 }, 'and the next drop is a new one')
  t.match(after(doubted, [1, miss], [2, count(3)]), { state: 'stale', count: 5_000 }, 'so is one after a miss')
})

t.test('small counts, small drops and any rise are believed at once', async t => {
  t.match(after({ ...good, count: 999 }, [0, count(0)]), { state: 'ok', count: 0 })
  t.match(after({ ...good, count: 1_000 }, [0, count(0)]), { state: 'stale', count: 1_000 })
  t.match(after(good, [0, count(2_500)]), { state: 'ok', count: 2_500 })
  t.match(after(good, [0, count(5_000_000)]), { state: 'ok', count: 5_000_000 })
  t.match(after(pending, [0, count(0)]), { state: 'ok', count: 0 })
})

t.test('X is not asked twice on one UTC day', async t => {
  fc.assert(fc.property(
    fc.nat(DAY - 1), fc.double({ min: 0, max: 0.999, noNaN: true }), fc.constantFrom<CountOutcome>(count(7_000), count(1), miss, { kind: 'hidden' }),
    (offset, random, outcome) => {
      const now = Date.parse('2026-11-23T00:00:00.000Z') + offset
      const { next_at: next } = applyOutcome(onX, outcome, { now, policy, random: () => random })
      return (next ?? '').slice(0, 10) > '2026-11-23'
    }))
  const hourly = buildRefreshPolicy({ ...INTERVALS, x: HOUR })
  const { next_at: next } = applyOutcome(onX, count(7_000), { now: NOW, policy: hourly, random: () => 0.5 })
  t.equal(next, '2026-11-23T13:00:00.000Z', 'an interval that the operator chose is kept')
})

const hours = (days: number): number => days * 24 - 24 // `good` was fetched a day before
t.test('a count of YouTube that nothing confirms for 28 days is removed, and its source says so', async t => {
  const causes: Array<[CountOutcome | null, string]> = [
    [failed(), 'stale'], [failed({ reason: 'quota', retryAt: NOW + 60 * DAY }), 'rate_limited'], [miss, 'stale'],
    [null, 'not_configured'], [{ kind: 'hidden' }, 'hidden'], [{ kind: 'invalid_id' }, 'invalid_id']
  ]
  for (const [outcome, state] of causes) {
    t.match(after(good, [hours(27.9), outcome]), { state, count: 5_000, fetched_at: good.fetched_at })
    t.match(after(good, [hours(28), outcome]), { state, count: null, fetched_at: null, error: { code: 'INS_PLATFORM_EXPIRED' } })
  }
  t.match(after(good, [hours(28), count(5_001)]), { state: 'ok', count: 5_001, error: null })
  t.match(after(onX, [hours(400), failed()]), { count: 5_000 }, 'the others have no such rule')
})

t.test('a removed count is told of until there is one again, with what is in the way', async t => {
  const gone = after(good, [hours(28), failed({ detail: 'No answer.' })], [hours(29), failed({ detail: 'No key.' })])
  t.equal(gone.error?.code, 'INS_PLATFORM_EXPIRED')
  t.match(gone.error?.detail, /^The last count .* was removed\. No key\.$/)
  t.match(after(gone, [hours(30), { kind: 'hidden' }]), { state: 'hidden', error: { code: 'INS_PLATFORM_EXPIRED' } })
  const back = after(gone, [hours(30), count(5)])
  t.match(back, { state: 'ok', count: 5, error: null })
  t.match(after(back, [hours(31), failed()]), { count: 5, error: { code: 'INS_PLATFORM_STATUS' } })
})

t.test('a count that its owner hides for 28 days is removed on every platform', async t => {
  t.match(after(onX, [hours(27.9), { kind: 'hidden' }]), { state: 'hidden', count: 5_000 })
  t.match(after(onX, [hours(28), { kind: 'hidden' }]), { state: 'hidden', count: null, error: { code: 'INS_PLATFORM_EXPIRED' } })
})

t.test('a source is due at its next call, or when its count has to go if that is earlier', async t => {
  t.equal(dueAt(pending, policy), 0)
  t.equal(dueAt({ ...good, next_at: '2026-11-23T13:00:00.000Z' }, policy), NOW + HOUR)
  t.equal(dueAt({ ...good, next_at: '2027-11-23T13:00:00.000Z' }, policy), NOW + 27 * DAY)
  t.equal(dueAt({ ...good, count: null, fetched_at: null, next_at: '2027-11-23T12:00:00.000Z' }, policy), NOW + 365 * DAY)
  t.equal(expiresAt(onX, policy), null)
  t.equal(expiresAt({ ...onX, state: 'hidden' }, policy), NOW + 27 * DAY)
})

t.test('a good count is asked for again before it has to go, whatever interval and jitter are', async t => {
  const slow = buildRefreshPolicy({ ...INTERVALS, youtube: 28 * DAY })
  const record = applyOutcome(good, count(5_000), { now: NOW, policy: slow, random: () => 0.99 })
  t.equal(waitOf(record), 27 * DAY)
})
