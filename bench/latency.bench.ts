import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from './bench.js'
import { buildBody } from './sample-insights.js'
import { quantile } from './statistics.js'
import type { Service } from './workbench.js'

/** Between two looks. Looking without a pause would be the load that the refresh has to wait for. */
const LOOK_EVERY_MS = 1

/** How long after a POST the score can be read, when nothing else is going on. */
export const latency: Bench = {
  name: 'latency',
  run: async ({ scale, newDataDirectory, startService }) => {
    const service = await startService(await newDataDirectory())
    await timeUntilScored(service, 0) // connections and tokens of the platforms are made once
    const times: number[] = []
    for (let n = 1; n <= scale.posts; n++) times.push(await timeUntilScored(service, n))
    await service.close()
    const [typical, slow] = [quantile(times, 0.5), quantile(times, 0.95)]
    return [
      { measure: 'POST until the score is read, median', unit: 'ms', value: typical },
      { measure: 'POST until the score is read, p95', unit: 'ms', value: slow, reference: { name: 'median', value: typical } }
    ]
  }
}

async function timeUntilScored ({ api }: Service, n: number): Promise<number> {
  const postedAt = performance.now()
  let { body } = await api.post('/api/user_insights/', buildBody(n))
  while (body.insight_score === '0.00') {
    await delay(LOOK_EVERY_MS)
    body = (await api.get(`/api/user_insights/${body.id as number}`)).body
  }
  return performance.now() - postedAt
}
