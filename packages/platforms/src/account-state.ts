/** What all workers know together of one account at a platform, and how it is written down. */
import { Type, type Static } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { Platform } from '@insights/shared'
import { parse } from 'secure-json-parse'

const Instant = Type.Number()

/** The one call that may try whether things are well again. */
const ProbeSchema = Type.Union([Type.Null(), Type.Object({ call: Type.String(), until: Instant })])

/** Nothing is asked before `until`; then one call tries, and its success ends it. */
const ParkingSchema = Type.Object({
  since: Instant,
  until: Instant,
  /** How often in a row. */
  strikes: Type.Integer({ minimum: 1 }),
  reason: Type.Union([Type.Literal('throttled'), Type.Literal('quota'), Type.Literal('auth')]),
  detail: Type.String(),
  /** Whose credentials were refused: others are not held back. */
  credential: Type.String(),
  probe: ProbeSchema
})
export type Parking = Static<typeof ParkingSchema>

/** How one platform fares. */
const LaneSchema = Type.Object({
  /** Failed tries in a row. */
  failures: Type.Integer({ minimum: 0 }),
  /** How often in a row the circuit has opened. */
  openings: Type.Integer({ minimum: 0 }),
  /** The circuit is open until then, and then half open; `null` = closed. */
  openUntil: Type.Union([Type.Null(), Instant]),
  probe: ProbeSchema,
  /** Repeats that may still be made, in hundredths. */
  repeatCredit: Type.Number(),
  lastSuccessAt: Type.Union([Type.Null(), Instant])
})
export type Lane = Static<typeof LaneSchema>

const AccountStateSchema = Type.Object({
  /** By bucket: see `Usage`. */
  usage: Type.Record(Type.String(), Type.Array(Type.Tuple([Instant, Type.Number(), Type.Number()]))),
  /** The next call may be sent then. */
  nextSendAt: Instant,
  /** What the platform itself says of the use of the account, in per cent. */
  reported: Type.Union([Type.Null(), Type.Object({ percent: Type.Number(), at: Instant })]),
  /** By scope: `account`, a platform or a bucket. */
  parked: Type.Record(Type.String(), ParkingSchema),
  /** By platform. */
  lanes: Type.Record(Type.String(), LaneSchema)
})
export type AccountState = Static<typeof AccountStateSchema>

const checker = TypeCompiler.Compile(AccountStateSchema)

export const FULL_REPEAT_CREDIT = 1000

export function emptyState (): AccountState {
  return { usage: {}, nextSendAt: 0, reported: null, parked: {}, lanes: {} }
}

/** Throws for what is no state: without it nothing may be sent. */
export function parseState (text: string | null): AccountState {
  if (text === null) return emptyState()
  const value = parse(text) as unknown
  if (!checker.Check(value)) throw new Error('The shared state of a platform can not be read')
  return value
}

/** The lane of a platform, made when it is missing. */
export function laneOf (state: AccountState, platform: Platform): Lane {
  const lane = state.lanes[platform] ?? {
    failures: 0, openings: 0, openUntil: null, probe: null, repeatCredit: FULL_REPEAT_CREDIT, lastSuccessAt: null
  }
  state.lanes[platform] = lane
  return lane
}
