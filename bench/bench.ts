import type { Workbench } from './workbench.js'

/** How much each benchmark does. */
export interface Scale {
  firstStarts: number
  laterStarts: number
  /** How long the service is left alone before its memory is read, in milliseconds. */
  restMs: number
  /** Insights that are refreshed before its memory is read again. */
  refreshes: number
  httpRounds: number
  httpRoundSeconds: number
  storeRounds: number
  readsPerRound: number
  /** Posts whose way to a score is timed. */
  posts: number
  refreshRounds: number
  /** Insights of the backlog, and jobs of the queues that it is compared with. */
  backlog: number
  /** Insights that are sent, exported and listed at once. */
  lines: number
  scoreRounds: number
  scoreRoundSeconds: number
}

export const FULL: Scale = {
  firstStarts: 3,
  laterStarts: 5,
  restMs: 5_000,
  refreshes: 1_000,
  httpRounds: 5,
  httpRoundSeconds: 5,
  storeRounds: 20,
  readsPerRound: 250,
  posts: 100,
  refreshRounds: 3,
  backlog: 1_000,
  lines: 100_000,
  scoreRounds: 5,
  scoreRoundSeconds: 1
}

/** Shows that every benchmark works. Its figures mean nothing. */
export const QUICK: Scale = {
  firstStarts: 1,
  laterStarts: 1,
  restMs: 100,
  refreshes: 20,
  httpRounds: 1,
  httpRoundSeconds: 0.2,
  storeRounds: 1,
  readsPerRound: 50,
  posts: 5,
  refreshRounds: 1,
  backlog: 60,
  lines: 200,
  scoreRounds: 1,
  scoreRoundSeconds: 0.05
}

/** One line of the table. */
export interface Row {
  /** What was measured; unique in the table. */
  measure: string
  unit: string
  /** The median where it was measured more than once. */
  value: number
  /** The lowest and the highest, where it was measured in rounds. */
  range?: readonly [lowest: number, highest: number]
  /** What it is held against, in the same unit; the ratio is `value` over this one's. */
  reference?: { name: string, value: number }
}

export interface Bench {
  name: string
  run: (workbench: Workbench) => Promise<Row[]>
}
