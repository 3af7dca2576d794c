import assert from 'node:assert/strict'
import fc from 'fast-check'
import { t } from 'tap'
import type { Platform } from '@insights/shared'
import type { Observation } from '../src/history-port.js'
import { compareSources, firstStepAt, HISTORY_LIMITS, isPreferred, periodOf, thinOut } from '../src/history-rules.js'
import { keptOf } from './contract/kept-of.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = Date.parse('2026-11-25T13:37:00.000Z')

const observation = (at: number, count: number | null = 1, platform: Platform = 'x'): Observation =>
  ({ insight_id: 1, platform, source_id: 'a', at: new Date(at).toISOString(), count, state: 'ok' })

/** What is left at `now` when every observation is looked at in its time, a few at a time. */
function thinAsTimeGoesOn (all: readonly Observation[], now: number, portion: number): Observation[] {
  const left = new Map(all.map(one => [one.at, { one, stepAt: firstStepAt(one) }]))
  for (;;) {
    const due = [...left.values()].filter(({ stepAt }) => Date.parse(stepAt) <= now)
      .sort((a, b) => a.stepAt < b.stepAt ? -1 : 1).slice(0, portion).map(({ one }) => one)
    if (due.length === 0) return [...left.values()].map(({ one }) => one)
    const { remove, keep } = thinOut(due, [...left.values()].map(({ one }) => one), now, HISTORY_LIMITS)
    for (const { at } of remove) left.delete(at)
    for (const { observation: one, nextStepAt } of keep) left.set(one.at, { one, stepAt: nextStepAt })
  }
}

const ages = fc.oneof(fc.nat(40 * 24 * 4), fc.integer({ min: 355 * 96, max: 380 * 96 }), fc.nat(11 * 365 * 96))
const history = fc.uniqueArray(fc.record({ age: ages, count: fc.option(fc.nat(9)) }), { maxLength: 80, selector: ({ age }) => age })

t.test('what is left is what the rules keep, whenever and in whatever portions it is done', async t => {
  const platforms = fc.constantFrom<Platform>('x', 'youtube')
  const [portions, daysAgo] = [fc.integer({ min: 1, max: 30 }), fc.array(fc.nat(400), { maxLength: 4 })]
  fc.assert(fc.property(history, platforms, portions, daysAgo, (given, platform, portion, days) => {
    // Some minutes away from every age at which a rule changes.
    const all = given.map(({ age, count }) => observation(NOW - age * HOUR / 4 - HOUR / 8, count, platform)).sort((a, b) => a.at < b.at ? -1 : 1)
    let left = all
    for (const now of days.map(day => NOW - day * DAY).sort()) {
      const later = left.filter(({ at }) => Date.parse(at) > now)
      left = [...thinAsTimeGoesOn(left.filter(({ at }) => Date.parse(at) <= now), now, portion), ...later]
    }
    assert.deepEqual(thinAsTimeGoesOn(left, NOW, portion), keptOf(all, NOW))
  }), { numRuns: 200 })
  t.pass('nothing was found')
})

t.test('what a source holds after ten years is what it gets in a day, and 1,510 more at most', async t => {
  const perDay = 240
  const dense = Array.from({ length: 33 * perDay }, (_one, n) => observation(NOW - n * DAY / perDay - 1))
  const hourly = Array.from({ length: 24 * 400 }, (_one, n) => observation(NOW - 33 * DAY - n * HOUR))
  const daily = Array.from({ length: 3_300 }, (_one, n) => observation(NOW - 433 * DAY - n * DAY))
  const all = [...dense, ...hourly, ...daily]
  const left = thinOut(all, all, NOW, HISTORY_LIMITS).keep.length
  t.ok(left > perDay + 1_490 && left <= perDay + 1_510, `${left} are left`)
})

t.test('a count stands for a period rather than a gap, and the later one rather than the earlier', async t => {
  const [first, second] = [observation(NOW), observation(NOW + 1)]
  const gap = observation(NOW + 2, null)
  t.same([isPreferred(second, first), isPreferred(first, second)], [true, false])
  t.same([isPreferred(first, gap), isPreferred(gap, first)], [true, false])
  t.same([isPreferred(gap, observation(NOW, null)), isPreferred(observation(NOW, 0), gap)], [true, true])
})

t.test('periods are hours, days and weeks of UTC, and a week begins on Monday', async t => {
  const texts = (kind: 'hour' | 'day' | 'week', at: string): string[] =>
    Object.values(periodOf(Date.parse(at), kind)).map((end: number) => new Date(end).toISOString().slice(0, 16))
  t.same(texts('hour', '2026-11-25T13:59:59.999Z'), ['2026-11-25T13:00', '2026-11-25T14:00'])
  t.same(texts('day', '2026-11-25T00:00:00.000Z'), ['2026-11-25T00:00', '2026-11-26T00:00'])
  t.same(texts('week', '2026-11-25T12:00:00.000Z'), ['2026-11-23T00:00', '2026-11-30T00:00'], 'a Wednesday')
  t.same(texts('week', '2026-11-29T23:59:59.999Z'), ['2026-11-23T00:00', '2026-11-30T00:00'], 'a Sunday')
  t.same(texts('week', '1969-12-31T12:00:00.000Z'), ['1969-12-29T00:00', '1970-01-05T00:00'])
})

t.test('sources have one order: by platform, then by code points', async t => {
  const sources = [{ platform: 'x', source_id: 'b' }, { platform: 'x', source_id: '\u{1F600}' }, { platform: 'x', source_id: '\ufb01' }, { platform: 'facebook', source_id: 'z' }] as const
  t.same([...sources].sort(compareSources).map(({ source_id: id }) => id), ['z', 'b', '\ufb01', '\u{1F600}'])
  t.equal(compareSources(sources[0], sources[0]), 0)
})
