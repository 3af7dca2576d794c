import { readFileSync } from 'node:fs'
import { t } from 'tap'
import { createMetrics } from '../src/index.js'
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
