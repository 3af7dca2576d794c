import { request, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Bench, Row } from './bench.js'
import { buildBody } from './sample-insights.js'
import { median } from './statistics.js'
import type { Service } from './workbench.js'

const PATH = '/api/user_insights'
const PAGES = 30
const SAMPLED_EVERY_MS = 100

/** Lines that are written at one go. */
const CHUNK = 100

/** Storing and reading many insights at once. The planner rests meanwhile, so that nothing else is measured. */
export const lists: Bench = {
  name: 'lists',
  run: async workbench => {
    const { lines } = workbench.scale
    const service = await workbench.startService(await workbench.newDataDirectory(), { PLANNER_INTERVAL_SECONDS: '300' })
    const rows: Row[] = []
    for (const what of ['new lines', 'the same lines once more']) {
      const stored = await measured(service, async () => await sendBulk(service, lines))
      rows.push({ measure: `bulk of ${lines}, ${what}`, unit: 'lines per second', value: lines / stored.seconds })
      rows.push({ measure: `bulk of ${lines}, ${what}: most memory`, unit: 'MiB', value: stored.mostMiB })
    }
    for (const format of ['ndjson', 'csv']) {
      const exported = await measured(service, async () => await receiveExport(service, format))
      rows.push({ measure: `export of ${lines} as ${format}`, unit: 'rows per second', value: lines / exported.seconds })
      rows.push({ measure: `export of ${lines} as ${format}: most memory`, unit: 'MiB', value: exported.mostMiB })
    }
    for (const ordering of ['id', '-insight_score', 'updated_at']) {
      rows.push({ measure: `page of 100 among ${lines}, by ${ordering}`, unit: 'ms', value: await pageTime(service, ordering) })
    }
    await service.close()
    return rows
  }
}

/** How long it takes, and the most memory that the service held meanwhile. */
async function measured (service: Service, work: () => Promise<void>): Promise<{ seconds: number, mostMiB: number }> {
  const startedAt = performance.now()
  const working = work().then(() => 'done')
  let mostMiB = 0
  do mostMiB = Math.max(mostMiB, await service.readMemory())
  while (await Promise.race([working, delay(SAMPLED_EVERY_MS, 'under way')]) !== 'done')
  return { seconds: (performance.now() - startedAt) / 1000, mostMiB }
}

async function sendBulk ({ url, token }: Service, lines: number): Promise<void> {
  const sent = request(`${url}${PATH}/bulk`, {
    method: 'POST', headers: { authorization: `Token ${token}`, 'content-type': 'application/x-ndjson' }
  })
  const results = once(sent, 'response').then(async ([response]) => await countResults(response as IncomingMessage))
  for (let n = 0; n < lines; n += CHUNK) {
    const chunk = Array.from({ length: Math.min(CHUNK, lines - n) }, (_, k) =>
      `${JSON.stringify({ ...buildBody(n + k), external_id: `artist-${n + k}` })}\n`)
    if (!sent.write(chunk.join(''))) await once(sent, 'drain')
  }
  sent.end()
  const stored = await results
  if (stored !== lines) throw new Error(`${stored} of ${lines} lines were stored`)
}

async function countResults (response: IncomingMessage): Promise<number> {
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text.match(/"status":20[01]/g)?.length ?? 0
}

async function receiveExport ({ url, token }: Service, format: string): Promise<void> {
  const response = await fetch(`${url}${PATH}/export?format=${format}`, { headers: { authorization: `Token ${token}` } })
  if (response.body === null || response.status !== 200) throw new Error(`The export was answered with ${response.status}`)
  await response.body.pipeTo(new WritableStream())
}

/** The median of pages that follow each other, in milliseconds. */
async function pageTime ({ url, api }: Service, ordering: string): Promise<number> {
  const times: number[] = []
  let next: string | null = `${PATH}?limit=100&ordering=${ordering}`
  for (let count = 0; count < PAGES && next !== null; count++) {
    const startedAt = performance.now()
    const { status, body } = await api.get(next)
    if (status !== 200) throw new Error(`A page was answered with ${status} ${String(body.code)}`)
    times.push(performance.now() - startedAt)
    next = body.next === null ? null : body.next.replace(url, '')
  }
  return median(times)
}
