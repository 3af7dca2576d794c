import { readFileSync } from 'node:fs'
import { PLATFORMS, type PlatformStatus } from '@insights/shared'
import { t } from 'tap'
import { createMetrics, SOURCE_OUTCOMES } from '../src/index.js'
import { samplesOf } from './samples.js'

t.test('a request is counted under the pattern of its route', async t => {
  const metrics = createMetrics()
  metrics.observeHttp({ method: 'GET', route: '/api/user_insights/:id', status: 200, seconds: 0.25 })
  metrics.observeHttp({ method: 'GET', route: '/api/user_insights/:id', status: 200, seconds: 0.5 })
  const samples = await samplesOf(metrics)
  const labels = 'method="GET",route="/api/user_insights/:id",status="200"'
  t.equal(samples.get(`insights_http_request_duration_seconds_count{${labels}}`), 2)
  t.equal(samples.get(`insights_http_request_duration_seconds_sum{${labels}}`), 0.75)
  t.equal(samples.get(`insights_http_request_duration_seconds_bucket{le="0.25",${labels}}`), 1)
})

t.test('methods and routes that the service does not have make no labels of their own', async t => {
  const metrics = createMetrics()
  for (const method of ['BREW', 'PROPFIND', '"}\n']) metrics.observeHttp({ method, route: null, status: 404, seconds: 0 })
  const counts = [...await samplesOf(metrics)].filter(([name]) => name.startsWith('insights_http_request_duration_seconds_count'))
  t.same(counts, [['insights_http_request_duration_seconds_count{method="other",route="unknown",status="404"}', 3]])
})

t.test('refreshes are counted by what became of them, from zero on', async t => {
  const metrics = createMetrics()
  t.equal((await samplesOf(metrics)).get('insights_refreshes_total{outcome="failed"}'), 0)
  metrics.observeRefresh({ saved: 200, superseded: 3, failed: 0, seconds: 1.5 })
  metrics.observeRefresh({ saved: 0, superseded: 0, failed: 7, seconds: 0.5 })
  const samples = await samplesOf(metrics)
  t.equal(samples.get('insights_refreshes_total{outcome="saved"}'), 200)
  t.equal(samples.get('insights_refreshes_total{outcome="superseded"}'), 3)
  t.equal(samples.get('insights_refreshes_total{outcome="failed"}'), 7)
  t.equal(samples.get('insights_refresh_run_duration_seconds_count'), 2)
})

t.test('calls and lookups are counted by platform and outcome, and how full the batches are', async t => {
  const metrics = createMetrics()
  const atStart = await samplesOf(metrics)
  for (const platform of PLATFORMS) {
    for (const outcome of SOURCE_OUTCOMES) t.equal(atStart.get(`insights_source_lookups_total{platform="${platform}",outcome="${outcome}"}`), 0)
  }
  metrics.observePlatformCall({ platform: 'youtube', outcome: 'ok', seconds: 0.3, ids: 50, maxBatchSize: 50 })
  metrics.observePlatformCall({ platform: 'youtube', outcome: 'quota', seconds: 0.1, ids: 10, maxBatchSize: 50 })
  metrics.countLookup('youtube', 'hidden')
  const samples = await samplesOf(metrics)
  t.equal(samples.get('insights_platform_call_duration_seconds_count{platform="youtube",outcome="quota"}'), 1)
  t.equal(samples.get('insights_platform_call_ids_total{platform="youtube"}'), 60)
  t.equal(samples.get('insights_platform_call_capacity_ids_total{platform="youtube"}'), 100)
  t.equal(samples.get('insights_source_lookups_total{platform="youtube",outcome="hidden"}'), 1)
})

t.test('a job that could not be added is counted', async t => {
  const metrics = createMetrics()
  metrics.countEnqueueFailure()
  t.equal((await samplesOf(metrics)).get('insights_enqueue_failures_total'), 1)
})

t.test('the figures of a store or queue that is away disappear instead of staying what they were', async t => {
  const metrics = createMetrics()
  metrics.setBacklog({ due: 3, oldestDueAgeMs: 1_500 })
  metrics.setJobCounts({ refresh: { waiting: 4, active: 1 }, maintenance: { waiting: 1 } })
  const before = await samplesOf(metrics)
  t.match(Object.fromEntries(before), {
    insights_store_up: 1,
    insights_due_insights: 3,
    insights_oldest_due_age_seconds: 1.5,
    insights_queue_up: 1,
    'insights_queue_jobs{queue="refresh",state="waiting"}': 4,
    'insights_queue_jobs{queue="maintenance",state="waiting"}': 1
  })
  metrics.setBacklog(null)
  metrics.setJobCounts(null)
  const after = await samplesOf(metrics)
  t.equal(after.get('insights_store_up'), 0)
  t.equal(after.get('insights_queue_up'), 0)
  t.notOk([...after.keys()].some(name => /due|queue_jobs/.test(name)), 'a gauge of the past would silence an alert')
  metrics.setBacklog({ due: 0, oldestDueAgeMs: null })
  t.equal((await samplesOf(metrics)).get('insights_oldest_due_age_seconds'), 0)
})

const STATUS: PlatformStatus = {
  buckets: [
    { name: 'calls', unit: 'calls', limit: null, used: 7, left: null, left_for_planned: null, resets_at: null },
    { name: 'spend', unit: 'cents', limit: 500, used: 125, left: 375, left_for_planned: 275, resets_at: '2026-11-26T00:00:00.000Z' }
  ],
  parked: { code: 'INS_PLATFORM_QUOTA', detail: 'x', until: '2026-11-25T20:00:00.500Z' },
  circuit: 'half_open',
  last_success_at: '2026-11-25T19:00:00.000Z',
  next_probe_at: '2026-11-25T20:00:00.500Z'
}

t.test('what is used of each limit, and what holds a platform back, is shown in base units', async t => {
  const metrics = createMetrics()
  metrics.setPlatforms({ x: STATUS })
  t.same(Object.fromEntries([...await samplesOf(metrics)].filter(([name]) => name.startsWith('insights_platform_') && name.includes('{'))), {
    'insights_platform_state_up{platform="x"}': 1,
    'insights_platform_quota_used{platform="x",bucket="calls"}': 7,
    'insights_platform_spend_used_dollars{platform="x",bucket="spend"}': 1.25,
    'insights_platform_spend_limit_dollars{platform="x",bucket="spend"}': 5,
    'insights_platform_quota_reset_timestamp_seconds{platform="x",bucket="spend"}': Date.parse('2026-11-26') / 1000,
    'insights_platform_parked{platform="x"}': 1,
    'insights_platform_parked_until_timestamp_seconds{platform="x"}': Date.parse('2026-11-25T20:00:00.500Z') / 1000,
    'insights_platform_circuit{platform="x",state="closed"}': 0,
    'insights_platform_circuit{platform="x",state="open"}': 0,
    'insights_platform_circuit{platform="x",state="half_open"}': 1,
    'insights_platform_last_success_timestamp_seconds{platform="x"}': Date.parse('2026-11-25T19:00:00Z') / 1000
  })
})

t.test('figures of a platform that can not be read disappear, and of one that is no longer held back what held it', async t => {
  const metrics = createMetrics()
  metrics.setPlatforms({ x: STATUS, youtube: STATUS })
  metrics.setPlatforms({ x: null, youtube: { ...STATUS, buckets: [], parked: null, circuit: 'closed', last_success_at: null } })
  t.same([...await samplesOf(metrics)].filter(([name, value]) => name.startsWith('insights_platform_') && name.includes('{') && value === 1).map(([name]) => name), [
    'insights_platform_state_up{platform="youtube"}', 'insights_platform_circuit{platform="youtube",state="closed"}'
  ])
  const left = [...(await samplesOf(metrics)).keys()].filter(name => name.startsWith('insights_platform_') && name.includes('platform="x"'))
  t.same(left, ['insights_platform_state_up{platform="x"}'])
  t.equal((await samplesOf(metrics)).get('insights_platform_parked{platform="youtube"}'), 0)
  t.notOk((await samplesOf(metrics)).has('insights_platform_parked_until_timestamp_seconds{platform="youtube"}'))
})

t.test('several in one process know nothing of each other', async t => {
  const [one, other] = [createMetrics(), createMetrics()]
  one.countEnqueueFailure()
  t.equal((await samplesOf(other)).get('insights_enqueue_failures_total'), 0)
})

t.test('the text is what Prometheus reads, and has the figures of the process', async t => {
  const metrics = createMetrics()
  metrics.observeHttp({ method: 'GET', route: '/a"b\\', status: 200, seconds: 0.1 })
  const { contentType, text } = await metrics.render()
  t.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8')
  const isLine = /^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="([^"\\\n]|\\.)*"(,\w+="([^"\\\n]|\\.)*")*\})? (-?[\d.e+-]+|\+Inf|NaN))$/i
  for (const line of text.split('\n').filter(line => line !== '')) t.match(line, isLine)
  t.match(text, /^process_resident_memory_bytes \d+$/m)
  t.match(text, /^nodejs_eventloop_lag_p99_seconds /m)
})

t.test('the documented metrics are those that there are', async t => {
  const { text } = await createMetrics().render()
  const existing = [...text.matchAll(/^# TYPE (insights_\w+)/gm)].map(([, name]) => name)
  const rows = (file: string, start: string): string[] => readFileSync(new URL(file, import.meta.url), 'utf8').split('\n').filter(line => line.startsWith(start))
  for (const lines of [rows('../src/port.ts', ' * | `'), rows('../../../docs/operations.md', '| `')]) {
    const documented = lines.flatMap(line => [...(line.split('|')[1] ?? '').matchAll(/insights_\w+/g)].map(([name]) => name))
    t.same(documented.sort(), existing.sort())
  }
})

t.test('the alerts ask for metrics and labels that there are', async t => {
  const { text } = await createMetrics().render()
  const names = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].flatMap(([, name]) => [name, `${name}_count`, `${name}_bucket`]))
  const asked = [...readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8').matchAll(/\b(?:insights|nodejs)_[a-z0-9_]+(?=[{[) ]|`)/g)].map(([name]) => name)
  t.ok(asked.length > 20)
  for (const name of asked.filter(name => !name.endsWith('_'))) t.ok(names.has(name), name)
})

t.test('the alerts ask for labels, and for values of them, that the table of metrics has', t => {
  const lines = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8').split('\n')
  const rows = new Map(lines.filter(line => line.startsWith('| `')).flatMap(line =>
    [...(line.split('|')[1] ?? '').matchAll(/insights_\w+/g)].map(([name]) => [name, line] as const)))
  const alerts = lines.filter(line => line.startsWith('| ') && !line.startsWith('| `')).join('\n')
  const selectors = [...alerts.matchAll(/(insights_\w+?)(?:_count|_bucket)?\{([^}]*)\}/g)]
  t.ok(selectors.length > 10)
  for (const [selector, name = '', conditions = ''] of selectors) {
    for (const [, label = '', values = ''] of conditions.matchAll(/(\w+)=~?"([^"]*)"/g)) {
      const row = rows.get(name) ?? ''
      t.ok(row.split('|')[3]?.includes(`\`${label}\``), `${selector}: ${label}`)
      if (label !== 'outcome' && label !== 'state') continue
      for (const value of values.split('\\|')) t.ok(row.includes(`\`${value}\``), `${selector}: ${value}`)
    }
  }
  t.end()
})
