import { WORST_FIRST, type Platform, type SourceRecord, type Timestamp } from '@insights/shared'
import type { InsightDocument, RefreshState } from '@insights/storage'
import type { RefreshAnswer, SourceAnswer, WorksAnswer } from './refresh-schemas.js'

/** The refresh of an insight as clients see it. */
export function toRefreshAnswer ({ id, refresh, sources }: InsightDocument): RefreshAnswer {
  const on = (platform: Platform): SourceRecord[] => sources.filter(source => source.platform === platform)
  return {
    id,
    state: stateOf(refresh),
    asked_at: refresh.asked_at,
    done_at: refresh.done_at,
    next_due_at: refresh.due_at,
    sources: {
      youtube: toWorksAnswer(on('youtube')),
      soundcloud: toWorksAnswer(on('soundcloud')),
      x: summarise(on('x')),
      facebook: summarise(on('facebook')),
      instagram: summarise(on('instagram'))
    }
  }
}

function stateOf (refresh: RefreshState): RefreshAnswer['state'] {
  if (refresh.is_running) return 'running'
  return refresh.is_pending ? 'pending' : 'done'
}

function toWorksAnswer (records: readonly SourceRecord[]): WorksAnswer {
  return {
    ...summarise(records),
    works: records.map(record => ({ item_id: record.source_id, ...summarise([record]) }))
  }
}

/**
 * Several sources as one: the state that says the most about trouble, the sum of what is known, the age of the oldest
 * part of that sum, the next time that anything is fetched (`null`: as soon as possible), and the first error.
 */
function summarise (records: readonly SourceRecord[]): SourceAnswer {
  const counts = records.flatMap(record => record.count ?? [])
  const states = new Set(records.map(record => record.state))
  return {
    state: WORST_FIRST.find(state => states.has(state)) ?? 'not_provided',
    count: counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0),
    fetched_at: earliest(records.flatMap(record => record.fetched_at ?? [])),
    next_at: records.some(record => record.next_at === null) ? null : earliest(records.flatMap(record => record.next_at ?? [])),
    error: records.find(record => record.error !== null)?.error ?? null
  }
}

/** Timestamps of one form compare like the instants that they name. */
function earliest (timestamps: readonly Timestamp[]): Timestamp | null {
  return timestamps.reduce<Timestamp | null>((first, next) => first === null || next < first ? next : first, null)
}
