import type { BucketStatus, Platform, PlatformStatus, Timestamp } from '@insights/shared'
import type { Instruments } from './instruments.js'
import type { PlatformFigures } from './port.js'

const CIRCUIT_STATES: ReadonlyArray<PlatformStatus['circuit']> = ['closed', 'open', 'half_open']

const CENTS_PER_DOLLAR = 100

/** Shows these figures and nothing of those before: a figure of the past would silence an alert. */
export function setPlatforms (instruments: Instruments, figures: PlatformFigures): void {
  const { platformUp, quotaUsed, quotaLimit, spendUsed, spendLimit, quotaReset, parked, parkedUntil, circuit, lastSuccess } = instruments
  for (const gauge of [platformUp, quotaUsed, quotaLimit, spendUsed, spendLimit, quotaReset, parked, parkedUntil, circuit, lastSuccess]) gauge.reset()
  for (const [platform, status] of Object.entries(figures) as Array<[Platform, PlatformStatus | null]>) {
    platformUp.set({ platform }, status === null ? 0 : 1)
    if (status !== null) setPlatform(instruments, platform, status)
  }
}

function setPlatform (instruments: Instruments, platform: Platform, status: PlatformStatus): void {
  const { parked, parkedUntil, circuit, lastSuccess } = instruments
  for (const bucket of status.buckets) setBucket(instruments, platform, bucket)
  parked.set({ platform }, status.parked === null ? 0 : 1)
  if (status.parked !== null) parkedUntil.set({ platform }, toSeconds(status.parked.until))
  for (const state of CIRCUIT_STATES) circuit.set({ platform, state }, state === status.circuit ? 1 : 0)
  if (status.last_success_at !== null) lastSuccess.set({ platform }, toSeconds(status.last_success_at))
}

function setBucket (
  { quotaUsed, quotaLimit, spendUsed, spendLimit, quotaReset }: Instruments, platform: Platform, { name, unit, used, limit, resets_at: resetsAt }: BucketStatus
): void {
  const labels = { platform, bucket: name }
  const [usedGauge, limitGauge, perUnit] = unit === 'cents' ? [spendUsed, spendLimit, CENTS_PER_DOLLAR] : [quotaUsed, quotaLimit, 1]
  usedGauge.set(labels, used / perUnit)
  if (limit !== null) limitGauge.set(labels, limit / perUnit)
  if (resetsAt !== null) quotaReset.set(labels, toSeconds(resetsAt))
}

function toSeconds (instant: Timestamp): number {
  return Date.parse(instant) / 1000
}
