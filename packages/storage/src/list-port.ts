import type { Platform, Score, SourceState, Timestamp } from '@insights/shared'
import type { InsightDocument } from './insight-document.js'

/** What a list can be ordered by. The id settles equal scores and times, so that every order is a total one. */
export const LIST_KEYS = ['id', 'insight_score', 'updated_at'] as const
export type ListKey = typeof LIST_KEYS[number]

export interface ListOrder {
  key: ListKey
  isDescending: boolean
}

/** How a refresh stands: a run in progress is `running`, whatever else is wanted. */
export const LIST_STATES = ['pending', 'running', 'done'] as const
export type ListState = typeof LIST_STATES[number]

/** What an insight must fulfil to be listed: all that is given. */
export interface ListFilter {
  /** 0 to 100. */
  minScore?: Score
  maxScore?: Score
  /** `updated_at` is then or later. */
  updatedSince?: Timestamp
  /** By the clock of the store. */
  state?: ListState
  externalId?: string
  /**
   * For each of them some account or work on that platform is in that state. `not_provided` means that none is named.
   */
  sourceStates?: ReadonlyArray<{ platform: Platform, state: SourceState }>
}

/** A place between two insights of an order. Only the adapter that gave it knows what `value` says. */
export interface ListPosition {
  value: string
  id: number
}

export interface ListQuery {
  order: ListOrder
  filter: ListFilter
  /** The most insights that are given, 1 to 1,000. */
  limit: number
  /** Reading begins beyond this place; `null` = at the end of the order at which it can begin. */
  from: ListPosition | null
  /** Whether it goes from there towards the beginning of the order. The page is in the order all the same. */
  isBackward: boolean
}

/** An insight as lists have it: without the breakdown, which is larger than all the rest. */
export type ListedInsight = Omit<InsightDocument, 'breakdown'>

export interface ListPage {
  /** In the order of the query. */
  insights: ListedInsight[]
  /** The place of the insight that was read first; `null` when the page is empty. */
  near: ListPosition | null
  /** Where to read on in the same direction; `null` = there is nothing more. */
  far: ListPosition | null
}

/**
 * One page looks at no more insights than this. A filter that next to nothing fulfils then costs many short questions
 * instead of one that takes seconds, and that on the embedded database everybody would have to wait for.
 */
export const MAX_EXAMINED = 5_000

/**
 * The part of `InsightStore` that reads many insights. What every adapter promises:
 *
 * 1. Pages that follow each other by `far`, in one direction, give each insight that fulfils the filter exactly once,
 *    in the order, as long as neither its place in the order nor whether it fulfils the filter changes in between.
 *    What is created, changed or removed meanwhile does not disturb the others.
 * 2. Reading backward from `near` of a page gives what comes before it, in the order of the query.
 * 3. A page has fewer insights than `limit`, or none, where the end is reached or `MAX_EXAMINED` insights were looked
 *    at; only `far` says whether there are more.
 * 4. Scores are compared as numbers, times to the last digit that the store keeps, ids as numbers.
 * 5. Without a filter, or with one on the key of the order, a page costs what it gives, not what is stored. So does
 *    `externalId`. Every other filter looks at each insight up to the end of the page.
 * 6. A damaged document is left out and named in the log; it never stops a list.
 * 7. `cursorSecret` gives the same random text in all processes of a store, made at the first call, for ever.
 */
export interface InsightLists {
  list: (query: ListQuery) => Promise<ListPage>
  cursorSecret: () => Promise<string>
}
