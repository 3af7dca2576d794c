import { createHash } from 'node:crypto'
import type { Milliseconds, Platform } from '@insights/shared'

const HOUR_MS = 3_600_000

/** Counts have their first value until here and grow from here on, so that the same clock shows the same counts. */
const GROWTH_START = Date.UTC(2026, 0, 1)

/** Decimal logarithms of the smallest and the largest first value: spread as widely as those of real artists. */
const SIZE: Record<Platform, readonly [number, number]> = {
  youtube: [2, 7.5],
  soundcloud: [1.5, 6.5],
  x: [1.5, 6],
  facebook: [2, 6],
  instagram: [2, 6.5]
}

/** Growth per day, least and most: slow enough that a tour looks calm, fast enough that a day shows on most counts. */
const GROWTH_PER_DAY = [0.0003, 0.003] as const

/** The counts of the documented example, which stand still. */
const FIXED: Record<string, number> = {
  'facebook:4546477': 4546,
  'x:gigpro': 4546,
  'instagram:gigpro': 4564,
  'youtube:l4WNrvVjiTw': 30,
  'soundcloud:230230230': 230
}

/** The count of an id that nobody set: the same for the same id and instant, and never lower at a later one.
 *  It changes on the full hour. */
export function countAt (platform: Platform, key: string, instant: Milliseconds): number {
  const fixed = FIXED[`${platform}:${key}`]
  if (fixed !== undefined) return fixed
  const [size, growth] = fractionsOf(`${platform}:${key}`)
  const [least, most] = SIZE[platform]
  const first = 10 ** (least + (most - least) * size)
  // In steps of an hour: someone who looks twice in a row, a test or a tour, sees the same number.
  const days = Math.max(0, Math.floor((instant - GROWTH_START) / HOUR_MS)) / 24
  return Math.floor(first * (1 + between(GROWTH_PER_DAY, growth) * days))
}

/** A number of 1 to 19 digits that belongs to the text, for platforms that give every account a numeric id. */
export function numericIdOf (text: string): string {
  return createHash('sha256').update(text).digest().readBigUInt64BE(0).toString().slice(0, 18)
}

function between ([least, most]: readonly [number, number], fraction: number): number {
  return least + (most - least) * fraction
}

/** Two independent fractions in [0, 1), always the same for the same text. */
function fractionsOf (text: string): [number, number] {
  const digest = createHash('sha256').update(text).digest()
  return [digest.readUIntBE(0, 6) / 2 ** 48, digest.readUIntBE(6, 6) / 2 ** 48]
}
