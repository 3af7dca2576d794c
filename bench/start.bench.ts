import { setTimeout as delay } from 'node:timers/promises'
import type { Bench, Row, Scale } from './bench.js'
import { buildBody } from './sample-insights.js'
import { summarise } from './statistics.js'
import type { Service } from './workbench.js'

/** Insights that are posted at the same time. */
const WRITERS = 8

/** How long the service takes to start, and how much memory it holds. */
export const start: Bench = {
  name: 'start',
  run: async ({ scale, timeFirstStart, newDataDirectory, startService }) => {
    const first: number[] = []
    const later: number[] = []
    for (let n = 0; n < scale.firstStarts; n++) first.push(await timeFirstStart())
    const dataDir = await newDataDirectory()
    let memory: Row[] = []
    for (let n = 1; n <= scale.laterStarts; n++) {
      const service = await startService(dataDir)
      later.push(service.readyAfterMs)
      if (n === scale.laterStarts) memory = await measureMemory(service, scale)
      await service.close()
    }
    const laterStart = { measure: 'later start until ready', unit: 'ms', ...summarise(later) }
    return [
      { measure: 'first start until ready', unit: 'ms', ...summarise(first), reference: { name: 'later start', value: laterStart.value } },
      laterStart,
      ...memory
    ]
  }
}

async function measureMemory (service: Service, { restMs, refreshes }: Scale): Promise<Row[]> {
  await delay(restMs)
  const idle = await service.readMemory()
  await refreshInsights(service, refreshes)
  await delay(restMs)
  const after = await service.readMemory()
  return [
    { measure: 'resident memory, idle after a later start', unit: 'MiB', value: idle },
    { measure: `resident memory after ${refreshes} refreshes`, unit: 'MiB', value: after, reference: { name: 'idle', value: idle } }
  ]
}

/** Each posted insight is refreshed once. */
async function refreshInsights ({ api }: Service, total: number): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: WRITERS }, async () => {
    while (next < total) {
      const { body } = await api.post('/api/user_insights/', buildBody(next++))
      await api.refreshed(body.id)
    }
  }))
}
