import type { SourceObservation } from '../../src/history-port.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** What the rules keep of the observations of one source, said as plainly as possible and without their code. */
export function keptOf (all: readonly SourceObservation[], now: number): SourceObservation[] {
  const hourOf = (at: string): string => at.slice(0, 13)
  const dayOf = (at: string): string => at.slice(0, 10)
  const weekOf = (at: string): string => {
    const date = new Date(dayOf(at))
    const sinceMonday = (date.getUTCDay() + 6) % 7
    return dayOf(new Date(date.getTime() - sinceMonday * DAY).toISOString())
  }
  const standsFor = (one: SourceObservation, periodOf: (at: string) => string): boolean => {
    const group = all.filter(other => periodOf(other.at) === periodOf(one.at))
    const counted = group.filter(other => other.count !== null)
    const last = (counted.length > 0 ? counted : group).map(other => other.at).sort().at(-1)
    return one.at === last
  }
  return all.filter(one => {
    const age = now - Date.parse(one.at)
    if (one.platform === 'youtube' && age >= 28 * DAY) return false
    if (age < DAY) return true
    if (age < 30 * DAY) return standsFor(one, hourOf)
    if (age < 365 * DAY) return standsFor(one, dayOf)
    return age < 3650 * DAY && standsFor(one, weekOf)
  })
}
