import { AppError } from '@insights/shared'
import type { KeptAnswer, KeyedCall, KeyHold, KeyState } from './idempotency-port.js'

/** What is stored under a key. */
export interface KeyRecord {
  /** `null`: the insight was erased. */
  payload: string | null
  insight_id: number | null
  token_id: string | null
  tries: number
  answer: KeptAnswer | null
  is_erased: boolean
}

/** What a key that is not given to the caller says by itself; `null` = that depends on whether somebody holds it. */
export function toSettledState (record: KeyRecord, { payload }: KeyedCall): KeyState | null {
  if (record.is_erased) return { kind: 'erased' }
  if (record.payload !== payload) return { kind: 'other_payload' }
  return record.answer === null ? null : { kind: 'answered', answer: record.answer }
}

/** The key is the caller's. */
export function toHeldState ({ insight_id: insightId, tries }: KeyRecord, { key }: KeyedCall, holder: string): KeyState {
  return { kind: 'held', hold: { key, holder, insightId, isRepeat: tries > 1 } }
}

/** The id under which `create` makes its insight. */
export function reservedId ({ insightId }: KeyHold): number {
  if (insightId === null) throw new Error('No insight is made under this key')
  return insightId
}

/** For a repeat that comes after the insight has been erased. */
export function insightErased (): AppError {
  return new AppError('INS_IDEMPOTENCY_ERASED',
    'The insight that was made under this Idempotency-Key has been erased since: to make another one, send another key.')
}
