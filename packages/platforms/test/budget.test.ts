import t from 'tap'
import { addTo, freeAt, resetOf, roomIn, usedIn, type Bucket, type Urgency, type Usage } from '../src/budget.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const at = (text: string): number => Date.parse(text)
const daily = (limit: number | null, zone: 'pacific' | 'utc' = 'pacific', reservedShare = 0): Bucket =>
  ({ name: 'd', unit: 'units', limit, period: { kind: 'day', zone }, reservedShare })
const rolling = (limit: number, lengthMs: number): Bucket =>
  ({ name: 'r', unit: 'calls', limit, period: { kind: 'rolling', lengthMs }, reservedShare: 0 })

/** A bucket in use. */
function openBucket (bucket: Bucket) {
  let usage: Usage = []
  return {
    room: (now: number, urgency: Urgency = 'on_demand') => roomIn(bucket, usage, urgency, now),
    use: (now: number, units: number, urgency: Urgency = 'on_demand') => { usage = addTo(bucket, usage, units, urgency, now) },
    freeAt: (now: number, units = 1) => freeAt(bucket, usage, units, 'on_demand', now),
    used: (now: number) => usedIn(bucket, usage, now),
    resetAt: (now: number) => resetOf(bucket, usage, now),
    entries: () => usage.length
  }
}

/** Midnights in Los Angeles: in winter, in summer, and at both ends of daylight saving time. */
const MIDNIGHTS = [
  ['in winter', '2026-01-15T08:00:00Z', '2026-01-16T08:00:00Z'],
  ['in summer', '2026-07-15T07:00:00Z', '2026-07-16T07:00:00Z'],
  ['when the clocks go forward', '2026-03-08T08:00:00Z', '2026-03-09T07:00:00Z'],
  ['when the clocks go back', '2026-11-01T07:00:00Z', '2026-11-02T08:00:00Z']
] as const

for (const [when, begin, end] of MIDNIGHTS) {
  t.test(`a day of Los Angeles ${when} has one budget`, async t => {
    const { room, use, freeAt, used, resetAt } = openBucket(daily(10))
    const [from, to] = [at(begin), at(end)]
    use(from + 3 * MINUTE, 6)
    use(to - 3 * MINUTE, 4)
    t.equal(room(to - 2.5 * MINUTE), 0)
    t.equal(used(to - 2.5 * MINUTE), 10)
    t.equal(resetAt(from + HOUR), to)
    t.equal(freeAt(to - 3 * MINUTE), to + 2 * MINUTE, 'free when no late call can count in it any more')
    t.equal(room(to + 2 * MINUTE), 10)
    t.equal(used(to + 2 * MINUTE), 0)
  })
}

t.test('a call near midnight counts in both days', async t => {
  const midnight = at('2026-07-16T07:00:00Z')
  const { room, use, entries } = openBucket(daily(10))
  use(midnight - MINUTE, 3)
  t.equal(room(midnight + HOUR), 7, 'it may arrive after midnight')
  use(midnight + MINUTE, 2)
  t.equal(room(midnight + 3 * MINUTE), 5)
  t.equal(room(midnight - MINUTE), 5, 'it may arrive before midnight by the clock of the platform')
  use(midnight - MINUTE, 5)
  t.equal(room(midnight + MINUTE), 0, 'the old day is used up and may not be over there')
  use(midnight + 70 * HOUR, 1)
  t.equal(entries(), 1, 'what is over is forgotten')
})

t.test('a rolling period never holds more than its limit, wherever it is laid', async t => {
  const length = 15 * MINUTE
  const { room, use, freeAt } = openBucket(rolling(30, length))
  const sent: number[] = []
  for (let now = at('2026-11-23T12:00:07Z'), step = 0; step < 2000; step++, now += (step * 7919) % 5000) {
    const units = Math.min(room(now), step % 4)
    if (units === 0) {
      if (room(now) === 0 && step % 100 === 0) now = freeAt(now)
      continue
    }
    use(now, units)
    for (let n = 0; n < units; n++) sent.push(now)
  }
  t.ok(sent.length > 150, `${sent.length} were sent`)
  const most = Math.max(...sent.map(start => sent.filter(other => other > start - length && other <= start).length))
  t.ok(most <= 30, `${most} within one period`)
})

t.test('room comes back when use falls out, and for more than the limit it is never waited', async t => {
  const now = at('2026-11-23T12:00:00Z')
  const { room, use, freeAt } = openBucket(rolling(10, HOUR))
  use(now, 4)
  use(now + 10 * MINUTE, 6)
  t.equal(room(now + 11 * MINUTE), 0)
  const first = freeAt(now + 11 * MINUTE, 3)
  t.ok(first > now + HOUR && first <= now + HOUR + 2 * MINUTE, new Date(first).toISOString())
  t.equal(room(first), 4)
  t.ok(freeAt(now + 11 * MINUTE, 10) > now + HOUR + 10 * MINUTE)
  t.ok(freeAt(now + 11 * MINUTE, 50) <= now + HOUR + 13 * MINUTE, 'more than all is all')
})

t.test('planned work leaves a fifth to on-demand work, which may use everything', async t => {
  const now = at('2026-11-23T12:00:00Z')
  const { room, use } = openBucket(daily(100, 'utc', 0.2))
  use(now, 80, 'planned')
  t.equal(room(now, 'planned'), 0)
  t.equal(room(now), 20)
  use(now, 20)
  t.equal(room(now), 0)
  const other = openBucket(daily(100, 'utc', 0.2))
  other.use(now, 50)
  t.equal(other.room(now, 'planned'), 50, 'the fifth has been used already')
})

t.test('without a limit everything is counted and nothing held back', async t => {
  const now = at('2026-11-23T12:00:00Z')
  const { room, use, used } = openBucket(daily(null))
  use(now, 1e9)
  t.equal(room(now), Infinity)
  t.equal(used(now), 1e9)
})

t.test('a limit of nothing has no room', async t => {
  const now = at('2026-11-23T12:00:00Z')
  t.equal(openBucket(daily(0)).room(now), 0)
  t.ok(openBucket(daily(0)).freeAt(now) > now)
})

t.test('a clock that was set back does not lock the budget for long', async t => {
  const now = at('2026-11-23T12:00:00Z')
  const { room, use } = openBucket(rolling(10, HOUR))
  use(now + 30 * 24 * HOUR, 10)
  t.equal(room(now), 10)
})
