import fc from 'fast-check'
import t from 'tap'
import { fromRetryAfter, instantAhead, nextPacificMidnight } from '../src/instants.js'

const at = (text: string): number => Date.parse(text)

t.test('the quota day ends at midnight in Los Angeles, in winter, in summer and when the clocks change', async t => {
  const cases: Array<[now: string, midnight: string]> = [
    ['2026-01-15T12:00:00Z', '2026-01-16T08:00:00Z'],
    ['2026-07-15T12:00:00Z', '2026-07-16T07:00:00Z'],
    ['2026-07-15T06:59:59Z', '2026-07-15T07:00:00Z'],
    ['2026-07-15T07:00:00Z', '2026-07-16T07:00:00Z'],
    ['2026-03-08T08:00:00Z', '2026-03-09T07:00:00Z'],
    ['2026-03-08T07:59:59Z', '2026-03-08T08:00:00Z'],
    ['2026-11-01T06:59:59.999Z', '2026-11-01T07:00:00Z'],
    ['2026-11-01T07:00:00Z', '2026-11-02T08:00:00Z'],
    ['2026-12-31T23:00:00Z', '2027-01-01T08:00:00Z'],
    ['2028-02-28T12:00:00Z', '2028-02-29T08:00:00Z']
  ]
  for (const [now, midnight] of cases) t.equal(nextPacificMidnight(at(now)), at(midnight), now)
})

t.test('midnight lies ahead, at most 25 hours, and wall clocks show it', async () => {
  const wall = new Intl.DateTimeFormat('en-GB', { timeZone: 'America/Los_Angeles', timeStyle: 'medium' })
  fc.assert(fc.property(fc.integer({ min: at('2020-01-01'), max: at('2040-01-01') }), now => {
    const midnight = nextPacificMidnight(now)
    return midnight > now && midnight <= now + 25 * 3_600_000 && wall.format(midnight) === '00:00:00'
  }))
})

t.test('Retry-After is read in seconds and as a date, and ignored when it says nothing', async t => {
  const now = at('2026-11-23T12:00:00Z')
  t.equal(fromRetryAfter('120', now), now + 120_000)
  t.equal(fromRetryAfter('Mon, 23 Nov 2026 13:00:00 GMT', now), at('2026-11-23T13:00:00Z'))
  const silent = [undefined, '', '0', '-5', '1.5', 'soon', '9999999999', '2026-11-24', 'Mon, 23 Nov 2026 11:00:00 GMT', 'Mon, nonsense']
  for (const header of silent) t.equal(fromRetryAfter(header, now), null, String(header))
})

t.test('an instant is believed when it lies ahead by at most 32 days', async t => {
  t.equal(instantAhead(1001, 1000), 1001)
  for (const instant of [1000, 0, -Infinity, NaN, Infinity, 1000 + 33 * 86_400_000]) t.equal(instantAhead(instant, 1000), null)
})
