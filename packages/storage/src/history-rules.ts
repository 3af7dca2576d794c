import { sourceKey, toTimestamp, type Milliseconds, type Platform, type SourceLink, type Timestamp } from '@insights/shared'
import type { Observation } from './history-port.js'

const HOUR_MS: Milliseconds = 3_600_000
const DAY_MS: Milliseconds = 24 * HOUR_MS

const PERIOD_KINDS = ['hour', 'day', 'week'] as const

/** The spans of UTC of which at most one observation of a source is kept. A week begins on Monday. */
export type PeriodKind = typeof PERIOD_KINDS[number]

interface Stage {
  kept: 'all' | PeriodKind
  /** The age at which the stage ends. */
  untilMs: Milliseconds
}

/**
 * Everything for a day, one an hour for 30 days, one a day for a year, one a week after that, and nothing older than
 * ten years. At the intervals that are usual for the platforms nothing is thinned out in the second stage; it bounds what
 * clients who ask for fresh counts every minute can pile up.
 */
const STAGES: readonly Stage[] = [
  { kept: 'all', untilMs: DAY_MS },
  { kept: 'hour', untilMs: 30 * DAY_MS },
  { kept: 'day', untilMs: 365 * DAY_MS },
  { kept: 'week', untilMs: 3_650 * DAY_MS }
]

/** For how long observations of a platform may be kept at most, where that is less than ten years. */
export type HistoryLimits = Readonly<Partial<Record<Platform, Milliseconds>>>

/**
 * YouTube's terms (Developer Policies, III.E.4, read in November 2026) let statistics that were obtained with an API
 * key alone be stored for 30 days at most. Two days less leave time for a service that is down.
 */
export const HISTORY_LIMITS: HistoryLimits = { youtube: 28 * DAY_MS }

/** The stage that an observation of that age is in; `null` = it is to be removed. */
function stageOf (platform: Platform, ageMs: Milliseconds, limits: HistoryLimits): Stage | null {
  const limitMs = limits[platform] ?? Infinity
  const stage = STAGES.find(({ untilMs }) => ageMs < untilMs)
  if (stage === undefined || ageMs >= limitMs) return null
  return { kept: stage.kept, untilMs: Math.min(stage.untilMs, limitMs) }
}

/** When an observation that is new to the store comes up for the first time. */
export function firstStepAt ({ at }: Pick<Observation, 'at'>): Timestamp {
  return toTimestamp(Date.parse(at) + DAY_MS)
}

/** A span of time in milliseconds since the epoch; `to` is not part of it. */
export interface Span { from: Milliseconds, to: Milliseconds }

/** The hour, UTC day or ISO week that an instant lies in. */
export function periodOf (instant: Milliseconds, kind: PeriodKind): Span {
  if (kind !== 'week') return spanOf(instant, kind === 'day' ? DAY_MS : HOUR_MS, 0)
  // The epoch was a Thursday.
  return spanOf(instant, 7 * DAY_MS, -3 * DAY_MS)
}

function spanOf (instant: Milliseconds, lengthMs: Milliseconds, offsetMs: Milliseconds): Span {
  const from = Math.floor((instant - offsetMs) / lengthMs) * lengthMs + offsetMs
  return { from, to: from + lengthMs }
}

/**
 * Whether `a` stands for a period rather than `b`: a count says more than a gap, and of two the later one does. So one
 * failed try at the end of a day does not hide what the day has shown.
 */
export function isPreferred (a: Pick<Observation, 'count' | 'at'>, b: Pick<Observation, 'count' | 'at'>): boolean {
  if ((a.count === null) !== (b.count === null)) return a.count !== null
  return Date.parse(a.at) > Date.parse(b.at)
}

/** The order of sources in a history: by platform, then by the code points of the id. */
export function compareSources (a: SourceLink, b: SourceLink): number {
  if (a.platform !== b.platform) return a.platform < b.platform ? -1 : 1
  return Buffer.compare(Buffer.from(a.source_id), Buffer.from(b.source_id))
}

/** All observations of one source within a period. */
export interface Period extends SourceLink { insight_id: number, span: Span }

/** The periods that have to be known to thin out these observations, each once. */
export function periodsToRead (due: readonly Observation[], now: Milliseconds, limits: HistoryLimits): Period[] {
  const periods = new Map<string, Period>()
  for (const observation of due) {
    const period = periodToKeepOneOf(observation, now, limits)
    if (period !== null) periods.set(periodKey(period), period)
  }
  return [...periods.values()]
}

/** What becomes of observations whose time has come. */
export interface Thinning {
  remove: Observation[]
  keep: Array<{ observation: Observation, nextStepAt: Timestamp }>
}

/**
 * Decides on `due`; `members` are all observations of the periods of `periodsToRead`, in any order. Pure, and the same
 * in whatever portions it is done: the one that stands for its week stands for its day and its hour as well.
 */
export function thinOut (
  due: readonly Observation[], members: readonly Observation[], now: Milliseconds, limits: HistoryLimits
): Thinning {
  const preferred = preferredOf(due, members, now, limits)
  const thinning: Thinning = { remove: [], keep: [] }
  for (const observation of due) {
    const instant = Date.parse(observation.at)
    const stage = stageOf(observation.platform, now - instant, limits)
    const period = periodToKeepOneOf(observation, now, limits)
    const rival = period === null ? undefined : preferred.get(periodKey(period))
    if (stage === null || (rival !== undefined && rival.at !== observation.at)) thinning.remove.push(observation)
    else thinning.keep.push({ observation, nextStepAt: toTimestamp(instant + stage.untilMs) })
  }
  return thinning
}

/** Which of the members stands for each period, by its key. */
function preferredOf (
  due: readonly Observation[], members: readonly Observation[], now: Milliseconds, limits: HistoryLimits
): Map<string, Observation> {
  const wanted = new Set(periodsToRead(due, now, limits).map(periodKey))
  const preferred = new Map<string, Observation>()
  for (const member of members) {
    for (const kind of PERIOD_KINDS) {
      const key = periodKey({ ...member, span: periodOf(Date.parse(member.at), kind) })
      if (!wanted.has(key)) continue
      const best = preferred.get(key)
      if (best === undefined || isPreferred(member, best)) preferred.set(key, member)
    }
  }
  return preferred
}

function periodToKeepOneOf (observation: Observation, now: Milliseconds, limits: HistoryLimits): Period | null {
  const instant = Date.parse(observation.at)
  const kept = stageOf(observation.platform, now - instant, limits)?.kept ?? 'all'
  if (kept === 'all') return null
  const { insight_id: insightId, platform, source_id: sourceId } = observation
  return { insight_id: insightId, platform, source_id: sourceId, span: periodOf(instant, kept) }
}

function periodKey ({ span, insight_id: insightId, ...source }: Period): string {
  return `${span.from}-${span.to}:${insightId}:${sourceKey(source)}`
}
