import { t } from 'tap'
import type { Platform, PlatformStatus } from '@insights/shared'
import { createMetrics, createScrape } from '../src/index.js'
import { parseSamples } from './samples.js'

const backlog = { due: 2, oldestDueAgeMs: 4_000 }
const jobs = { refresh: { waiting: 1 } }

t.test('a scrape asks store and queue and renders what they say', async t => {
  const scrape = createScrape({ metrics: createMetrics(), readBacklog: async () => backlog, countJobs: async () => jobs })
  const { contentType, text } = await scrape()
  t.match(contentType, 'text/plain')
  const samples = parseSamples(text)
  t.equal(samples.get('insights_oldest_due_age_seconds'), 4)
  t.equal(samples.get('insights_queue_jobs{queue="refresh",state="waiting"}'), 1)
})

t.test('a store that fails is reported as down, and the queue is asked all the same', async t => {
  const away = async (): Promise<never> => { throw new Error('away') }
  const scrape = createScrape({ metrics: createMetrics(), readBacklog: away, countJobs: async () => jobs })
  const samples = parseSamples((await scrape()).text)
  t.equal(samples.get('insights_store_up'), 0)
  t.equal(samples.get('insights_queue_up'), 1)
})

t.test('what hangs is down after the limit, is not asked again meanwhile, and is up when it answers', async t => {
  let asked = 0
  let answer = (): void => {}
  const countJobs = async (): Promise<typeof jobs> => {
    asked++
    if (asked === 1) await new Promise<void>(resolve => { answer = resolve })
    return jobs
  }
  const scrape = createScrape({ metrics: createMetrics(), readBacklog: async () => backlog, countJobs, limitMs: 20 })
  for (const round of [1, 2, 3]) {
    t.equal(parseSamples((await scrape()).text).get('insights_queue_up'), 0, `scrape ${round}`)
  }
  t.equal(asked, 1, 'an outage does not gather questions')
  answer()
  t.equal(parseSamples((await scrape()).text).get('insights_queue_up'), 1)
})

t.test('scrapes at the same time share the questions', async t => {
  let asked = 0
  const readBacklog = async (): Promise<typeof backlog> => {
    asked++
    return backlog
  }
  const scrape = createScrape({ metrics: createMetrics(), readBacklog, countJobs: async () => jobs })
  await Promise.all([scrape(), scrape(), scrape()])
  t.equal(asked, 1)
})

const MODES = { youtube: 'live', soundcloud: 'sandbox', x: 'not_configured', facebook: 'live', instagram: 'live' }
const WELL: PlatformStatus = { buckets: [], parked: null, circuit: 'closed', last_success_at: null, next_probe_at: null }

t.test('each platform that is asked is read once, and what can not be read or hangs says nothing of the others', async t => {
  const asked: Platform[] = []
  const readStatus = async (platform: Platform): Promise<PlatformStatus> => {
    asked.push(platform)
    if (platform === 'facebook') throw new Error('away')
    if (platform === 'instagram') await new Promise(() => {})
    return WELL
  }
  const scrape = createScrape({
    metrics: createMetrics(), readBacklog: async () => backlog, countJobs: async () => jobs, platforms: { modes: MODES, readStatus }, limitMs: 20
  })
  const samples = parseSamples((await scrape()).text)
  t.same(asked, ['youtube', 'soundcloud', 'facebook', 'instagram'])
  t.same([...samples].filter(([name]) => name.startsWith('insights_platform_state_up')), [
    ['insights_platform_state_up{platform="youtube"}', 1],
    ['insights_platform_state_up{platform="soundcloud"}', 1],
    ['insights_platform_state_up{platform="facebook"}', 0],
    ['insights_platform_state_up{platform="instagram"}', 0]
  ])
  t.equal(samples.get('insights_queue_up'), 1)
  await scrape()
  t.same(asked.slice(4), ['youtube', 'soundcloud', 'facebook'], 'what hangs is not asked again meanwhile')
})
