import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createInsightsClient, InsightsError, type ImportResult, type InsightInput } from '@insights/client'
import { createApiClient, openFaultProxy, startService } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'
import { t } from 'tap'
import { EXAMPLE_2 } from './support/artists.js'

const TOKEN = 'a-token-for-the-client-of-the-service'

const service = await startService({ node: ['apps/standalone/dist/main.js'], env: { DATA_DIR: await makeDataDirectory(t), BOOTSTRAP_TOKEN: TOKEN } })
t.teardown(async () => { await service.end('SIGKILL') })
const insights = createInsightsClient({ baseUrl: service.url, token: TOKEN })

t.test('the five lines of the README work', async t => {
  const readme = readFileSync(resolve(import.meta.dirname, '../packages/client/README.md'), 'utf8')
  const code = /^```js\n(.*?)^```$/ms.exec(readme)?.[1] ?? ''
  t.equal(code.trim().split('\n').length, 5)
  t.match(code, 'http://127.0.0.1:3000')
  const directory = t.testdir({ 'readme.mjs': code.replace('http://127.0.0.1:3000', service.url) })
  const run = async (token: string): Promise<{ stdout: string }> =>
    await promisify(execFile)(process.execPath, [join(directory, 'readme.mjs')], { env: { ...process.env, INSIGHTS_TOKEN: token } })
  t.match((await run(TOKEN)).stdout, /^gigpro \d+\.\d\d\n1 \d+\.\d\d\n$/)
  await t.rejects(run('another-token-that-nobody-knows-here'), /InsightsError: POST \/api\/user_insights: 401 INS_AUTH_INVALID: ./)
})

t.test('what was read can be changed and sent back, if nobody was faster', async t => {
  const { data, response } = await insights.POST('/api/user_insights', { body: { ...EXAMPLE_2 } as InsightInput })
  const path = { id: data.id }
  const etag = response.headers.get('etag') ?? ''
  const unchanged = await insights.GET('/api/user_insights/{id}', { params: { path, header: { 'if-none-match': etag } } })
  t.same([unchanged.response.status, unchanged.data], [304, undefined])
  const changed = await insights.PUT('/api/user_insights/{id}', { params: { path, header: { 'if-match': etag } }, body: { ...data, connects: 3 } })
  t.equal(changed.data.connects, 3)
  const error: unknown = await insights.PATCH('/api/user_insights/{id}', { params: { path, header: { 'if-match': etag } }, body: { connects: 4 } })
    .catch((reason: unknown) => reason)
  t.ok(error instanceof InsightsError && error.code === 'INS_INSIGHT_CHANGED' && error.status === 412)
  t.equal((await insights.DELETE('/api/user_insights/{id}', { params: { path } })).data.id, data.id)
})

t.test('a create whose answer is lost is repeated, and makes one insight', async t => {
  const proxy = await openFaultProxy(Number(new URL(service.url).port))
  t.teardown(proxy.close)
  const direct = createApiClient(service.url, TOKEN)
  const made = async (): Promise<unknown[]> => (await direct.get('/api/user_insights?limit=100')).body.results.filter(({ connects }: { connects: number }) => connects === 4711)
  const tries: number[] = []
  const far = createInsightsClient({ baseUrl: `http://127.0.0.1:${proxy.port}`, token: TOKEN, onRetry: retry => { tries.push(retry.tries) } })

  proxy.setLine({ kind: 'drip', bytesPerSecond: 1 })
  const created = far.POST('/api/user_insights', { body: { connects: 4711 } })
  while ((await made()).length === 0) await turn()
  proxy.setLine({ kind: 'pass' })
  proxy.reset()
  const { data, response } = await created

  t.same(tries, [1])
  t.equal(response.headers.get('idempotency-replayed'), 'true')
  t.match(await made(), [{ id: data.id }])
  t.equal((await made()).length, 1)
})

t.test('what an import answers is read while the rest is still being made', async t => {
  const results: ImportResult[] = []
  let read = (): void => {}
  const firstResult = new Promise<void>(resolve => { read = resolve })
  async function * lines (): AsyncGenerator<InsightInput> {
    yield { external_id: 'artist-1' }
    await firstResult
    yield { external_id: 'artist-2', connects: -1 }
    for (let number = 3; number <= 120; number++) yield { external_id: `artist-${number}`, connects: number }
  }
  for await (const result of insights.importInsights(lines())) {
    results.push(result)
    read()
  }
  t.same(results.map(({ line }) => line), Array.from({ length: 120 }, (_, index) => index + 1))
  t.match(results[0], { line: 1, status: 201, id: Number })
  t.match(results[1], { line: 2, status: 400, code: 'INS_REQUEST_INVALID', errors: [{ pointer: '/connects', code: 'range' }] })
  t.ok(results.slice(2).every(({ status }) => status === 201))
})

t.test('an import that is left ends the transfer, and what makes its lines is told', async () => {
  let leave = (): void => {}
  const left = new Promise<void>(resolve => { leave = resolve })
  async function * endless (): AsyncGenerator<InsightInput> {
    try {
      for (;;) yield await turn({})
    } finally {
      leave()
    }
  }
  for await (const result of insights.importInsights(endless())) if (result.line > 3) break
  await left
})

t.test('what is thrown where the lines are made is thrown, before and after the first answer', async t => {
  const reason = new Error('The file ends in the middle')
  let read = (): void => {}
  const firstResult = new Promise<void>(resolve => { read = resolve })
  async function * broken (lines: number): AsyncGenerator<InsightInput> {
    for (let line = 0; line < lines; line++) yield {}
    if (lines > 0) await firstResult
    throw reason
  }
  for (const lines of [0, 1]) {
    await t.rejects(async () => { for await (const { line } of insights.importInsights(broken(lines))) if (line === 1) read() }, reason)
  }
})

t.test('a list walks over all pages, and an export gives the same', async t => {
  const filters = { min_score: 0, external_id: undefined }
  const listed: number[] = []
  for await (const { id } of insights.listInsights({ ...filters, limit: 100 })) listed.push(id)
  const exported: number[] = []
  for await (const { id, works } of insights.exportInsights(filters)) if (works.length === 0) exported.push(id)
  t.ok(listed.length > 100, `${listed.length} insights`)
  t.same(exported, listed)
  const last = await insights.listInsights({ ordering: '-id', limit: 1 }).next()
  t.equal(last.value?.id, listed.at(-1))
})
