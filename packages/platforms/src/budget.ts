/** How much of a limit is used, and what is left of it: pure, in the time of whoever keeps the ledger. */
import type { Milliseconds } from '@insights/shared'
import { nextPacificMidnight } from './instants.js'

/** `planned`: the service asks by its own schedule; `on_demand`: somebody waits for it. */
export type Urgency = 'planned' | 'on_demand'

/** When a limit is whole again: all of it at a midnight, or each unit as long after its use. */
export type Period =
  | { kind: 'day', zone: 'utc' | 'pacific' }
  | { kind: 'rolling', lengthMs: Milliseconds }

export interface Bucket {
  name: string
  /** What is counted. `cents` of a dollar. */
  unit: 'units' | 'calls' | 'cents' | 'grants'
  /** The most in one period; `null` = it is only counted. */
  limit: number | null
  period: Period
  /** The share of the limit, 0 to 1, that planned work leaves to on-demand work. */
  reservedShare: number
}

/**
 * What was used, oldest first. `key` is the end of the day, or the beginning of a slot of a rolling period; `planned` is
 * the part of `used` that planned work has used.
 */
export type Usage = Array<[key: Milliseconds, used: number, planned: number]>

/**
 * Within this time before and after a midnight a call counts in both days: it may reach the platform later than it was
 * counted here, and the platform's clock need not agree with ours. Longer than the longest deadline of a call.
 */
const MIDNIGHT_MARGIN_MS: Milliseconds = 120_000

const DAY_MS: Milliseconds = 86_400_000

/** A rolling period is counted in so many slots, each of them in full until its last moment is out of the period. */
const SLOTS = 60

/** The same margin for rolling periods; small beside a quarter of an hour. */
const ROLLING_MARGIN_MS: Milliseconds = 60_000

/** The next midnight after `now`. */
export function nextMidnight (zone: 'utc' | 'pacific', now: Milliseconds): Milliseconds {
  return zone === 'pacific' ? nextPacificMidnight(now) : (Math.floor(now / DAY_MS) + 1) * DAY_MS
}

/**
 * When to ask again after the platform has said that the day is used up: the next midnight. Just after one it may still
 * speak of the day before, and the end of the margin is waited for instead of a whole day.
 */
export function endOfSpentDay (zone: 'utc' | 'pacific', now: Milliseconds): Milliseconds {
  const end = nextMidnight(zone, now - MIDNIGHT_MARGIN_MS)
  return end > now ? end : end + MIDNIGHT_MARGIN_MS
}

/** How many more units may be used now; `Infinity` without a limit, never negative. */
export function roomIn (bucket: Bucket, usage: Usage, urgency: Urgency, now: Milliseconds): number {
  if (bucket.limit === null) return Infinity
  const rooms = countedIn(bucket, usage, now).map(({ used, planned }) => roomBeside(bucket, used, planned, urgency))
  return Math.max(0, Math.min(...rooms))
}

/** When there will be room for `units`, or for all that the limit allows if that is less; `now` when there is. */
export function freeAt (bucket: Bucket, usage: Usage, units: number, urgency: Urgency, now: Milliseconds): Milliseconds {
  const { period } = bucket
  const isFree = (then: Milliseconds): boolean => {
    const all = roomIn(bucket, [], urgency, then)
    return roomIn(bucket, pruned(bucket, usage, then), urgency, then) >= Math.min(units, Math.max(1, all))
  }
  if (isFree(now)) return now
  const ends = period.kind === 'day'
    ? [nextMidnight(period.zone, now - MIDNIGHT_MARGIN_MS) + MIDNIGHT_MARGIN_MS, nextMidnight(period.zone, now + MIDNIGHT_MARGIN_MS) + MIDNIGHT_MARGIN_MS]
    : usage.map(([key]) => endOfSlot(period.lengthMs, key))
  return ends.find(end => end > now && isFree(end)) ?? (ends.at(-1) ?? now)
}

/** The usage with `units` more. */
export function addTo (bucket: Bucket, usage: Usage, units: number, urgency: Urgency, now: Milliseconds): Usage {
  const kept = pruned(bucket, usage, now)
  for (const key of keysOf(bucket.period, now)) {
    const entry = kept.find(([known]) => known === key)
    const planned = urgency === 'planned' ? units : 0
    if (entry === undefined) kept.push([key, units, planned])
    else {
      entry[1] += units
      entry[2] += planned
    }
  }
  return kept.sort(([a], [b]) => a - b)
}

/** What has been used in the period that `now` lies in. */
export function usedIn (bucket: Bucket, usage: Usage, now: Milliseconds): number {
  if (bucket.period.kind === 'rolling') return countedIn(bucket, usage, now)[0]?.used ?? 0
  const today = nextMidnight(bucket.period.zone, now)
  return usage.find(([key]) => key === today)?.[1] ?? 0
}

/** When the period of today's use ends; of a rolling one, when its oldest use falls out. `null` = nothing is used. */
export function resetOf (bucket: Bucket, usage: Usage, now: Milliseconds): Milliseconds | null {
  const { period } = bucket
  if (period.kind === 'day') return nextMidnight(period.zone, now)
  const oldest = pruned(bucket, usage, now)[0]
  return oldest === undefined ? null : endOfSlot(period.lengthMs, oldest[0])
}

function roomBeside ({ limit, reservedShare }: Bucket, used: number, planned: number, urgency: Urgency): number {
  const most = limit ?? Infinity
  const left = most - used
  return urgency === 'planned' ? Math.min(left, Math.floor(most * (1 - reservedShare)) - planned) : left
}

function countedIn (bucket: Bucket, usage: Usage, now: Milliseconds): Array<{ used: number, planned: number }> {
  const { period } = bucket
  if (period.kind === 'day') {
    return keysOf(period, now).map(key => {
      const [, used = 0, planned = 0] = usage.find(([known]) => known === key) ?? []
      return { used, planned }
    })
  }
  const kept = pruned(bucket, usage, now)
  return [{ used: sum(kept.map(entry => entry[1])), planned: sum(kept.map(entry => entry[2])) }]
}

function keysOf (period: Period, now: Milliseconds): Milliseconds[] {
  if (period.kind === 'rolling') {
    const slotMs = period.lengthMs / SLOTS
    return [Math.floor(now / slotMs) * slotMs]
  }
  const { zone } = period
  return [...new Set([nextMidnight(zone, now - MIDNIGHT_MARGIN_MS), nextMidnight(zone, now + MIDNIGHT_MARGIN_MS)])]
}

/** Without what no longer counts, and what can not be from here: a clock that was set back leaves the future behind. */
function pruned ({ period }: Bucket, usage: Usage, now: Milliseconds): Usage {
  const counts = (key: Milliseconds): boolean => period.kind === 'day'
    ? key > now - MIDNIGHT_MARGIN_MS && key <= now + 2 * DAY_MS
    : endOfSlot(period.lengthMs, key) > now && key <= now + period.lengthMs
  return usage.filter(([key]) => counts(key)).map(entry => [...entry])
}

function endOfSlot (lengthMs: Milliseconds, key: Milliseconds): Milliseconds {
  return key + lengthMs / SLOTS + lengthMs + Math.min(ROLLING_MARGIN_MS, lengthMs / SLOTS)
}

function sum (numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
