import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { t } from 'tap'
import { startService, type ServiceProcess } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'

const TOKEN = 'a-token-of-our-own-choice-for-the-tests'
const PATH = '/api/user_insights'
const LINES = 20_000
const KILLS = 3

type Result = Record<string, unknown>

const lineOf = (n: number): string => `${JSON.stringify({
  external_id: `artist-${n}`, connects: n, works: [{ item_id: `video${String(n).padStart(6, '0')}`, source_type: 1, is_individual_work: true, in_app_plays: n }]
})}\n`

/** Sends the whole file and gives the results that came; `onResults` hears how many there are so far. */
async function send ({ url }: ServiceProcess, onResults: (count: number) => void): Promise<Result[]> {
  const sent = request(`${url}${PATH}/bulk`, { method: 'POST', headers: { authorization: `Token ${TOKEN}`, 'content-type': 'application/x-ndjson' } })
  const broken = new Promise<void>(resolve => { sent.once('error', () => { resolve() }).once('close', () => { resolve() }) })
  const received = once(sent, 'response').then(async ([response]) => await receive(response as IncomingMessage, onResults), () => [])
  for (let n = 0; n < LINES && !sent.destroyed; n += 100) {
    const chunk = Array.from({ length: 100 }, (_one, k) => lineOf(n + k)).join('')
    if (!sent.write(chunk)) await Promise.race([once(sent, 'drain').catch(() => {}), broken])
  }
  sent.end()
  return await received
}

async function receive (response: IncomingMessage, onResults: (count: number) => void): Promise<Result[]> {
  const lines: string[] = []
  let rest = ''
  try {
    for await (const chunk of response) {
      const parts = (rest + String(chunk)).split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts)
      onResults(lines.length)
    }
  } catch { /* the service was killed: what came before it counts */ }
  return lines.map(line => JSON.parse(line))
}

/** Every stored insight: the number in its external id, and the insight. */
async function stored ({ url }: ServiceProcess): Promise<Map<number, Result>> {
  const answer = await fetch(`${url}${PATH}/export`, { headers: { authorization: `Token ${TOKEN}` } })
  const insights = (await answer.text()).split('\n').slice(0, -1).map(line => JSON.parse(line))
  const numbered = new Map(insights.map(insight => [Number(insight.external_id.replace('artist-', '')), insight]))
  if (numbered.size !== insights.length) throw new Error('an external id is there twice')
  return numbered
}

t.test(`an upload that is killed ${KILLS} times leaves whole insights, and is complete when it was sent once more`, async t => {
  const env = { DATA_DIR: await makeDataDirectory(t), BOOTSTRAP_TOKEN: TOKEN, LOG_LEVEL: 'error', PLANNER_INTERVAL_SECONDS: '300' }
  const start = async (): Promise<ServiceProcess> => await startService({ env, node: ['apps/standalone/dist/main.js'] })
  const ids = new Map<number, unknown>()
  for (let kill = 1; kill <= KILLS; kill++) {
    const service = await start()
    let killed: Promise<unknown> | null = null
    const results = await send(service, count => { if (count > kill * LINES / 10) killed ??= service.end('SIGKILL') })
    await (killed ?? service.end('SIGKILL'))
    t.ok(results.length > 0 && results.length < LINES, `${results.length} results before kill ${kill}`)
    for (const { line, id } of results) {
      t.equal(ids.get(Number(line)) ?? id, id, `line ${String(line)} is the same insight as before`)
      ids.set(Number(line), id)
    }
  }

  const service = await start()
  t.teardown(async () => { await service.end('SIGKILL') })
  const before = await stored(service)
  for (const [line, id] of ids) t.equal(before.get(line - 1)?.['id'], id, `what line ${line} was answered is there`)
  for (const [n, insight] of before) {
    if (insight['connects'] !== n || (insight['works'] as unknown[]).length !== 1) t.fail(`insight ${n} is not whole`, insight)
  }
  const results = await send(service, () => {})
  t.same(results.map(({ line }) => line), Array.from({ length: LINES }, (_one, n) => n + 1), 'a result for each line, in order')
  t.equal(results.filter(({ status }) => status === 200).length, before.size, 'what was there is not made twice')
  t.equal((await stored(service)).size, LINES)
  t.equal((await service.end('SIGTERM')).code, 0)
})
