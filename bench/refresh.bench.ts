import { ONE_BY_ONE, PLANNED, workOff, type PlatformCalls, type Run } from './backlog.js'
import type { Bench, Row } from './bench.js'
import { measureNoopJobs } from './noop-jobs.js'
import { buildBacklog } from './sample-insights.js'
import { withStage } from './stage.js'
import { median, summarise } from './statistics.js'

/** What a call of a real platform takes on an ordinary day. */
const SLOW_MS = 200

/** A backlog of insights: how fast it is worked off, and how few platform calls that takes. */
export const refresh: Bench = {
  name: 'refresh',
  run: async workbench => {
    const backlog = buildBacklog(workbench.scale.backlog)
    const noop: number[] = []
    const oneByOne: Run[] = []
    const planned: Run[] = []
    const slow: Run[] = []
    for (let round = 0; round < workbench.scale.refreshRounds; round++) {
      noop.push(await withStage(workbench, async ({ queues, settings: { concurrency } }) =>
        await measureNoopJobs(queues, { jobs: backlog.length, concurrency })))
      oneByOne.push(await workOff(workbench, backlog, ONE_BY_ONE))
      planned.push(await workOff(workbench, backlog, PLANNED))
      slow.push(await workOff(workbench, backlog, PLANNED, SLOW_MS))
    }
    return [...rateRows(planned, { noop, oneByOne }), slowRow(slow, noop), ...callRows(planned)]
  }
}

function rateRows (planned: readonly Run[], { noop, oneByOne }: { noop: number[], oneByOne: Run[] }): Row[] {
  const rate = { unit: 'per second', ...summarise(planned.map(run => run.perSecond)) }
  const oneByOneRate = median(oneByOne.map(run => run.perSecond))
  return [
    { measure: 'backlog refreshes beside empty jobs', ...rate, reference: { name: 'raw BullMQ jobs that do nothing', value: median(noop) } },
    { measure: 'backlog refreshes beside single jobs', ...rate, reference: { name: 'one job per insight', value: oneByOneRate } }
  ]
}

function slowRow (slow: readonly Run[], noop: readonly number[]): Row {
  return {
    measure: `backlog refreshes beside empty jobs, platforms that take ${SLOW_MS} ms`,
    unit: 'per second',
    ...summarise(slow.map(run => run.perSecond)),
    reference: { name: 'raw BullMQ jobs that do nothing', value: median(noop) }
  }
}

function callRows (planned: readonly Run[]): Row[] {
  const perPlatform = planned[0]?.calls.map(({ platform, ids, batchSize }, index) => ({
    name: platform,
    received: planned.map(run => run.calls[index]?.received ?? 0),
    fewest: fewestCalls({ ids, batchSize }),
    reference: `⌈${ids} ids / ${batchSize}⌉`
  })) ?? []
  const all = {
    name: 'all platforms',
    received: planned.map(run => run.calls.reduce((sum, calls) => sum + calls.received, 0)),
    fewest: perPlatform.reduce((sum, { fewest }) => sum + fewest, 0),
    reference: 'the sum of these'
  }
  return [...perPlatform, all].map(({ name, received, fewest, reference }) => ({
    measure: `calls for the backlog, ${name}`, unit: 'calls', ...summarise(received), reference: { name: reference, value: fewest }
  }))
}

/** No way of asking takes fewer, as long as every id has to be asked for once. */
function fewestCalls ({ ids, batchSize }: Pick<PlatformCalls, 'ids' | 'batchSize'>): number {
  return Math.ceil(ids / batchSize)
}
