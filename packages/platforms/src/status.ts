/** What operators may know of the limits and the state of a platform. */
import { toTimestamp, type BucketStatus, type HoldStatus, type Milliseconds, type Platform, type PlatformStatus } from '@insights/shared'
import type { AccountState, Lane, Parking } from './account-state.js'
import { parkedFailure, type PlatformRules } from './admission.js'
import { resetOf, roomIn, usedIn, type Bucket } from './budget.js'
import type { Governor } from './governor.js'

/** Reads the state that all workers share. Rejects when it can not be reached. */
export async function readPlatformStatus (governor: Governor, platform: Platform): Promise<PlatformStatus> {
  const { state, now } = await governor.readState(platform)
  const rules = governor.rules[platform]
  const lane = state.lanes[platform]
  const parking = parkingOf(state, platform, rules)
  return {
    buckets: rules.buckets.map(bucket => toBucketStatus(bucket, state, now)),
    parked: parking === null ? null : toHold(parking),
    circuit: circuitOf(lane, now),
    last_success_at: lane?.lastSuccessAt == null ? null : toTimestamp(lane.lastSuccessAt),
    next_probe_at: nextProbeAt(parking, lane)
  }
}

/** What holds every call of the platform back; of buckets, only when each of them is parked. */
function parkingOf (state: AccountState, platform: Platform, { buckets }: PlatformRules): Parking | null {
  const whole = state.parked['account'] ?? state.parked[platform]
  if (whole !== undefined) return whole
  const each = buckets.map(({ name }) => state.parked[name])
  const soonest = each.reduce((first, next) => first === undefined || next === undefined || first.until <= next.until ? first : next, each[0])
  return each.every(parking => parking !== undefined) ? soonest ?? null : null
}

function toHold (parking: Parking): HoldStatus {
  const { code, detail } = parkedFailure(parking, parking.until)
  return { code, detail, until: toTimestamp(parking.until) }
}

function circuitOf (lane: Lane | undefined, now: Milliseconds): PlatformStatus['circuit'] {
  if (lane?.openUntil == null) return 'closed'
  return now < lane.openUntil ? 'open' : 'half_open'
}

function nextProbeAt (parking: Parking | null, lane: Lane | undefined): PlatformStatus['next_probe_at'] {
  const waits = [parking?.until, lane?.openUntil].flatMap(until => until ?? [])
  return waits.length === 0 ? null : toTimestamp(Math.max(...waits))
}

function toBucketStatus (bucket: Bucket, { usage }: AccountState, now: Milliseconds): BucketStatus {
  const used = usage[bucket.name] ?? []
  const left = (urgency: 'planned' | 'on_demand'): number | null => bucket.limit === null ? null : roomIn(bucket, used, urgency, now)
  const resetsAt = resetOf(bucket, used, now)
  return {
    name: bucket.name,
    unit: bucket.unit,
    limit: bucket.limit,
    used: usedIn(bucket, used, now),
    left: left('on_demand'),
    left_for_planned: left('planned'),
    resets_at: resetsAt === null ? null : toTimestamp(resetsAt)
  }
}
