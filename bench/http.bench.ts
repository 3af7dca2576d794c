import { startBareServer } from './bare-servers/start.js'
import type { Bench, Row } from './bench.js'
import { load, type Load, type Request } from './load.js'
import { buildBody } from './sample-insights.js'
import { median, summarise } from './statistics.js'
import type { Service } from './workbench.js'

const PATH = '/api/user_insights/'
const BODY = JSON.stringify(buildBody(1))

interface Contestant {
  name: string
  url: string
  /** Makes it as idle as it was before a round. */
  settle: () => Promise<void>
}

/** Rates and latencies of the service over HTTP, beside servers that only answer. */
export const http: Bench = {
  name: 'http',
  run: async workbench => {
    const service = await workbench.startService(await workbench.newDataDirectory())
    const { api } = service
    const post = (await api.post(PATH, JSON.parse(BODY))).body
    const get = (await api.refreshed(post.id)).body
    const bareFastify = await startBareServer('fastify', { get, post })
    const bareHttp = await startBareServer('node-http', { get, post })
    const contestants = [
      { name: 'Insights', url: service.url, settle: createSettler(service, post.id) },
      { name: 'bare Fastify', url: bareFastify.url, settle: async () => {} },
      { name: 'bare node:http', url: bareHttp.url, settle: async () => {} }
    ]
    const rows: Row[] = []
    for (const method of ['GET', 'POST'] as const) {
      const path = method === 'GET' ? `${PATH}${post.id as number}` : PATH
      const requestOf = ({ url }: Contestant): Request => toRequest(method, url + path, service.token)
      if (method === 'GET') await assertSameBytes(contestants.map(requestOf))
      rows.push(...toRows(method, contestants, await inTurns(contestants, requestOf, workbench.scale)))
    }
    await Promise.all([bareFastify.close(), bareHttp.close(), service.close()])
    return rows
  }
}

function toRequest (method: 'GET' | 'POST', url: string, token: string): Request {
  const authorization = `Token ${token}`
  if (method === 'GET') return { url, method, headers: { authorization } }
  return { url, method, headers: { authorization, 'content-type': 'application/json' }, body: BODY }
}

async function assertSameBytes (requests: readonly Request[]): Promise<void> {
  const bodies = await Promise.all(requests.map(async ({ url, headers }) => await (await fetch(url, { headers })).text()))
  if (new Set(bodies).size !== 1) throw new Error(`The servers answer different bytes: ${bodies.join('\n')}`)
}

/** Waits until every insight posted so far is refreshed: the work behind one round must not slow down the next. */
function createSettler ({ api }: Service, firstId: number): () => Promise<void> {
  let settled = firstId
  return async () => {
    const { body } = await api.post(PATH, JSON.parse(BODY))
    while (settled < body.id) await api.refreshed(++settled)
  }
}

/** Rounds go A B C A B C, so that whatever disturbs the machine disturbs all. The first one warms up and is dropped. */
async function inTurns (
  contestants: readonly Contestant[], requestOf: (contestant: Contestant) => Request,
  { httpRounds, httpRoundSeconds }: { httpRounds: number, httpRoundSeconds: number }
): Promise<Load[][]> {
  const results: Load[][] = contestants.map(() => [])
  for (let round = 0; round <= httpRounds; round++) {
    for (const [index, contestant] of contestants.entries()) {
      const result = await load(requestOf(contestant), httpRoundSeconds)
      if (round > 0) results[index]?.push(result)
      await contestant.settle()
    }
  }
  return results
}

const METRICS = [
  { name: 'rate', unit: 'per second', of: (load: Load) => load.perSecond },
  { name: 'p50', unit: 'ms', of: (load: Load) => load.p50Ms },
  { name: 'p99', unit: 'ms', of: (load: Load) => load.p99Ms }
]

function toRows (method: string, contestants: readonly Contestant[], results: readonly Load[][]): Row[] {
  const [own = [], ...others] = results
  return METRICS.flatMap(metric => others.map((other, index) => ({
    measure: `${method} ${metric.name} beside ${contestants[index + 1]?.name ?? ''}`,
    unit: metric.unit,
    ...summarise(own.map(metric.of)),
    reference: { name: contestants[index + 1]?.name ?? '', value: median(other.map(metric.of)) }
  })))
}
