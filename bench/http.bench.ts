import type { Answer as BareAnswer } from './bare-servers/answers.js'
import { startBareServer } from './bare-servers/start.js'
import type { Bench, Row } from './bench.js'
import { askOnce, mainRoutes, otherRoutes, PAGE, toRequest, type Route } from './http-routes.js'
import { load, type Load, type Request } from './load.js'
import { buildBody } from './sample-insights.js'
import { median, summarise } from './statistics.js'
import type { Service, Workbench } from './workbench.js'

const PATH = '/api/user_insights/'

interface Contestant {
  name: string
  url: string
  /** Makes it as idle as it was before a round. */
  settle: () => Promise<void>
}

/** It is counted, and never reached: what is measured is more than one token is allowed. */
const WITHOUT_LIMIT = { RATE_LIMIT_PER_MINUTE: '10000000' }

/** Rates and latencies of the service over HTTP, beside servers that only answer. */
export const http: Bench = {
  name: 'http',
  run: async workbench => {
    const service = await workbench.startService(await workbench.newDataDirectory(), WITHOUT_LIMIT)
    const first = (await service.api.post(PATH, buildBody(1))).body.id as number
    const settle = createSettler(service, first)
    for (let count = 2; count <= PAGE + 1; count++) await service.api.post(PATH, buildBody(count))
    await settle()
    const rows = [
      ...await compare(workbench, service, settle, mainRoutes(first), ['Fastify', 'node:http'], METRICS),
      ...await compare(workbench, service, settle, otherRoutes(first, first + PAGE), ['Fastify'], METRICS.slice(0, 1))
    ]
    await service.close()
    return rows
  }
}

const KINDS = { Fastify: 'fastify', 'node:http': 'node-http' } as const

/** Holds each route of the service against servers that give the same answers. */
async function compare (
  { scale }: Workbench, service: Service, settle: () => Promise<void>, routes: readonly Route[],
  kinds: ReadonlyArray<keyof typeof KINDS>, metrics: typeof METRICS
): Promise<Row[]> {
  const answers: BareAnswer[] = []
  for (const route of routes) answers.push(await askOnce(route, service))
  const bare = await Promise.all(kinds.map(async kind => await startBareServer(KINDS[kind], answers)))
  const contestants = [
    { name: 'Insights', url: service.url, settle },
    ...bare.map(({ url }, index) => ({ name: `bare ${kinds[index] ?? ''}`, url, settle: async () => {} }))
  ]
  const rows: Row[] = []
  for (const route of routes) {
    const requestOf = ({ url }: Contestant): Request => toRequest(route, url, service.token)
    if (route.method === 'GET') await assertSameBytes(contestants.map(requestOf))
    rows.push(...toRows(route.name, contestants, await inTurns(contestants, requestOf, scale), metrics))
  }
  await Promise.all(bare.map(async ({ close }) => { await close() }))
  return rows
}

async function assertSameBytes (requests: readonly Request[]): Promise<void> {
  const bodies = await Promise.all(requests.map(async ({ url, headers }) => await (await fetch(url, { headers })).text()))
  if (new Set(bodies).size !== 1) throw new Error(`The servers answer different bytes: ${bodies.join('\n')}`)
}

/** Waits until every insight posted so far is refreshed: the work behind one round must not slow down the next. */
function createSettler ({ api }: Service, firstId: number): () => Promise<void> {
  let settled = firstId
  return async () => {
    const { body } = await api.post(PATH, buildBody(1))
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

function toRows (call: string, contestants: readonly Contestant[], results: readonly Load[][], metrics: typeof METRICS): Row[] {
  const [own = [], ...others] = results
  return metrics.flatMap(metric => others.map((other, index) => ({
    measure: `${call} ${metric.name} beside ${contestants[index + 1]?.name ?? ''}`,
    unit: metric.unit,
    ...summarise(own.map(metric.of)),
    reference: { name: contestants[index + 1]?.name ?? '', value: median(other.map(metric.of)) }
  })))
}
