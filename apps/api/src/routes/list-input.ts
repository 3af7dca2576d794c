import { clampInstant, readInstant, toTimestamp, type Platform, type SourceState } from '@insights/shared'
import type { ListFilter, ListKey, ListOrder } from '@insights/storage'
import { invalidRequest } from '../invalid-request.js'
import type { FilterInput, ListQueryInput } from './list-schemas.js'

/** @throws `INS_REQUEST_INVALID` when a time does not exist. */
export function toFilter (input: FilterInput): ListFilter {
  return {
    ...(input.min_score !== undefined && { minScore: input.min_score }),
    ...(input.max_score !== undefined && { maxScore: input.max_score }),
    ...(input.updated_since !== undefined && { updatedSince: toInstant(input.updated_since) }),
    ...(input.state !== undefined && { state: input.state }),
    ...(input.external_id !== undefined && { externalId: input.external_id }),
    ...(input.source_state !== undefined && { sourceStates: input.source_state.map(toSourceState) })
  }
}

export function toOrder (ordering: NonNullable<ListQueryInput['ordering']>): ListOrder {
  return { key: ordering.replace('-', '') as ListKey, isDescending: ordering.startsWith('-') }
}

function toInstant (text: string): string {
  const instant = readInstant(text)
  if (Number.isNaN(instant)) throw invalidRequest([{ pointer: '/updated_since', code: 'format', detail: 'must be a time that exists' }])
  return toTimestamp(clampInstant(instant))
}

function toSourceState (text: string): { platform: Platform, state: SourceState } {
  const [platform, state] = text.split(':') as [Platform, SourceState]
  return { platform, state }
}
