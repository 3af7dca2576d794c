import { InvalidArgumentError } from 'commander'
import { LATEST, MAX_TEXT_LENGTH, SCOPES, readInstant, toTimestamp, type Clock, type Scope, type Timestamp } from '@insights/shared'
import { BOOTSTRAP_TOKEN_NAME } from '@insights/storage'

const DAY_MS = 86_400_000

/** @throws {InvalidArgumentError} as the others here, with what would be right. */
export function parseName (text: string): string {
  if (text.trim() === '' || text.length > MAX_TEXT_LENGTH) throw new InvalidArgumentError(`A name has 1 to ${MAX_TEXT_LENGTH} characters.`)
  if (text === BOOTSTRAP_TOKEN_NAME) throw new InvalidArgumentError('That is the name of the token in BOOTSTRAP_TOKEN.')
  return text
}

/** Scopes separated by commas, each once. */
export function parseScopes (text: string): Scope[] {
  const names = new Set(text.split(',').map(name => name.trim()))
  const scopes = SCOPES.filter(scope => names.has(scope))
  if (scopes.length !== names.size) throw new InvalidArgumentError(`Scopes are ${SCOPES.join(', ')}, separated by commas.`)
  return scopes
}

/** A whole number of at least `minimum` and at most `maximum`. */
export function parseWhole (minimum: number, maximum: number): (text: string) => number {
  return text => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : -1
    if (value < minimum || value > maximum) throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`)
    return value
  }
}

/** A future time with its zone, e.g. `2027-01-01T00:00:00Z`. */
export function parseInstant (clock: Clock): (text: string) => Timestamp {
  return text => {
    const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? readInstant(text) : NaN
    if (!(instant > clock.now())) throw new InvalidArgumentError('It must be a time in the future, like 2027-01-01T00:00:00Z.')
    if (instant > LATEST) throw new InvalidArgumentError('It must be in the year 9999 in UTC at the latest; without it the token never expires.')
    return toTimestamp(instant)
  }
}

/** When a token is to expire; `undefined` = nothing was said. */
export function toExpiry (options: { expiresAt?: Timestamp, expiresInDays?: number }, clock: Clock): Timestamp | undefined {
  const { expiresAt, expiresInDays } = options
  return expiresInDays === undefined ? expiresAt : toTimestamp(clock.now() + expiresInDays * DAY_MS)
}
