interface BucketExample { name: string, unit: string, limit: number | null, used: number, left: number | null, left_for_planned: number | null, resets_at: string }

const bucket = (name: string, unit: string, used: number, resetsAt: string, limit: number | null = null): BucketExample => {
  const left = limit === null ? null : limit - used
  return { name, unit, limit, used, left, left_for_planned: left, resets_at: resetsAt }
}

const platform = (...buckets: BucketExample[]): object => ({
  mode: 'sandbox', buckets, parked: null, circuit: 'closed', last_success_at: '2026-11-23T16:44:20.912Z', next_probe_at: null
})

const IN_AN_HOUR = '2026-11-23T17:45:00.000Z'
const AT_MIDNIGHT_PACIFIC = '2026-11-24T08:00:00.000Z'

/** After one refresh of an artist who is on every platform. */
export const PLATFORMS_IN_THE_SANDBOX = {
  platforms: {
    youtube: platform(bucket('stats', 'units', 1, AT_MIDNIGHT_PACIFIC), bucket('videos', 'units', 0, AT_MIDNIGHT_PACIFIC)),
    soundcloud: platform(
      bucket('calls', 'calls', 1, IN_AN_HOUR), bucket('grants', 'grants', 1, '2026-11-24T04:44:00.000Z', 40), bucket('grants_per_hour', 'grants', 1, IN_AN_HOUR, 25)
    ),
    x: platform(bucket('calls', 'calls', 1, '2026-11-23T16:59:20.000Z'), bucket('spend', 'cents', 1, '2026-11-24T00:00:00.000Z')),
    facebook: platform(bucket('calls', 'calls', 2, IN_AN_HOUR)),
    instagram: platform(bucket('calls', 'calls', 2, IN_AN_HOUR))
  }
}
