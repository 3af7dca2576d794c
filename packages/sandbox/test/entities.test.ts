import t from 'tap'
import { isAppError, PLATFORMS, type Platform } from '@insights/shared'
import { createSandboxClock, type EntityState } from '../src/index.js'
import { graph, open, PAGE_FIELDS, xHandles } from './requests.js'

const DAY_MS = 86_400_000
const IDS: Record<Platform, string> = { youtube: 'dQw4w9WgXcQ', soundcloud: '1848538203', x: 'nasa', facebook: '19292868552', instagram: 'bluebottle' }

function frozenClock (time: string) {
  const clock = createSandboxClock(Date.parse(time))
  clock.freeze()
  return clock
}

t.test('two sandboxes at the same instant answer the same counts', async t => {
  const [a, b] = await Promise.all([open(t, { clock: frozenClock('2026-11-23') }), open(t, { clock: frozenClock('2026-11-23') })])
  for (const platform of PLATFORMS) {
    t.equal(a.entities.countOf(platform, IDS[platform]), b.entities.countOf(platform, IDS[platform]), platform)
  }
})

t.test('counts grow with the clock, slowly, and never fall', async t => {
  const { clock, entities } = await open(t, { clock: frozenClock('2025-06-01') })
  for (const platform of PLATFORMS) {
    clock.set(Date.parse('2025-06-01'))
    const first = entities.countOf(platform, IDS[platform])
    let last = first
    for (let day = 0; day < 900; day++) {
      clock.advance(DAY_MS)
      const count = entities.countOf(platform, IDS[platform])
      if (count < last) t.fail(`${platform} falls on day ${day}`)
      last = count
    }
    t.ok(last > first, `${platform} has grown`)
    t.ok(last < 5 * first, `${platform} has grown slowly`)
  }
})

t.test('counts are whole, positive, and spread over several orders of magnitude', async t => {
  const { entities } = await open(t)
  for (const platform of PLATFORMS) {
    const counts = Array.from({ length: 500 }, (_, index) => entities.countOf(platform, String(100_000 + index)))
    t.ok(counts.every(count => Number.isSafeInteger(count) && count > 0), platform)
    t.ok(Math.max(...counts) / Math.min(...counts) > 1000, `${platform} is spread`)
  }
})

t.test('the five fixed counts stand still', async t => {
  const { clock, entities } = await open(t)
  const fixed = () => [
    entities.countOf('facebook', '4546477'), entities.countOf('x', 'GigPro'), entities.countOf('instagram', 'gigpro'),
    entities.countOf('youtube', 'l4WNrvVjiTw'), entities.countOf('soundcloud', 'soundcloud:tracks:230230230')
  ]
  t.same(fixed(), [4546, 4546, 4564, 30, 230])
  clock.advance(365 * DAY_MS)
  t.same(fixed(), [4546, 4546, 4564, 30, 230])
})

t.test('a count that was set is answered and stands still, also when it is 0', async t => {
  const sandbox = await open(t)
  sandbox.entities.set('x', 'nasa', { count: 0 })
  sandbox.entities.set('facebook', '19292868552', { count: Number.MAX_SAFE_INTEGER })
  sandbox.clock.advance(365 * DAY_MS)
  t.equal((await xHandles(sandbox, 'NASA')).json.data[0].public_metrics.followers_count, 0)
  t.equal((await graph(sandbox, 'facebook', `19292868552?${PAGE_FIELDS}`)).json.followers_count, Number.MAX_SAFE_INTEGER)
})

t.test('what was set can be read, replaced and cleared one by one, by platform, or all at once', async t => {
  const { entities } = await open(t)
  entities.set('x', 'nasa', 'suspended')
  entities.set('x', 'esa', { state: 'missing', count: 5 })
  entities.set('youtube', 'dQw4w9WgXcQ', { count: 6 })
  t.same(entities.get('x', 'NASA'), { state: 'suspended', count: null })
  t.same(entities.get('x', 'esa'), { state: 'missing', count: 5 })
  entities.set('x', 'esa', { count: 7 })
  t.same(entities.get('x', 'esa'), { state: 'ok', count: 7 })
  entities.clear('x', 'ESA')
  t.same(entities.get('x', 'esa'), { state: 'ok', count: null })
  entities.clear('x')
  t.same(entities.get('x', 'nasa'), { state: 'ok', count: null })
  t.same(entities.get('youtube', 'dQw4w9WgXcQ'), { state: 'ok', count: 6 })
  entities.clear()
  t.same(entities.get('youtube', 'dQw4w9WgXcQ'), { state: 'ok', count: null })
})

t.test('states and counts that can not be are refused, naming the field', async t => {
  const { entities } = await open(t)
  const refused = (pointer: string, act: () => void) => {
    try {
      act()
      t.fail(`${pointer} is taken`)
    } catch (error) {
      t.ok(isAppError(error, 'INS_REQUEST_INVALID'))
      t.match(error, { faults: [{ pointer }] })
    }
  }
  refused('/state', () => entities.set('x', 'nasa', 'blocked'))
  refused('/state', () => entities.set('x', 'nasa', 'nonsense' as EntityState))
  refused('/count', () => entities.set('x', 'nasa', { count: -1 }))
  refused('/count', () => entities.set('x', 'nasa', { count: 1.5 }))
  refused('/count', () => entities.set('x', 'nasa', { count: 2 ** 53 }))
  refused('/followers', () => entities.set('x', 'nasa', { followers: 1 } as object))
  refused('/platform', () => entities.set('myspace' as Platform, 'nasa', 'ok'))
  refused('/id', () => entities.set('x', '', 'ok'))
})
