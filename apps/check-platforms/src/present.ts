import type { Platform } from '@insights/shared'
import type { Cost, PlatformCheck } from './checks.js'

const NAMES: Record<Platform, string> = {
  youtube: 'YouTube', soundcloud: 'SoundCloud', x: 'X', facebook: 'Facebook', instagram: 'Instagram'
}

const WIDTH = 11

/** One line for people. */
export function toLine ({ platform, state, detail, variables, cost }: PlatformCheck): string {
  const name = NAMES[platform].padEnd(WIDTH)
  if (state === 'not_configured') return `${name} not configured: set ${variables.join(' and ')}.\n`
  const remedy = variables.length === 0 ? '' : ` Look at ${variables.join(', ')}.`
  const said = detail === '' ? '' : `: ${detail.replace(/\.$/, '')}`
  return `${name} ${state}${said}.${remedy} Cost: ${costText(cost)}.\n`
}

/** One document for programs; amounts are numbers, in the platform's own coin. */
export function toJson (checks: readonly PlatformCheck[], { isGood, isCounted }: { isGood: boolean, isCounted: boolean }): string {
  const results = checks.map(({ cost: { amount, unit, isAtMost }, ...check }) => ({ ...check, cost: { amount, unit, is_at_most: isAtMost } }))
  return `${JSON.stringify({ is_good: isGood, is_counted: isCounted, results }, null, 2)}\n`
}

function costText ({ amount, unit, isAtMost }: Cost): string {
  if (amount === 0) return 'nothing'
  const coin = amount === 1 ? unit.replace(/s$/, '') : unit
  return `${isAtMost ? 'at most ' : ''}${amount} ${coin}`
}
