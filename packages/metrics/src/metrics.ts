import { PLATFORMS } from '@insights/shared'
import { createInstruments, type Instruments } from './instruments.js'
import { setPlatforms } from './platform-gauges.js'
import { SOURCE_OUTCOMES, type BacklogFigures, type HttpCall, type JobCounts, type Metrics } from './port.js'

/** Clients may send any word as the method; those that no route has share one label. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Creates the metrics of a process, all at their start. Reads no clock and holds nothing that has to be closed. */
export function createMetrics (): Metrics {
  const instruments = createInstruments()
  const { refreshes, lookups, runDuration, callDuration, callIds, callCapacity } = instruments
  // A counter that appears with its first event hides that event from `rate` and `increase`.
  for (const outcome of ['saved', 'superseded', 'failed']) refreshes.inc({ outcome }, 0)
  for (const platform of PLATFORMS) for (const outcome of SOURCE_OUTCOMES) lookups.inc({ platform, outcome }, 0)

  return {
    observeHttp: call => { instruments.httpDuration.observe(httpLabels(call), call.seconds) },
    observeRefresh: ({ saved, superseded, failed, seconds }) => {
      refreshes.inc({ outcome: 'saved' }, saved)
      refreshes.inc({ outcome: 'superseded' }, superseded)
      refreshes.inc({ outcome: 'failed' }, failed)
      runDuration.observe(seconds)
    },
    countLookup: (platform, outcome) => { lookups.inc({ platform, outcome }) },
    observePlatformCall: ({ platform, outcome, seconds, ids, maxBatchSize }) => {
      callDuration.observe({ platform, outcome }, seconds)
      callIds.inc({ platform }, ids)
      callCapacity.inc({ platform }, maxBatchSize)
    },
    countEnqueueFailure: () => { instruments.enqueueFailures.inc() },
    setBacklog: backlog => { setBacklog(instruments, backlog) },
    setJobCounts: counts => { setJobCounts(instruments, counts) },
    setPlatforms: figures => { setPlatforms(instruments, figures) },
    render: async () => ({
      contentType: instruments.registry.contentType,
      text: await instruments.registry.metrics()
    })
  }
}

function httpLabels ({ method, route, status }: HttpCall): { method: string, route: string, status: number } {
  return { method: METHODS.has(method) ? method : 'other', route: route ?? 'unknown', status }
}

function setBacklog ({ storeUp, due, oldestDueAge }: Instruments, backlog: BacklogFigures | null): void {
  storeUp.set(backlog === null ? 0 : 1)
  if (backlog === null) {
    due.remove()
    oldestDueAge.remove()
  } else {
    due.set(backlog.due)
    oldestDueAge.set((backlog.oldestDueAgeMs ?? 0) / 1000)
  }
}

function setJobCounts ({ queueUp, jobs }: Instruments, counts: JobCounts | null): void {
  queueUp.set(counts === null ? 0 : 1)
  jobs.reset()
  for (const [queue, states] of Object.entries(counts ?? {})) {
    for (const [state, count] of Object.entries(states)) jobs.set({ queue, state }, count)
  }
}
