import { sourceKey, toTimestamp, type Milliseconds, type SourceLink } from '@insights/shared'
import { isPreferred, periodOf, type SourceObservation } from '@insights/storage'
import type { Interval, SourceHistory } from './history-schemas.js'

const DAY_MS: Milliseconds = 86_400_000

/** A growth per day that is read off less than half a day would say more about the hour than about the days. */
const MIN_GROWTH_SPAN_MS: Milliseconds = DAY_MS / 2

/** The histories of these sources, each with its own of the observations, which are in the order of time. */
export function toHistories (
  sources: readonly SourceLink[], observations: readonly SourceObservation[], interval: Interval
): SourceHistory[] {
  const bySource = new Map(sources.map(source => [sourceKey(source), [] as SourceObservation[]]))
  for (const observation of observations) bySource.get(sourceKey(observation))?.push(observation)
  return sources.map(source => {
    const { platform, source_id: sourceId } = source
    const own = bySource.get(sourceKey(source)) ?? []
    return { platform, source_id: sourceId, growth_per_day: growthPerDay(own), points: toPoints(own, interval) }
  })
}

/** From the first to the last count that was observed; what lies between does not matter, least of all the gaps. */
function growthPerDay (observations: readonly SourceObservation[]): number | null {
  const counted = observations.flatMap(({ at, count }) => count === null ? [] : [{ at: Date.parse(at), count }])
  const [first, last] = [counted.at(0), counted.at(-1)]
  if (first === undefined || last === undefined || last.at - first.at < MIN_GROWTH_SPAN_MS) return null
  return Math.round((last.count - first.count) / ((last.at - first.at) / DAY_MS) * 100) / 100
}

/** A period in which nothing was observed has no point, and nothing stands in for it. */
function toPoints (observations: readonly SourceObservation[], interval: Interval): SourceHistory['points'] {
  if (interval === 'raw') return observations.map(toPoint)
  const byStart = new Map<Milliseconds, SourceObservation>()
  for (const observation of observations) {
    const { from } = periodOf(Date.parse(observation.at), interval)
    const best = byStart.get(from)
    if (best === undefined || isPreferred(observation, best)) byStart.set(from, observation)
  }
  return [...byStart].map(([start, observation]) => ({ start: toTimestamp(start), ...toPoint(observation) }))
}

function toPoint ({ at, count, state }: SourceObservation): SourceHistory['points'][number] {
  return { at, count, state }
}
