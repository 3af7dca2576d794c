import { Type, type TString } from '@sinclair/typebox'

/** The schema of a time as clients send it (RFC 3339); whether such a day exists is for the caller to see. */
export function instantSchema (description?: string): TString {
  return Type.String({
    pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$',
    title: 'a time like 2026-11-23T12:00:00Z',
    ...(description !== undefined && { description })
  })
}
