const NOT_PROVIDED = { state: 'not_provided', count: null, fetched_at: null, next_at: null, error: null }

const fetched = (count: number): object =>
  ({ state: 'ok', count, fetched_at: '2026-11-23T16:44:20.912Z', next_at: '2026-11-24T17:45:56.228Z', error: null })

export const DONE_REFRESH = {
  id: 1,
  state: 'done',
  asked_at: '2026-11-23T16:44:20.100Z',
  done_at: '2026-11-23T16:44:20.930Z',
  next_due_at: '2026-11-23T22:40:11.505Z',
  sources: {
    youtube: { ...fetched(30), works: [{ item_id: 'l4WNrvVjiTw', ...fetched(30) }] },
    soundcloud: { ...fetched(230), works: [{ item_id: '230230230', ...fetched(230) }] },
    x: fetched(4546),
    facebook: fetched(4546),
    instagram: fetched(4564)
  }
}

/** Of an insight without works and accounts, which has nothing to fetch. */
export const ASKED_REFRESH = {
  id: 2,
  state: 'pending',
  asked_at: '2026-11-23T16:44:20.100Z',
  done_at: '2026-11-23T16:44:12.422Z',
  next_due_at: '2026-11-23T16:44:20.100Z',
  sources: {
    youtube: { ...NOT_PROVIDED, works: [] },
    soundcloud: { ...NOT_PROVIDED, works: [] },
    x: NOT_PROVIDED,
    facebook: NOT_PROVIDED,
    instagram: NOT_PROVIDED
  }
}
