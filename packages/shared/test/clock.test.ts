import { t } from 'tap'
import { clampInstant, EARLIEST, LATEST, readInstant, toTimestamp } from '../src/index.js'

t.test('a time is read with its zone', async t => {
  t.equal(readInstant('2026-11-23T13:00:00.5+01:00'), Date.UTC(2026, 10, 23, 12, 0, 0, 500))
  t.equal(readInstant('2028-02-29T00:00:00Z'), Date.UTC(2028, 1, 29))
})

t.test('a time that no calendar has is none', async t => {
  for (const text of ['2026-02-30T00:00:00Z', '2027-02-29T00:00:00Z', '2026-04-31T00:00:00-12:00', '2026-13-01T00:00:00Z', '2026-02-28T25:00:00Z', 'yesterday']) {
    t.same(readInstant(text), NaN, text)
  }
})

t.test('what lies beyond the years that can be written is moved to their ends', async t => {
  t.same([-1, 0, 1, LATEST, LATEST + 1].map(clampInstant), [EARLIEST, EARLIEST, 1, LATEST, LATEST])
  t.equal(toTimestamp(LATEST), '9999-12-31T23:59:59.999Z')
})
