import type { Milliseconds } from '@insights/shared'
import type { Call } from './deadline.js'
import type { CallFailure, CountOutcome } from './port.js'

export interface Reservation {
  /** Units by bucket; they are taken for every try. */
  charge: Readonly<Record<string, number>>
  /** The bucket of which less than asked for is welcome: what was given is `granted`. */
  divisible?: string
  /** Its ids were in a request of the same call that was sent: refused, they have been asked for all the same. `false`. */
  isFurther?: boolean
  /** Goes through while the platform is parked or failing, in any pace: for a token. */
  ignoresHolds?: boolean
}

/** Leave for one request. */
export interface Pass {
  /** The units of the divisible bucket; otherwise 1. */
  readonly granted: number
  /** Before each try, the first being 1. Throws `CallError` when it must not be made; nothing is sent then. */
  beforeTry: (tried: number) => Promise<void>
  /** After each try that tells how the platform fares; `isAlive`: it has answered, whatever it says. Never rejects. */
  afterTry: (isAlive: boolean) => Promise<void>
}

/** Through which all requests to one platform go. */
export interface Gate {
  /** Waits for its turn and takes what the request costs. Throws `CallError` when it must not be made. */
  reserve: (reservation: Reservation, call: Call) => Promise<Pass>
  /** What became of the call: a refusal holds the others back, a success ends that. Gives the outcomes, those that were
   *  refused without a time with the one that they are held back until. Never rejects. */
  settle: (call: Call, outcomes: CountOutcome[]) => Promise<CountOutcome[]>
  /** Holds one bucket back, and leaves the others to go on. Never rejects. */
  parkBucket: (bucket: string, failure: CallFailure, call: Call) => Promise<void>
  /** The platform's own report of how much of the account's limit is used. Never rejects. */
  report: (percent: number, call: Call) => Promise<void>
  /** The time that limits go by. */
  now: () => Milliseconds
}

/** Lets everything through and counts nothing: for a client that is tried out alone. */
export function createOpenGate (now: () => Milliseconds): Gate {
  const nothing = async (): Promise<void> => {}
  return {
    reserve: async ({ charge, divisible }) => ({
      granted: divisible === undefined ? 1 : charge[divisible] ?? 1, beforeTry: nothing, afterTry: nothing
    }),
    settle: async (_call, outcomes) => outcomes,
    parkBucket: nothing,
    report: nothing,
    now
  }
}
