/** The limits that the service keeps at each platform, below what the platforms publish. */
import type { Milliseconds, Platform } from '@insights/shared'
import type { PlatformRules } from './admission.js'
import type { Bucket } from './budget.js'

/** What an operator can set. `null` = counted, and not limited. */
export interface PlatformLimits {
  youtube: { unitsPerDay: number | null }
  /** `callsPerSecond`: 0 = as fast as it goes. */
  soundcloud: { callsPerSecond: number, grantsPer12Hours: number | null, grantsPerHour: number | null }
  x: { callsPer15Minutes: number | null, centsPerDay: number | null }
  /** Of the app: where it is one for both, both have the same limit and share it. */
  facebook: { callsPerHour: number | null }
  instagram: { callsPerHour: number | null }
}

/** Nothing but the tokens of SoundCloud is limited: it gives out 50 in 12 hours, whoever asks. Everything else is only counted. */
export const NO_LIMITS: PlatformLimits = {
  youtube: { unitsPerDay: null },
  soundcloud: { callsPerSecond: 0, grantsPer12Hours: 40, grantsPerHour: 25 },
  x: { callsPer15Minutes: null, centsPerDay: null },
  facebook: { callsPerHour: null },
  instagram: { callsPerHour: null }
}

const HOUR: Milliseconds = 3_600_000

/** A fifth of each limit is kept for what somebody waits for. */
const RESERVED = 0.2

export function rulesOf (limits: PlatformLimits): Record<Platform, PlatformRules> {
  const { soundcloud, x, youtube } = limits
  return {
    youtube: {
      name: 'YouTube',
      paceMs: 0,
      // batchGetStats has a quota of its own, and all other methods share one.
      buckets: ['stats', 'videos'].map(name => ({
        name, unit: 'units', limit: youtube.unitsPerDay, period: { kind: 'day', zone: 'pacific' }, reservedShare: RESERVED
      }))
    },
    soundcloud: {
      name: 'SoundCloud',
      paceMs: soundcloud.callsPerSecond === 0 ? 0 : 1000 / soundcloud.callsPerSecond,
      buckets: [
        rolling('calls', 'calls', null, HOUR, 0),
        rolling('grants', 'grants', soundcloud.grantsPer12Hours, 12 * HOUR, 0),
        rolling('grants_per_hour', 'grants', soundcloud.grantsPerHour, HOUR, 0)
      ]
    },
    x: {
      name: 'X',
      paceMs: 0,
      buckets: [
        rolling('calls', 'calls', x.callsPer15Minutes, HOUR / 4, RESERVED),
        { name: 'spend', unit: 'cents', limit: x.centsPerDay, period: { kind: 'day', zone: 'utc' }, reservedShare: RESERVED }
      ]
    },
    facebook: { name: 'Facebook', paceMs: 0, buckets: [rolling('calls', 'calls', limits.facebook.callsPerHour, HOUR, RESERVED)] },
    instagram: { name: 'Instagram', paceMs: 0, buckets: [rolling('calls', 'calls', limits.instagram.callsPerHour, HOUR, RESERVED)] }
  }
}

function rolling (
  name: string, unit: Bucket['unit'], limit: number | null, lengthMs: Milliseconds, reservedShare: number
): Bucket {
  return { name, unit, limit, period: { kind: 'rolling', lengthMs }, reservedShare }
}
